import { deferred, type JsonSchema } from '../lib/assets/shape/shape';

type Schema = Record<string, unknown>;

/** Smaller schemas are as readable where they are used. */
const smallestDefinition = 160;

/**
 * A schema as one document: what stands for a schema that contains itself, and whatever occurs more than once, becomes a
 * definition (`$defs`) with a reference to it.
 */
export function schemaDocument(schema: JsonSchema): Schema {
  const { root, definitions } = withReferences(schema);
  const counts = new Map<string, number>();
  for (const one of [root, ...definitions.values()]) count(one, counts);
  const sharing = new Sharing(counts, new Set(definitions.keys()));
  const main = sharing.inside(root);
  for (const [name, one] of definitions) sharing.definitions.set(name, sharing.inside(one));
  if (sharing.definitions.size === 0) return main;
  const names = [...sharing.definitions.keys()].sort();
  return { ...main, $defs: Object.fromEntries(names.map((name) => [name, sharing.definitions.get(name)])) };
}

interface Parts {
  root: Schema;
  definitions: Map<string, Schema>;
}

/** Writes deferred schemas once each, in the order in which they are met. */
function withReferences(schema: JsonSchema): Parts {
  const names = new Map<unknown, string>();
  const waiting: [string, () => JsonSchema][] = [];
  const write = (one: JsonSchema): Schema => {
    const thunk = one[deferred];
    const plain = tolerant(mapParts({ ...one }, write));
    if (typeof thunk !== 'function') return plain;
    let name = names.get(thunk);
    if (name === undefined) {
      name = `recursive${names.size + 1}`;
      names.set(thunk, name);
      waiting.push([name, thunk as () => JsonSchema]);
    }
    return { ...plain, $ref: reference(name) };
  };
  const root = write(schema);
  const definitions = new Map<string, Schema>();
  for (let next = waiting.shift(); next; next = waiting.shift()) definitions.set(next[0], write(next[1]()));
  return merged({ root, definitions });
}

const reference = (name: string): string => `#/$defs/${name}`;

/**
 * Definitions that say the same become one. They may contain each other: all count as the same to begin with, and those that
 * read differently are told apart until no more are.
 */
function merged({ root, definitions }: Parts): Parts {
  let alike = new Map([...definitions.keys()].map((name) => [name, '']));
  for (let before = -1; before !== new Set(alike.values()).size;) {
    before = new Set(alike.values()).size;
    const firsts = new Map<string, string>();
    const next = new Map<string, string>();
    for (const [name, one] of definitions) {
      const text = JSON.stringify(renamed(one, alike));
      firsts.set(text, firsts.get(text) ?? name);
      next.set(name, firsts.get(text) ?? name);
    }
    alike = next;
  }
  const kept = [...definitions].filter(([name]) => alike.get(name) === name);
  return {
    root: renamed(root, alike),
    definitions: new Map(kept.map(([name, one]) => [name, renamed(one, alike)])),
  };
}

function renamed(schema: Schema, names: ReadonlyMap<string, string>): Schema {
  const { $ref: target } = schema;
  const parts = mapParts(schema, (part) => renamed(part, names));
  if (typeof target !== 'string') return parts;
  return { ...parts, $ref: reference(names.get(target.slice(reference('').length)) ?? '') };
}

/** Words are known whatever their case; editors offer them as they are listed. */
function tolerant({ enum: words, ...rest }: Schema): Schema {
  if (!Array.isArray(words)) return rest;
  const patterns = words.map((word) =>
    String(word).replace(/[^]/g, (letter) => (letter === '_' ? '[-_]?' : anyCase(letter))),
  );
  return { ...rest, anyOf: [{ enum: words }, { pattern: `^(?:${patterns.join('|')})$` }] };
}

function anyCase(letter: string): string {
  const [upper, lower] = [letter.toUpperCase(), letter.toLowerCase()];
  if (upper !== lower) return `[${upper}${lower}]`;
  return /[\w\s,/:-]/.test(letter) ? letter : `\\${letter}`;
}

/** Changes the schemas that a schema directly consists of. */
function mapParts(schema: Schema, change: (part: Schema, name: string) => Schema): Schema {
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => {
      if (key === 'properties') {
        return [
          key,
          Object.fromEntries(Object.entries(value as Schema).map(([name, one]) => [name, change(one as Schema, name)])),
        ];
      }
      if (['anyOf', 'allOf', 'oneOf'].includes(key)) return [key, (value as Schema[]).map((one) => change(one, ''))];
      const isSchema = ['items', 'additionalProperties', 'propertyNames'].includes(key) && typeof value === 'object';
      return [key, isSchema ? change(value as Schema, '') : value];
    }),
  );
}

/** How often each schema is used, where a schema that is used twice counts its own parts once. */
function count(schema: Schema, counts: Map<string, number>): void {
  const text = JSON.stringify(schema);
  const before = counts.get(text) ?? 0;
  counts.set(text, before + 1);
  if (before > 0) return;
  mapParts(schema, (part) => {
    count(part, counts);
    return part;
  });
}

class Sharing {
  readonly definitions = new Map<string, Schema>();
  private readonly names = new Map<string, string>();

  constructor(
    private readonly counts: ReadonlyMap<string, number>,
    private readonly taken: Set<string>,
  ) {}

  /** The schema, with references for those of its parts that are shared. */
  inside(schema: Schema, name = ''): Schema {
    return mapParts(schema, (part, key) => this.shared(part, key || name));
  }

  private shared(schema: Schema, name: string): Schema {
    const text = JSON.stringify(schema);
    if (text.length < smallestDefinition || (this.counts.get(text) ?? 0) < 2) return this.inside(schema, name);
    let known = this.names.get(text);
    if (known === undefined) {
      known = this.freeName(name || 'shared');
      this.names.set(text, known);
      this.definitions.set(known, this.inside(schema, name));
    }
    return { $ref: reference(known) };
  }

  private freeName(wanted: string): string {
    const base = wanted.replace(/[^A-Za-z0-9_]/g, '');
    let name = base;
    for (let number = 2; this.taken.has(name); number++) name = `${base}${number}`;
    this.taken.add(name);
    return name;
  }
}
