import type { Agent } from '../agent/agent';
import { anonymousEnvironment, anonymousVersion, environmentBody, type EnvironmentSpec } from '../assets/environment';
import type { Azure } from './azure';
import { textAt } from '../agent/json';
import { uploadData } from './local-data';
import { nextVersion, resolveReference } from './versions';
import { mlApiVersion } from './workspace';

/**
 * The id of the environment that a file asks for. One defined inline becomes (or is already) the anonymous version named
 * by its content; one of a file with a name becomes that version. The image itself is built later by the service.
 *
 * Operations: EnvironmentContainers_Get (for `@latest`), EnvironmentVersions_CreateOrUpdate (an existing version stays).
 *
 * @returns an ARM id, or the reference as it stands for registries and curated environments
 */
export async function ensureEnvironment(azure: Azure, agent: Agent, spec: EnvironmentSpec): Promise<string> {
  if (spec.kind === 'reference') return resolveReference(azure, spec.reference, 'environments');
  const { definition } = spec;
  const name = spec.name ?? anonymousEnvironment;
  const container = `${azure.workspace.id}/environments/${name}`;
  const given = spec.name === undefined ? undefined : (spec.version ?? (await nextVersion(azure, container)));
  const versionOf = (hash?: string): string => given ?? anonymousVersion(definition, hash);
  const context =
    definition.build &&
    (await uploadData(azure, agent, definition.build.path, 'environment build context', (hash) => ({
      name,
      version: versionOf(hash),
    })));
  const version = versionOf(context?.hash);
  const id = `${container}/versions/${version}`;
  const body = environmentBody(definition, spec.name === undefined, context && `${context.blobUrl}/`);
  const answer = await azure.arm.put(id, mlApiVersion, body);
  agent.print(`Environment ${name}, version ${version.slice(0, 12)}${version.length > 12 ? '…' : ''}.`);
  return textAt(answer.body, 'id') ?? id;
}
