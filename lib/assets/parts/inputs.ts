import { existsSync, statSync } from 'node:fs';
import type { YamlReader } from '../../agent/yaml';
import type { LocalAsset } from '../folder';
import { Later, type Soon } from '../later';
import { parseReference, type AssetReference } from '../references';
import { defaultDatastore, uploadData } from '../register/data';
import { absence, checkWithin } from '../project';
import { idOf } from '../register/versions';
import { isMap, isScalar, mapOf, union } from '../shape/collections';
import { optional, record, required } from '../shape/record';
import { anyCase, finite, pythonText, text, word } from '../shape/scalars';
import { refine, type Scope, type Shape } from '../shape/shape';
import { datastoreName } from './names';
import { assetAt, isRemote, localPath } from './paths';

/** Inputs of jobs. */

export interface LiteralInput {
  jobInputType: 'literal';
  value: string;
}

export interface AssetInput {
  jobInputType: string;
  mode?: string;
  uri: Soon<string>;
}

export type JobInput = LiteralInput | AssetInput;

/** Types of data and models. */
export const assetTypes = anyCase('uri_file', 'uri_folder', 'mltable', 'custom_model', 'mlflow_model', 'triton_model');

export const inputModes = {
  ro_mount: 'ReadOnlyMount',
  download: 'Download',
  direct: 'Direct',
  eval_mount: 'EvalMount',
  eval_download: 'EvalDownload',
} as const;

/**
 * Where the data of an input lies: a registered asset, an address in the cloud, or a local path, which is uploaded.
 *
 * @param type of the input: decides which assets a name means, and whether the path must be a file or a folder
 * @param datastore where local data is put
 */
export function uriOf(at: YamlReader, scope: Scope, type: string, datastore?: string): Soon<string> {
  const value = text.read(at, scope);
  const kind = type.endsWith('_model') ? 'models' : 'data';
  const reference =
    parseReference(value, kind) ??
    idAmong(value, kind === 'models' ? 'data' : 'models') ??
    ofWorkspace(value) ??
    withoutPrefix(value, kind, scope);
  if (reference) return idOf(reference, kind, scope.workspaceId, at);
  // An address has its scheme in any case, a name of an asset its prefix in this one.
  if (/^azureml:(?!\/\/)/i.test(value)) {
    throw at.error(
      `${at.path} is "${value}", which names no asset`,
      'Write azureml:name:version or azureml:name@latest.',
    );
  }
  if (isRemote(value)) return value;
  // As a path it would be the file's own folder, with all that lies in it.
  if (value === '') throw at.error(`${at.path} is empty`, 'Name the file or folder, an asset or an address.');
  const path = localPath(scope.folder, value);
  checkType(path, at, type);
  checkWithin(scope.root, path, at);
  return uploadedUri(assetAt(path, at, scope), type, datastore);
}

/** A local path as the address that the service reads it from; only a `uri_folder` ends with a slash. */
function uploadedUri(asset: LocalAsset, type: string, datastore = defaultDatastore): Later<string> {
  return new Later(async (remote) => {
    const uploaded = await uploadData(remote, asset, 'input data', undefined, datastore);
    return `azureml://datastores/${datastore}/paths/${uploaded.path}${type === 'uri_folder' ? '/' : ''}`;
  });
}

/** `name:version` and `name@label` name an asset too, where no file does. */
export function withoutPrefix(value: string, kind: 'models' | 'data', scope: Scope): AssetReference | undefined {
  if (!/^[^/\\:@]+[:@][^/:@]+$/.test(value) || /^(?:file|azureml):/i.test(value)) return undefined;
  return existsSync(localPath(scope.folder, value)) ? undefined : parseReference(`azureml:${value}`, kind);
}

/** An input of data may be a model's id, and the other way round: what lies there is read alike. */
function idAmong(value: string, kind: 'models' | 'data'): AssetReference | undefined {
  const reference = parseReference(value, kind);
  return reference?.kind === 'id' ? reference : undefined;
}

/**
 * Whatever else a workspace has by its ARM id goes out as it stands, as from the clients: a datastore's folder, a job's
 * output. With the prefix it is a version of something, a v1 dataset for one.
 */
function ofWorkspace(value: string): AssetReference | undefined {
  const id = value.replace(/^azureml:/, '');
  const isThere =
    /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.MachineLearningServices\/workspaces\/[^/]+\/[^/]+\/[^/]/i;
  const isVersion = id === value || /\/[^/]+\/[^/]+\/versions\/[^/]+$/.test(id);
  return isThere.test(id) && isVersion ? { kind: 'id', id } : undefined;
}

export function checkType(path: string, at: YamlReader, type: string): void {
  // What cannot be looked at (a link to itself, a name that is too long) is not there either.
  const stats = existsSync(path) ? statSync(path) : undefined;
  if (!stats) throw at.error(`${at.path}: ${absence(path)}`, 'Paths are relative to the YAML file.');
  const wanted = type === 'uri_file' ? 'a file' : type === 'uri_folder' ? 'a folder' : undefined;
  const found = stats.isDirectory() ? 'a folder' : 'a file';
  if (wanted === undefined || wanted === found) return;
  throw at.error(
    `${path} is ${found}, but the input's type is ${type}`,
    `Write type: ${stats.isDirectory() ? 'uri_folder' : 'uri_file'}.`,
  );
}

/** A literal value: text as Python prints it. */
export const literalInput: Shape<LiteralInput> = refine(pythonText, (value, at): LiteralInput => {
  finite(at);
  return { jobInputType: 'literal', value };
});

const data = record({
  type: optional(assetTypes),
  path: required(text),
  mode: optional(word(inputModes)),
  datastore: optional(datastoreName),
});

const assetInput: Shape<AssetInput> = refine(data, ({ type = 'uri_folder', mode, datastore }, at, scope) => {
  checkMode(at);
  return { jobInputType: type, mode, uri: uriOf(at.required('path'), scope, type, datastore) };
});

/** Only tables are evaluated while they are read. */
export function checkMode(at: YamlReader): void {
  const [type, mode] = ['type', 'mode'].map((key) => String(at.optional(key)?.plain()).toLowerCase());
  if (type === 'undefined' || type === 'mltable' || !mode?.startsWith('eval')) return;
  throw at.required('mode').error(`${at.path} has the type ${type} and the mode ${mode}`, 'Only an mltable has it.');
}

/** An input of a job: a scalar is a literal; a map has `path`, `type` (default uri_folder) and `mode`. */
const jobInput = union<JobInput>('a value, or a map with path', [
  { when: isScalar, shape: literalInput },
  {
    when: (at) => isMap(at) && at.has('value'),
    shape: refine(record({ value: required(literalInput) }), ({ value }) => value),
  },
  { when: isMap, shape: assetInput },
]);

/** The `inputs` of a job. */
export const jobInputs: Shape<Record<string, JobInput>> = mapOf(jobInput, checkPortName);

/** The `inputs` of a pipeline: groups of them have dots in their names. */
export const pipelineInputs: Shape<Record<string, JobInput>> = mapOf(jobInput, (name, at) => {
  for (const part of name.split('.')) checkPortName(part, at);
});

/** Names are used in expressions and in environment variables of the job. */
export function checkPortName(name: string, at: YamlReader): void {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return;
  throw at.error(
    `"${name}" is no name of an input or output`,
    'Use letters, digits and underscores; start with a letter.',
    true,
  );
}
