import { statSync } from 'node:fs';
import type { YamlReader } from '../agent/yaml';
import { parseReference, type AssetKind, type AssetReference } from './references';
import { localPath, optionalText, pythonText, textOf, wordOf } from './values';

/** Inputs and outputs of jobs. */

export type JobInput =
  | { kind: 'literal'; value: string }
  /** `uri` goes to the service as it stands. */
  | { kind: 'uri'; type: string; mode?: string; uri: string }
  | { kind: 'asset'; type: string; mode?: string; assetKind: AssetKind; reference: AssetReference }
  /** A file or folder of the repository, uploaded before the job starts. */
  | { kind: 'local'; type: string; mode?: string; path: string };

export interface JobOutput {
  jobOutputType: string;
  mode?: string;
  uri?: string;
  /** Registers the output under this name when the job completed (api-version 2025-12-01 and later). */
  assetName?: string;
  assetVersion?: string;
  description?: string;
}

const types = Object.fromEntries(
  ['uri_file', 'uri_folder', 'mltable', 'custom_model', 'mlflow_model', 'triton_model'].map((type) => [type, type]),
);

const inputModes = {
  ro_mount: 'ReadOnlyMount',
  mount: 'ReadOnlyMount',
  rw_mount: 'ReadWriteMount',
  download: 'Download',
  direct: 'Direct',
  eval_mount: 'EvalMount',
  eval_download: 'EvalDownload',
};

const outputModes = { rw_mount: 'ReadWriteMount', mount: 'ReadWriteMount', upload: 'Upload', direct: 'Direct' };

/** Reads the `inputs` of a job. A scalar is a literal; a map has `path`, `type` (default uri_folder) and `mode`. */
export function readInputs(reader: YamlReader | undefined, folder: string): Record<string, JobInput> {
  return Object.fromEntries(
    (reader?.entries() ?? []).map(([name, value]) => [named(name, value), readInput(value, folder)]),
  );
}

function readInput(reader: YamlReader, folder: string): JobInput {
  if (reader.isNull) throw reader.error(`${reader.path} has no value`, 'Give it a value, or leave the input out.');
  if (!reader.isMap) return { kind: 'literal', value: pythonText(reader) };
  reader.object(['type', 'path', 'mode']);
  const type = reader.has('type') ? wordOf(reader.required('type'), types) : 'uri_folder';
  const mode = reader.has('mode') ? wordOf(reader.required('mode'), inputModes) : undefined;
  const at = reader.required('path');
  const value = textOf(at);
  const assetKind = type.endsWith('_model') ? 'models' : 'data';
  const reference = parseReference(value, assetKind);
  if (reference?.kind === 'id') return { kind: 'uri', type, mode, uri: reference.id };
  if (reference) return { kind: 'asset', type, mode, assetKind, reference };
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(value) && !value.startsWith('file:'))
    return { kind: 'uri', type, mode, uri: value };
  if (value.startsWith('azureml:'))
    throw at.error(`"${value}" names no asset`, 'Write azureml:name:version or azureml:name@latest.');
  return { kind: 'local', type, mode, path: existing(at, localPath(folder, value), type) };
}

/** A local path that is there and of the input's type. */
function existing(reader: YamlReader, path: string, type: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) throw reader.error(`${path} does not exist`, 'Paths are relative to the YAML file.');
  const wanted = type === 'uri_file' ? 'a file' : type === 'uri_folder' ? 'a folder' : undefined;
  const found = stats.isDirectory() ? 'a folder' : 'a file';
  if (wanted !== undefined && wanted !== found) {
    throw reader.error(
      `${path} is ${found}, but the input's type is ${type}`,
      `Write type: ${stats.isDirectory() ? 'uri_folder' : 'uri_file'}.`,
    );
  }
  return path;
}

/** The address that the service reads an uploaded input from: only a `uri_folder` ends with a slash. */
export function uploadedUri(uri: string, type: string): string {
  return type === 'uri_folder' ? `${uri}/` : uri;
}

/** Reads the `outputs` of a job; an output without members is a folder in the workspace's default place. */
export function readOutputs(reader: YamlReader | undefined): Record<string, JobOutput> {
  return Object.fromEntries((reader?.entries() ?? []).map(([name, value]) => [named(name, value), readOutput(value)]));
}

function readOutput(reader: YamlReader): JobOutput {
  if (reader.isNull) return { jobOutputType: 'uri_folder' };
  reader.object(['type', 'path', 'mode', 'name', 'version', 'description']);
  const version = reader.optional('version');
  return {
    jobOutputType: reader.has('type') ? wordOf(reader.required('type'), types) : 'uri_folder',
    mode: reader.has('mode') ? wordOf(reader.required('mode'), outputModes) : undefined,
    uri: optionalText(reader, 'path'),
    assetName: optionalText(reader, 'name'),
    assetVersion: version && pythonText(version),
    description: optionalText(reader, 'description'),
  };
}

/** Names are used in expressions and in environment variables of the job. */
function named(name: string, reader: YamlReader): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return name;
  throw reader.error(
    `"${name}" is no name of an input or output`,
    'Use letters, digits and underscores; start with a letter.',
    true,
  );
}
