import { TaskError } from '../agent/errors';
import type { AssetKind, AssetReference } from '../assets/references';
import type { Azure } from './azure';
import { number, text, textAt, at } from '../agent/json';
import { mlApiVersion } from './workspace';

/**
 * The ARM id of a reference. `@latest` becomes the version that is newest now, so that what was used stays known.
 *
 * @throws TaskError when the asset of an `@latest` has no version, or for another label
 */
export async function resolveReference(azure: Azure, reference: AssetReference, kind: AssetKind): Promise<string> {
  if (reference.kind === 'id') return reference.id;
  const container = `${azure.workspace.id}/${kind}/${reference.name}`;
  if (reference.kind === 'version') return `${container}/versions/${reference.version}`;
  if (reference.label !== 'latest') {
    throw new TaskError(
      `azureml:${reference.name}@${reference.label}: the workspace knows no label but latest.`,
      'Name a version, or write @latest.',
    );
  }
  const latest = await latestVersion(azure, container);
  if (latest === undefined) {
    throw new TaskError(
      `azureml:${reference.name}@latest: workspace ${azure.workspace.name} has no version of it under ${kind}.`,
      'Check the name, or register the asset first.',
    );
  }
  return `${container}/versions/${latest}`;
}

/** The container's `latestVersion`, else the version made last; `undefined` when there is none. */
export async function latestVersion(azure: Azure, container: string): Promise<string | undefined> {
  const found = await azure.arm.getIfExists(container, mlApiVersion);
  if (found === undefined) return undefined;
  const latest = textAt(found, 'properties', 'latestVersion');
  if (latest !== undefined) return latest;
  for await (const version of azure.arm.list(
    `${container}/versions?$orderBy=createdtime%20desc&$top=1`,
    mlApiVersion,
  )) {
    return textAt(version, 'name');
  }
  return undefined;
}

/** The container's `nextVersion`; `1` for a new asset. */
export async function nextVersion(azure: Azure, container: string): Promise<string> {
  const found = await azure.arm.getIfExists(container, mlApiVersion);
  const next = at(found, 'properties', 'nextVersion');
  const given = text(next) ?? number(next)?.toString();
  if (given !== undefined) return given;
  const latest = Number(textAt(found, 'properties', 'latestVersion') ?? '0');
  return String(Number.isInteger(latest) ? latest + 1 : 1);
}
