import { TaskError } from '../../agent/errors';
import type { YamlReader } from '../../agent/yaml';
import { pythonJson } from '../python-json';
import { gather } from './gather';
import { pythonText, scalar, snake, text } from './scalars';
import { knownTo, mismatch, nullable, refine, type Shape } from './shape';

export function list<T>(item: Shape<T>): Shape<T[]> {
  return {
    read: (at, scope) => gather(at.asList().map((one) => () => item.read(one, scope))),
    schema: () => ({ type: 'array', items: item.schema() }),
  };
}

/** Most maps have keys of text: what YAML takes for a number, a boolean, a date or nothing is another key than was meant. */
function textKey(key: YamlReader, at: YamlReader): string {
  const name = key.plain();
  if (typeof name !== 'string') throw notText(key, at);
  return name;
}

function notText(key: YamlReader, at: YamlReader): TaskError {
  return key.error(`the key of ${at.path} must be text`, 'Put the key in quotes.');
}

/** A map with keys of the writer's own. `checkKey` may refuse a name, at the key's place. */
export function mapOf<T>(
  item: Shape<T>,
  checkKey?: (key: string, value: YamlReader) => void,
  keyOf: (key: YamlReader, at: YamlReader) => string = textKey,
): Shape<Record<string, T>> {
  return {
    read: (at, scope) => {
      const entries = at.entries().map(([name, value]) => (): [string, T] => {
        const key = (value.key && keyOf(value.key, value)) ?? name;
        checkKey?.(key, value);
        if (value.isNull && item.nullable !== true) throw value.error(`${value.path} has no value`, undefined, true);
        return [key, item.read(value, scope)];
      });
      return Object.fromEntries(gather(entries));
    },
    schema: () => ({ type: 'object', additionalProperties: item.schema() }),
  };
}

/** A map of which only what has a value counts. */
export function valuesOf<T>(item: Shape<T>, keyOf?: Parameters<typeof mapOf>[2]): Shape<Record<string, T>> {
  return refine(mapOf(nullable(item), undefined, keyOf), (map) =>
    Object.fromEntries(Object.entries(map).filter((entry): entry is [string, T & {}] => entry[1] != null)),
  );
}

/** A map without members says nothing. */
export function unlessBare<T extends object>(inner: Shape<T>): Shape<T | undefined> {
  return refine(inner, (map) => (Object.keys(map).length > 0 ? map : undefined));
}

/** Tags and the like where the clients ask for text. */
export const textMap: Shape<Record<string, string>> = valuesOf(text);

/** Tags and the like where the clients take any value: numbers and booleans become text as Python prints them. */
export const pythonTextMap: Shape<Record<string, string>> = valuesOf(pythonText);

/** A key of maps that the clients do not look into goes out as Python's JSON spells it; a date cannot. */
export function anyKey(key: YamlReader, at: YamlReader): string {
  if (!key.isNull && typeof key.plain() === 'object') throw notText(key, at);
  const value = key.isNull ? null : scalar(key);
  return typeof value === 'string' ? value : pythonJson(value);
}

/** Environment variables and the like, where keys need not be text either. */
export const looseTextMap: Shape<Record<string, string>> = valuesOf(pythonText, anyKey);

/** A form of a union: when it is meant, and how it is read. */
export interface Form<T> {
  when: (at: YamlReader) => boolean;
  shape: Shape<T>;
}

export const isText = (at: YamlReader): boolean => !at.isMap && !at.isList && typeof at.plain() === 'string';
export const isMap = (at: YamlReader): boolean => at.isMap;
export const isList = (at: YamlReader): boolean => at.isList;
export const isScalar = (at: YamlReader): boolean => !at.isMap && !at.isList;

/** The first form that is meant decides, so that an error speaks of what the writer had in mind. */
export function union<T>(wanted: string, forms: readonly Form<T>[]): Shape<T> {
  return {
    read: (at, scope) => {
      const form = forms.find(({ when }) => when(at));
      if (!form) throw mismatch(at, wanted);
      return form.shape.read(at, scope);
    },
    schema: () => ({ anyOf: forms.map((form) => form.shape.schema()) }),
    known: () => knownTo(...forms.map((form) => form.shape)),
  };
}

/** The first shape that reads the value; for forms that only reading tells apart. The last one's error is told. */
export function firstOf<T>(...shapes: readonly Shape<T>[]): Shape<T> {
  return {
    read: (at, scope) => {
      let problem: unknown;
      for (const one of shapes) {
        try {
          return one.read(at, scope);
        } catch (error) {
          if (!(error instanceof TaskError)) throw error;
          problem = error;
        }
      }
      throw problem;
    },
    schema: () => ({ anyOf: shapes.map((one) => one.schema()) }),
    known: () => knownTo(...shapes),
  };
}

/** Which of several records a map is, as one of its keys says. */
export function tagged<T>(key: string, table: Readonly<Record<string, Shape<T>>>, otherwise?: string): Shape<T> {
  const names = Object.keys(table);
  return {
    read: (at, scope) => {
      at.object();
      const tag = at.optional(key);
      const name = tag === undefined ? otherwise : text.read(tag, scope);
      const known = [name?.toLowerCase() ?? '', snake(name ?? '')].find((one) => Object.hasOwn(table, one));
      const found = known === undefined ? undefined : table[known];
      if (found) return found.read(at, scope);
      if (!tag)
        throw at.error(`"${key}" is missing${at.path ? ` in ${at.path}` : ''}`, `Known values: ${names.join(', ')}.`);
      throw tag.error(`${tag.path} is ${JSON.stringify(name)}`, `Known values: ${names.join(', ')}.`);
    },
    schema: () => ({ anyOf: names.map((name) => table[name]?.schema()) }),
    known: () => knownTo(...Object.values(table)),
  };
}
