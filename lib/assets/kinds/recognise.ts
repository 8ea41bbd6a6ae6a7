import type { YamlReader } from '../../agent/yaml';
import { closest } from '../../agent/suggestion';
import { kinds } from './all';
import type { Kind } from './kind';

/**
 * The kind of a file: as its `$schema` says, else its `type`, else the keys that only one kind has.
 *
 * @throws TaskError at the place that names no kind
 */
export function kindOf(reader: YamlReader): Kind {
  reader.object();
  const schema = reader.optional('$schema')?.plain();
  const named = typeof schema === 'string' ? bySchema(schema) : undefined;
  const found = named ?? byType(reader) ?? byKeys(reader);
  if (found) return found;
  const type = reader.optional('type');
  const near =
    type &&
    closest(
      String(type.plain()),
      kinds.flatMap(({ signs }) => signs.type ?? []),
    );
  throw (type ?? reader).error(
    type
      ? `type is ${JSON.stringify(type.plain())}, which is no kind of Azure ML file`
      : 'the file is of no kind that is known',
    near
      ? `Did you mean "${near}"?`
      : `Give it the $schema of its kind, for example https://azuremlschemas.azureedge.net/latest/${kinds[0]?.schemas[0] ?? ''}`,
  );
}

/** The last part of the address decides: the schemas are served under several. */
function bySchema(schema: string): Kind | undefined {
  const file = schema.split('/').at(-1)?.toLowerCase();
  return kinds.find(({ schemas }) => schemas.some((name) => name.toLowerCase() === file));
}

function byType(reader: YamlReader): Kind | undefined {
  const type = reader.optional('type')?.plain();
  const same = kinds.filter(({ signs }) => typeof type === 'string' && signs.type?.includes(type.toLowerCase()));
  return same.length > 1 ? mostKeys(same, reader) : same[0];
}

function byKeys(reader: YamlReader): Kind | undefined {
  return mostKeys(
    kinds.filter(({ signs }) => signs.keys?.some((key) => reader.has(key))),
    reader,
  );
}

/** Kinds that share a type are told apart by the keys that the file has. */
function mostKeys(candidates: readonly Kind[], reader: YamlReader): Kind | undefined {
  const count = ({ signs }: Kind): number => (signs.keys ?? []).filter((key) => reader.has(key)).length;
  return [...candidates].sort((a, b) => count(b) - count(a))[0];
}
