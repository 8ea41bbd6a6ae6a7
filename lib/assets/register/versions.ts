import { TaskError } from '../../agent/errors';
import type { YamlReader } from '../../agent/yaml';
import { at, textAt } from '../../agent/json';
import { Later, type Soon } from '../later';
import type { AssetKind, AssetReference } from '../references';
import type { Remote } from '../remote';

/**
 * The id of a reference. `@latest` becomes the version that is newest when the file is sent, so that what was used stays known.
 *
 * @param place where the reference stands, for the error
 */
export function idOf(reference: AssetReference, kind: AssetKind, workspaceId: string, place: YamlReader): Soon<string> {
  if (reference.kind === 'id') return reference.id;
  const container = `${workspaceId}/${kind}/${reference.name}`;
  if (reference.kind === 'version') return `${container}/versions/${reference.version}`;
  if (reference.label !== 'latest') {
    throw place.error(
      `azureml:${reference.name}@${reference.label}: the workspace knows no label but latest`,
      'Name a version, or write @latest.',
    );
  }
  return new Later(async (remote) => {
    const latest = await remote.once(`latest ${container}`, () => latestVersion(remote, container));
    if (latest !== undefined) return `${container}/versions/${latest}`;
    throw place.error(
      `azureml:${reference.name}@latest: the workspace has no version of it under ${kind}`,
      'Check the name, or register the asset first.',
    );
  }, `azureml:${reference.name}@${reference.label}`);
}

type LookUp = Pick<Remote, 'get'>;

/** The container's `latestVersion`, else the version made last; `undefined` when there is none. */
export async function latestVersion(remote: LookUp, container: string): Promise<string | undefined> {
  const found = await remote.get(container);
  if (found === undefined) return undefined;
  const latest = textAt(found, 'properties', 'latestVersion');
  if (latest !== undefined) return latest;
  const versions = at(await remote.get(`${container}/versions?$orderBy=createdtime%20desc&$top=1`), 'value');
  return Array.isArray(versions) ? textAt(versions[0], 'name') : undefined;
}

/** The container's `nextVersion`; `1` for a new asset. */
export async function nextVersion(remote: LookUp, container: string): Promise<string> {
  const found = await remote.get(container);
  const next = at(found, 'properties', 'nextVersion');
  if (typeof next === 'string' || typeof next === 'number') return String(next);
  const latest = Number(textAt(found, 'properties', 'latestVersion') ?? '0');
  if (Number.isInteger(latest)) return String(latest + 1);
  throw new TaskError(
    `${container} has the latest version ${latest}, which has no successor.`,
    'Give the file a version.',
  );
}
