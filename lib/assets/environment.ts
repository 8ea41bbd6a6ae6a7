import { createHash } from 'node:crypto';
import type { YamlReader } from '../agent/yaml';
import { readAssetFile, type AssetFile } from './document';
import { PythonFloat } from './python-float';
import { dumpYaml } from './pyyaml';
import { readReference, type AssetReference } from './references';
import { integerOf, isFloat, localPath, optionalText, textMap, textOf, wordOf } from './values';

/** What a job, deployment or environment file says about its environment. */
export type EnvironmentSpec =
  | { kind: 'reference'; reference: AssetReference }
  /** `name` is absent for one defined inline: it becomes an anonymous version, named by its content. */
  | { kind: 'definition'; definition: EnvironmentDefinition; name?: string; version?: string };

export interface EnvironmentDefinition {
  image?: string;
  /** The conda file's text in PyYAML's spelling. */
  condaFile?: string;
  /** `path`: absolute path of the Docker build context. */
  build?: { path: string; dockerfilePath?: string };
  inferenceConfig?: InferenceConfig;
  osType?: string;
  description?: string;
  tags?: Record<string, string>;
  properties?: Record<string, string>;
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

const keys = ['image', 'conda_file', 'build', 'inference_config', 'os_type', 'description', 'tags', 'properties'];
const osTypes = { linux: 'Linux', windows: 'Windows' };

/**
 * Reads the `environment` of a job or a deployment: a reference (`azureml:name:version`, `azureml:name@latest`), an inline
 * definition, or `file:path` of an environment file.
 */
export async function readEnvironment(reader: YamlReader, folder: string): Promise<EnvironmentSpec> {
  if (reader.isMap) {
    const unnamed = ['name', 'version'].find((key) => reader.has(key));
    if (unnamed !== undefined) {
      throw reader
        .required(unnamed)
        .error(
          `an inline environment has no ${unnamed}`,
          'Leave it out, or define the environment in a file of its own and write environment: file:PATH.',
        );
    }
    return { kind: 'definition', definition: await readDefinition(reader.object(keys), folder) };
  }
  const value = textOf(reader);
  if (value.startsWith('file:')) return readEnvironmentFile(await readAssetFile(localPath(folder, value)));
  return { kind: 'reference', reference: readReference(reader, 'environments') };
}

/** Reads an environment file of its own (`az ml environment create`). Without `version` the next free one is taken. */
export async function readEnvironmentFile({ reader, scope: { folder } }: AssetFile): Promise<EnvironmentSpec> {
  reader.object(['$schema', 'name', 'version', ...keys]);
  const name = textOf(reader.required('name'));
  const version = reader.optional('version');
  return {
    kind: 'definition',
    definition: await readDefinition(reader, folder),
    name,
    version: version && (typeof version.plain() === 'number' ? version.asString() : textOf(version)),
  };
}

async function readDefinition(reader: YamlReader, folder: string): Promise<EnvironmentDefinition> {
  const conda = reader.optional('conda_file');
  const definition: EnvironmentDefinition = {
    image: optionalText(reader, 'image'),
    condaFile: conda && (await readConda(conda, folder)),
    build: readBuild(reader.optional('build'), folder),
    inferenceConfig: readInference(reader.optional('inference_config')),
    osType: reader.has('os_type') ? wordOf(reader.required('os_type'), osTypes) : undefined,
    description: optionalText(reader, 'description'),
    tags: reader.has('tags') ? textMap(reader.optional('tags')) : undefined,
    properties: reader.has('properties') ? textMap(reader.optional('properties')) : undefined,
  };
  if (!definition.image && !definition.build) {
    throw reader.error(
      'the environment has neither image nor build',
      'Give it an image, or a build with the folder of a Dockerfile.',
    );
  }
  if (definition.image && definition.build)
    throw reader.error('the environment has both image and build', 'Keep one of them.');
  if (definition.build && definition.condaFile !== undefined) {
    throw reader.error('a conda_file goes with an image, not with a build', 'Install the packages in the Dockerfile.');
  }
  return definition;
}

/** A conda file by path, or written inline. */
async function readConda(reader: YamlReader, folder: string): Promise<string> {
  const content = reader.isMap ? reader : (await readAssetFile(localPath(folder, textOf(reader)))).reader;
  if (!content.isMap) throw content.error('a conda file is a map with name, channels and dependencies');
  return dumpYaml(plainData(content));
}

/** Plain data that keeps the difference of 1.0 and 1. */
function plainData(reader: YamlReader): unknown {
  if (reader.isMap) return Object.fromEntries(reader.entries().map(([key, value]) => [key, plainData(value)]));
  if (reader.isList) return reader.asList().map(plainData);
  const value = reader.plain();
  if (typeof value === 'number' && isFloat(reader)) return new PythonFloat(value);
  return value === null || typeof value !== 'object' ? value : reader.asString();
}

function readBuild(reader: YamlReader | undefined, folder: string): EnvironmentDefinition['build'] {
  if (!reader) return undefined;
  reader.object(['path', 'dockerfile_path']);
  const dockerfilePath = optionalText(reader, 'dockerfile_path');
  return { path: localPath(folder, textOf(reader.required('path'))), dockerfilePath };
}

function readInference(reader: YamlReader | undefined): InferenceConfig | undefined {
  if (!reader) return undefined;
  reader.object(['liveness_route', 'readiness_route', 'scoring_route']);
  const route = (key: string): Route => {
    const value = reader.required(key).object(['path', 'port']);
    return { path: textOf(value.required('path')), port: integerOf(value.required('port')) };
  };
  return {
    livenessRoute: route('liveness_route'),
    readinessRoute: route('readiness_route'),
    scoringRoute: route('scoring_route'),
  };
}

/**
 * Body of EnvironmentVersions_CreateOrUpdate.
 *
 * @param contextUri where the build context was uploaded to
 */
export function environmentBody(definition: EnvironmentDefinition, isAnonymous: boolean, contextUri?: string): unknown {
  const { image, condaFile, build, inferenceConfig, osType, description, tags, properties } = definition;
  return {
    properties: {
      image,
      condaFile,
      build: build && { contextUri, dockerfilePath: build.dockerfilePath },
      inferenceConfig,
      osType,
      description,
      tags,
      properties,
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
  if (inferenceConfig) add(pythonObject(inferenceConfig));
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
