import type { YamlReader } from '../../lib/agent/yaml';

/** An ECMA-262 pattern: it matches when it is found anywhere, as in JSON Schema; with Unicode where it is valid so. */
export function readPattern(reader: YamlReader): RegExp {
  const source = reader.asString();
  for (const flags of ['u', '']) {
    try {
      return new RegExp(source, flags);
    } catch {
      // A pattern such as "\-" is valid without the flag only.
    }
  }
  throw reader.error(`${source} is not a regular expression (ECMA-262)`);
}
