import { ServiceError, TaskError } from '../agent/errors';
import { escapeRegExp } from '../agent/pattern';
import type { YamlReader } from '../agent/yaml';
import type { Scope } from './shape/shape';

/** Keys whose plain text is the name of something in the workspace. */
const naming = /(?:^|\.)(?:(?:default_)?(?:compute|datastore)|endpoint_name)$/;

/**
 * The error with the place of the reference that a service objects to: it knows what it cannot find by its name, and the
 * person who has to mend it by its line. Without such a reference it is the place of what was being sent.
 *
 * @param scope of the file that was being sent
 * @returns the same error when no service said it, or neither is known
 */
export function atItsReference(error: unknown, scope: Pick<Scope, 'opened'> | undefined): unknown {
  if (!(error instanceof ServiceError)) return error;
  const found = (scope?.opened ?? [])
    .flatMap(references)
    .filter(({ name }) => quotes(error.words, name))
    .sort((a, b) => b.name.length - a.name.length)
    .map(({ reader }) => reader.place);
  const place = found[0] ?? error.place;
  return place === undefined ? error : new TaskError(`${place}: ${error.message}`, error.advice, { cause: error });
}

/** An error of comparing or checking a file, with the file's place where it does not name one itself. */
export function inFile<T>({ opened: [file] }: Pick<Scope, 'opened'>, error: T): T | TaskError {
  // What a service refuses is nothing that the file says.
  const isOwn = error instanceof TaskError && !(error instanceof ServiceError);
  if (!isOwn || file === undefined || /^.+?:\d+:\d+: /.test(error.message)) return error;
  return new TaskError(`${file.where}: ${error.message}`, error.advice, { cause: error });
}

/** Does the work that sends what stands at a place. */
export async function sentFrom<T>(at: YamlReader, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ServiceError) error.place ??= at.place;
    throw error;
  }
}

interface NamedPlace {
  name: string;
  reader: YamlReader;
}

function references(reader: YamlReader): NamedPlace[] {
  if (reader.isMap) return reader.entries().flatMap(([, member]) => references(member));
  if (reader.isList) return reader.asList().flatMap(references);
  const name = reader.isNull ? undefined : nameIn(reader.asString(), reader.path);
  return name === undefined ? [] : [{ name, reader }];
}

/** `gpu` of `azureml:gpu`, `azureml:gpu:3`, `azureml:gpu@latest`, `azureml:/subscriptions/…/gpu/versions/3`, `azureml://…`. */
function nameIn(text: string, path: string): string | undefined {
  if (!text.startsWith('azureml:')) return naming.test(path) ? text : undefined;
  const reference = text.slice('azureml:'.length).replace(/\/(?:versions|labels|paths)\/.*$/, '');
  return (reference.split('/').at(-1) ?? '').split(/[:@]/)[0] || undefined;
}

/** Does a text have the name as a word of its own? */
function quotes(words: string, name: string): boolean {
  return new RegExp(`(?<![\\w-])${escapeRegExp(name)}(?![\\w-])`, 'i').test(words);
}
