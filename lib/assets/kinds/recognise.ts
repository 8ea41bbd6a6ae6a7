import { TaskError } from '../../agent/errors';
import type { YamlReader } from '../../agent/yaml';
import { closest } from '../../agent/suggestion';
import { snake } from '../shape/scalars';
import { knownTo, type Scope } from '../shape/shape';
import type { Kind } from './kind';

/**
 * The kind of a file, of those that may be meant: as its `$schema` says unless its `type` says another, else its `type`,
 * else the keys that only one kind has.
 *
 * @param otherwise of a file that says nothing of it
 * @throws TaskError at the place that names no kind
 */
export function kindOf(reader: YamlReader, scope: Scope, kinds: readonly Kind[], otherwise?: Kind): Kind {
  reader.object();
  const schema = reader.optional('$schema')?.plain();
  const named = typeof schema === 'string' ? bySchema(schema, kinds) : undefined;
  if (named && isOfOther(named, reader, kinds)) return kindOfContent(reader, scope, kinds, otherwise);
  return named ?? kindOfContent(reader, scope, kinds, otherwise);
}

/** Does `type` say another kind than `$schema`? The clients do not look at the schema. */
function isOfOther({ signs }: Kind, reader: YamlReader, kinds: readonly Kind[]): boolean {
  const spellings = spellingsOf(reader.optional('type'));
  const saysOf = (types: readonly string[] = []): boolean => spellings.some((one) => types.includes(one));
  return signs.type !== undefined && !saysOf(signs.type) && kinds.some((one) => saysOf(one.signs.type));
}

function spellingsOf(type: YamlReader | undefined): readonly string[] {
  const value = type?.plain();
  return typeof value === 'string' ? [value.toLowerCase(), snake(value)] : [];
}

/** As `kindOf`, whatever `$schema` says. */
export function kindOfContent(reader: YamlReader, scope: Scope, kinds: readonly Kind[], otherwise?: Kind): Kind {
  const type = reader.optional('type');
  const found = byType(reader, scope, kinds) ?? byKeys(reader, scope, kinds) ?? (type ? undefined : otherwise);
  if (found) return found;
  const near =
    type &&
    closest(
      String(type.plain()),
      kinds.flatMap(({ signs }) => signs.type ?? []),
    );
  throw (type ?? reader).error(
    type
      ? `type is ${JSON.stringify(type.plain())}, which is no kind of file that may stand here`
      : 'the file is of no kind that may stand here',
    near
      ? `Did you mean "${near}"?`
      : `Say it by $schema, or by type. Kinds: ${kinds.map(({ name }) => name).join(', ')}.`,
  );
}

/** The last part of the address decides: the schemas are served under several. */
function bySchema(schema: string, kinds: readonly Kind[]): Kind | undefined {
  const file = schema.split('/').at(-1)?.toLowerCase();
  return kinds.find(({ schemas }) => schemas.some((name) => name.toLowerCase() === file));
}

function byType(reader: YamlReader, scope: Scope, kinds: readonly Kind[]): Kind | undefined {
  const spellings = spellingsOf(reader.optional('type'));
  return nearest(
    kinds.filter(({ signs }) => spellings.some((one) => signs.type?.includes(one))),
    reader,
    scope,
  );
}

/** A key without a value is a sign too: it is of that kind that the value is missing. */
function byKeys(reader: YamlReader, scope: Scope, kinds: readonly Kind[]): Kind | undefined {
  const given = reader.entries().map(([key]) => key);
  return nearest(
    kinds.filter(({ signs }) => signs.keys?.some((key) => given.includes(key))),
    reader,
    scope,
  );
}

/**
 * The kind that the file fits: the fewest keys that it does not know, then the most that are signs of it. Where that leaves
 * several (a command, as a job and as a component), the first that can read the file.
 */
function nearest(candidates: readonly Kind[], reader: YamlReader, scope: Scope): Kind | undefined {
  const given = reader.entries().map(([key]) => key);
  const strange = (one: Kind): number => {
    const known = knownTo(one.shape);
    return given.filter((key) => !known.includes(key)).length;
  };
  const signs = (one: Kind): number => given.filter((key) => one.signs.keys?.includes(key)).length;
  const best = leastOf(leastOf(candidates, strange), (one) => -signs(one));
  return (best.length > 1 ? best.find((one) => canRead(one, reader, scope)) : undefined) ?? best[0];
}

function leastOf<T>(items: readonly T[], measure: (item: T) => number): T[] {
  const least = Math.min(...items.map(measure));
  return items.filter((item) => measure(item) === least);
}

function canRead({ shape }: Kind, reader: YamlReader, scope: Scope): boolean {
  try {
    shape.read(reader, scope);
    return true;
  } catch (error) {
    if (error instanceof TaskError) return false;
    throw error;
  }
}
