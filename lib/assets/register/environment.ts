import { createHash } from 'node:crypto';
import { textAt } from '../../agent/json';
import type { LocalAsset } from '../folder';
import { dumpYaml } from '../pyyaml';
import type { Remote } from '../remote';
import { uploadData } from './data';
import { guidOf } from './guid';
import { nextVersion } from './versions';

/** An environment that a file defines, in the service's members. */
export interface EnvironmentDefinition {
  image?: string;
  /** The conda file's text in PyYAML's spelling. */
  condaFile?: string;
  build?: { context: LocalAsset; dockerfilePath?: string } | { contextUri: string; dockerfilePath?: string };
  inferenceConfig?: InferenceConfig;
  osType?: string;
  description?: string;
  tags?: Record<string, string>;
  /** Datastore for the build context. */
  datastore?: string;
}

interface Route {
  path: string;
  port: number;
}

/** Routes of a container that serves. */
export interface InferenceConfig {
  livenessRoute: Route;
  readinessRoute: Route;
  scoringRoute: Route;
}

/** Name under which the clients keep environments that a file defines inline. */
export const anonymousEnvironment = 'CliV2AnonymousEnvironment';

/**
 * Registers an environment and returns its ARM id. The image itself is built later by the service.
 *
 * Operations: EnvironmentContainers_Get (for the next version), EnvironmentVersions_CreateOrUpdate.
 */
export async function registerEnvironment(
  remote: Remote,
  definition: EnvironmentDefinition,
  named?: { name: string; version?: string },
): Promise<string> {
  const { path, body } = await environmentResource(remote, definition, named);
  return remote.once(`environment ${path}`, async () => textAt(await remote.put(path, body), 'id') ?? path);
}

/**
 * The resource of an environment, its build context uploaded. One without a name is the anonymous version named by its
 * content; one without a version is the next.
 */
export async function environmentResource(
  remote: Remote,
  definition: EnvironmentDefinition,
  named?: { name: string; version?: string },
): Promise<{ path: string; body: unknown }> {
  const name = named?.name ?? anonymousName(definition);
  const container = `${remote.workspaceId}/environments/${name}`;
  const given =
    named && (named.version ?? (await remote.once(`next ${container}`, () => nextVersion(remote, container))));
  const versionOf = (hash?: string): string =>
    given ?? (name === anonymousEnvironment ? anonymousVersion(definition, hash) : '1');
  const { build } = definition;
  const context =
    build && 'context' in build
      ? await uploadData(
          remote,
          build.context,
          'environment build context',
          (hash) => ({
            name,
            version: versionOf(hash),
          }),
          definition.datastore,
        )
      : undefined;
  const contextUri = context ? `${context.blobUrl}/` : build && 'contextUri' in build ? build.contextUri : undefined;
  return {
    path: `${container}/versions/${versionOf(context?.hash)}`,
    body: environmentBody(definition, named === undefined, contextUri),
  };
}

/** What is built from an address has no content to tell its versions apart: each address is an environment of its own. */
function anonymousName({ build }: EnvironmentDefinition): string {
  if (!build || !('contextUri' in build)) return anonymousEnvironment;
  return guidOf(sha256([build.contextUri, build.dockerfilePath ?? ''].join('\n')));
}

/** Body of EnvironmentVersions_CreateOrUpdate. */
function environmentBody(definition: EnvironmentDefinition, isAnonymous: boolean, contextUri?: string): unknown {
  const { build, ...members } = definition;
  return {
    properties: {
      ...members,
      datastore: undefined,
      build: build && { contextUri, dockerfilePath: build.dockerfilePath },
      isAnonymous,
      isArchived: false,
    },
  };
}

/**
 * Version of an anonymous environment: a hash over its definition, made as the Python SDK makes it (the texts are joined
 * with Python's `str.join`, which puts the first between the characters of the second), so that both use one version.
 *
 * @param buildHash object hash of the build context
 */
export function anonymousVersion(definition: EnvironmentDefinition, buildHash?: string): string {
  const { image, condaFile, build, inferenceConfig } = definition;
  let text = '';
  const add = (part: string): void => {
    text = text === '' ? sha256(part) : Array.from(sha256(part)).join(text);
  };
  if (image !== undefined) add(image);
  // Of an environment that is built, only what is built counts.
  if (inferenceConfig && !build) add(pythonObject(inferenceConfig));
  if (condaFile !== undefined) add(condaFile);
  if (buildHash !== undefined) add(buildHash);
  if (build?.dockerfilePath !== undefined) add(build.dockerfilePath);
  return sha256(text);
}

/** PyYAML's dump of the SDK's own InferenceContainerProperties object: part of the hash. */
function pythonObject(config: InferenceConfig): string {
  const models = '!!python/object:azure.ai.ml._restclient.arm_ml_service.models._models';
  const route = ({ path, port }: Route): string[] => [
    '    _data:',
    `      path: ${dumpYaml(path).split('\n')[0] ?? ''}`,
    `      port: ${port}`,
  ];
  return [
    `${models}.InferenceContainerProperties`,
    '_data:',
    `  livenessRoute: ${models}.Route`,
    ...route(config.livenessRoute),
    `  readinessRoute: ${models}.Route`,
    ...route(config.readinessRoute),
    `  scoringRoute: ${models}.Route`,
    ...route(config.scoringRoute),
    '',
  ].join('\n');
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
