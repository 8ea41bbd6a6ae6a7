import { createWriteStream, existsSync } from 'node:fs';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Core } from '../service';
import { AssetError, type Assets, artifactPlace } from './assets';
import type { CommandJob } from './job-document';
import type { JobInput } from './job-parts';
import { optionalText } from './wire';

/** What a placeholder in the command stands for. */
export interface Bindings {
  inputs: Record<string, string>;
  outputs: Record<string, string>;
}

/** Brings code and inputs into the job's folder and makes the folders of its outputs. */
export async function prepareFiles(assets: Assets, job: CommandJob, folder: string): Promise<Bindings> {
  const code = join(folder, 'code');
  await mkdir(code, { recursive: true });
  if (job.codeId !== undefined) await assets.fetch(assets.code(job.codeId), code, `The job's code ${job.codeId}`);
  const inputs: Record<string, string> = {};
  for (const [name, input] of Object.entries(job.inputs))
    inputs[name] = await bringInput(assets, input, join(folder, 'inputs', name), name);
  const outputs: Record<string, string> = {};
  for (const [name, output] of Object.entries(job.outputs)) {
    const target = join(folder, 'outputs', name);
    await mkdir(target, { recursive: true });
    outputs[name] = output.kind === 'uri_file' ? join(target, basename(output.uri.replace(/\/+$/, ''))) : target;
  }
  return { inputs, outputs };
}

async function bringInput(assets: Assets, input: JobInput, folder: string, name: string): Promise<string> {
  if (input.kind === 'literal') return input.value;
  if (input.mode === 'Direct') return input.value;
  const what = `The input '${name}'`;
  const asset = assetPlace(assets, input);
  if (asset !== undefined) return assets.fetch(asset, folder, what);
  try {
    return await assets.fetch(assets.place(input.value), folder, what);
  } catch (error) {
    if (!(error instanceof AssetError) || !/^https?:\/\//.test(input.value)) throw error;
    return downloadFile(input.value, folder, what);
  }
}

/** Registered data and models, by name and version or ARM id. */
function assetPlace(assets: Assets, input: JobInput): ReturnType<Assets['place']> | undefined {
  const named = /^azureml:(?!\/\/)/.test(input.value) || input.value.startsWith('/subscriptions/');
  if (!named) return undefined;
  const isModel = input.kind.endsWith('_model') || /\/models\//i.test(input.value);
  if (isModel) return assets.model(input.value).place;
  return assets.place(optionalText(assets.version('data', input.value), 'dataUri', 'data') ?? '');
}

/** A file from the public web; a folder cannot be had that way. */
async function downloadFile(url: string, folder: string, what: string): Promise<string> {
  const response = await fetch(url);
  if (!response.ok || response.body === null) throw new AssetError(`${what}: ${url} answered ${response.status}.`);
  await mkdir(folder, { recursive: true });
  const file = join(folder, basename(new URL(url).pathname) || 'data');
  await pipeline(Readable.from(response.body), createWriteStream(file));
  return file;
}

/** Puts the values into the command. `$[[ … ]]` is an optional part: it is dropped when an input inside it is not given. */
export function boundCommand(command: string, bindings: Bindings): string {
  const value = (kind: string, name: string): string | undefined =>
    (kind === 'inputs' ? bindings.inputs : bindings.outputs)[name];
  const placeholder = /\$\{\{\s*(inputs|outputs)\.([\w.-]+)\s*\}\}/g;
  const optional = command.replaceAll(/\$\[\[(.*?)\]\]/gs, (_, part: string) => {
    const complete = [...part.matchAll(placeholder)].every(
      ([, kind = '', name = '']) => value(kind, name) !== undefined,
    );
    return complete ? part : '';
  });
  return optional.replaceAll(placeholder, (whole, kind: string, name: string) => value(kind, name) ?? whole);
}

/**
 * Uploads what the job left: each named output to its place in the datastore, and the folders `outputs` and `logs` of its
 * working folder to the run's artifacts.
 */
export async function collectFiles(core: Core, assets: Assets, job: CommandJob, folder: string): Promise<void> {
  for (const [name, output] of Object.entries(job.outputs)) {
    if (output.uri === '' || !existsSync(join(folder, 'outputs', name))) continue;
    const place = assets.place(output.uri);
    const single = output.kind === 'uri_file';
    const prefix = single ? place.blob.split('/').slice(0, -1).join('/') : place.blob;
    await core.blobs.upload(join(folder, 'outputs', name), place.container, prefix);
  }
  for (const name of ['outputs', 'logs']) {
    const kept = join(folder, 'code', name);
    if (await holdsFiles(kept)) {
      const place = artifactPlace(job.name, name);
      await core.blobs.upload(kept, place.container, place.blob);
    }
  }
}

async function holdsFiles(folder: string): Promise<boolean> {
  const info = await stat(folder).catch(() => undefined);
  return info?.isDirectory() === true && (await readdir(folder)).length > 0;
}
