import { textAt } from '../agent/json';
import { readAssetFile, type AssetFile } from './document';
import type { Kind, Resource } from './kinds/kind';
import { kindOf } from './kinds/recognise';
import { settle, type Soon } from './later';
import { namingMade } from './made';
import type { Remote } from './remote';

/** A file that is checked and understood; nothing was sent yet. */
export interface Translation extends AssetFile {
  kind: Kind;
  /** As the kind's shape read it. */
  values: unknown;
}

export interface ReadOptions {
  /** The kinds that the file may be of: what is not asked for is not in a task's bundle. */
  kinds: readonly Kind[];
  /** Changes to apply first, lines `path=value`. */
  set?: readonly string[];
  /** Of the file, where it does not say. */
  kind?: Kind;
  /** Of a file in which nothing is a sign of any kind. */
  otherwise?: Kind;
  /** Folder that the files it names must lie in; without it, and for a file elsewhere, the file's own repository. */
  root?: string;
}

/**
 * Reads and checks a file.
 *
 * @param workspaceId ARM id of the workspace that its names belong to
 * @throws TaskError, or `Problems` for several, with `file:line:column`
 */
export async function readTranslation(
  file: string,
  workspaceId: string,
  { kinds, set = [], kind, otherwise, root }: ReadOptions,
): Promise<Translation> {
  const opened = await readAssetFile(file, set, workspaceId, root);
  const found = kind ?? kindOf(opened.reader, opened.scope, kinds, otherwise);
  return { ...opened, kind: found, values: found.shape.read(opened.reader, opened.scope) };
}

/** The resource that a file describes, as known before anything is registered. */
export function resourceOf({ kind, values, scope }: Translation, name: string): Soon<Resource> {
  return kind.resource(values, scope, name);
}

export interface Sent {
  /** ARM id. */
  id: string;
  /** The service's answer. */
  body: unknown;
}

/**
 * Registers what the file needs, in the order that the service wants, and then the resource itself.
 *
 * @param name of what the file leaves unnamed (jobs)
 * @throws TaskError that names what was registered before something failed
 */
export async function send(translation: Translation, remote: Remote, name: string): Promise<Sent> {
  return namingMade(remote, translation.scope, async () => {
    const { path, body, apiVersion } = await settleResource(resourceOf(translation, name), remote);
    const answer = await remote.put(path, body, {
      apiVersion,
      what: `${translation.kind.name} ${path.split('/').at(-1) ?? ''}`,
    });
    return { id: textAt(answer, 'id') ?? path, body: answer };
  });
}

/** A resource with everything in it known. */
export async function settleResource(resource: Soon<Resource>, remote: Remote): Promise<Resource & { path: string }> {
  return (await settle(resource, remote)) as Resource & { path: string };
}
