import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Agent } from '../../lib/agent/agent';
import { eachOf } from '../../lib/agent/each-of';
import { CancelledError, TaskError, errorText } from '../../lib/agent/errors';
import { textAt } from '../../lib/agent/json';
import { containerUrl } from '../../lib/assets/container';
import type { Azure } from '../../lib/azure/azure';
import { blobUrl, openBlob } from '../../lib/azure/blob';
import { getJob } from '../../lib/azure/jobs';
import { listBlobs } from '../../lib/azure/list-blobs';
import type { ModelVersion } from '../../lib/azure/models';
import { listArtifacts, openArtifact } from '../../lib/azure/runs';
import { mlApiVersion } from '../../lib/azure/workspace';
import { filesDigest, type ContextFile } from './digest';
import { baseName, readLocation, type ModelLocation } from './location';

const attempts = 3;
const parallel = 4;

/** The files of a model version on this machine. */
export interface DownloadedModel {
  /** Paths below the model's own folder. */
  files: ContextFile[];
  /** Name of that folder; for a model of one file the files lie in no folder. */
  folder: string;
  /** Over the files: what RegisterModel keeps as `mlops.sha256`. */
  digest: string;
}

/** Somewhere that files can be listed and read. */
interface Source {
  /** Full names of the files. */
  names: string[];
  /** What the names have in front of the model's own paths; empty or without a slash at its end. */
  root: string;
  open(name: string): Promise<Readable>;
}

/**
 * Downloads the files of a model version into `folder` and compares them with the digest of its registration.
 *
 * @throws TaskError when nothing is there, a name leads out of the folder, or the files are not those that were registered
 */
export async function downloadModel(
  azure: Azure,
  agent: Agent,
  model: ModelVersion,
  folder: string,
): Promise<DownloadedModel> {
  if (model.modelUri === undefined) throw new TaskError(`Model ${label(model)} does not say where its files lie.`);
  const location = readLocation(model.modelUri, azure.workspace.name);
  const source = await openSource(azure, location);
  if (source.names.length === 0) {
    throw new TaskError(
      `Model ${label(model)} has no files at ${model.modelUri}.`,
      'Were the artifacts of its job deleted? Register the model again.',
    );
  }
  const files = await download(agent, source, folder);
  const digest = filesDigest(files);
  verify(model, digest);
  const bytes = files.reduce((sum, file) => sum + file.size, 0);
  agent.print(`Model ${label(model)}: ${files.length} file(s), ${Math.ceil(bytes / 1000)} kB, digest ${digest}.`);
  const isFile = source.names.length === 1 && source.names[0] === source.root;
  return { files, folder: isFile ? '' : baseName(location), digest: `sha256:${digest}` };
}

async function openSource(azure: Azure, location: ModelLocation): Promise<Source> {
  switch (location.kind) {
    case 'artifacts': {
      const { run, path: root } = location;
      return { names: await listArtifacts(azure, run, root), root, open: (name) => openArtifact(azure, run, name) };
    }
    case 'output':
      return openSource(azure, await outputLocation(azure, location));
    case 'datastore':
      return blobSource(azure, await datastoreContainer(azure, location.datastore), location.path);
    case 'blob':
      return blobSource(azure, ...(await splitAddress(azure, location.url)));
  }
}

/** Operation: Datastores_Get. */
async function datastoreContainer(azure: Azure, datastore: string): Promise<string> {
  const found = await azure.arm.get(`${azure.workspace.id}/datastores/${datastore}`, mlApiVersion);
  const url = containerUrl(found);
  if (url !== undefined) return url;
  throw new TaskError(
    `The datastore ${datastore} is no blob container (${textAt(found, 'properties', 'datastoreType') ?? 'unknown type'}).`,
    'Register the model from a job or from a blob datastore.',
  );
}

/** A job says itself where its outputs lie; by default below `azureml/{job}/{output}` of the default datastore. */
async function outputLocation(
  azure: Azure,
  { job, output, path: below }: Extract<ModelLocation, { kind: 'output' }>,
): Promise<ModelLocation> {
  const found = await getJob(azure, job);
  const uri = found?.outputs[output] ?? `azureml://datastores/workspaceblobstore/paths/azureml/${job}/${output}`;
  const location = readLocation(`${uri.replace(/\/+$/, '')}${below === '' ? '' : `/${below}`}`, azure.workspace.name);
  if (location.kind !== 'output') return location;
  throw new TaskError(`The output ${output} of job ${job} does not say where it lies.`);
}

/** The identity's storage token goes to the workspace's own storage account only. */
async function splitAddress(azure: Azure, address: string): Promise<[string, string]> {
  const own = new URL(await datastoreContainer(azure, 'workspaceblobstore'));
  const url = new URL(address);
  const [container, ...rest] = decodeURIComponent(url.pathname).split('/').filter(Boolean);
  if (url.origin === own.origin && container !== undefined) return [`${url.origin}/${container}`, rest.join('/')];
  throw new TaskError(
    `The model's files lie at ${url.origin}, which is not the workspace's storage account (${own.origin}).`,
    'Register the model from a job or from a datastore of the workspace.',
  );
}

async function blobSource(azure: Azure, container: string, root: string): Promise<Source> {
  const target = { url: container, resource: azure.cloud.resources.storage };
  const all = (await listBlobs(azure.http, target, root)).map(({ name }) => name);
  const names = all.filter((name) => root === '' || name === root || name.startsWith(`${root}/`));
  return { names, root, open: (name) => openBlob(azure.http, { ...target, url: blobUrl(container, name) }) };
}

async function download(agent: Agent, source: Source, folder: string): Promise<ContextFile[]> {
  const files: ContextFile[] = [];
  await eachOf(source.names, parallel, async (name) => {
    if (agent.cancelled.aborted) throw new CancelledError('Cancelled while the model was downloaded.');
    const relative = relativePath(name, source.root);
    files.push({ path: relative, ...(await fetchFile(agent, () => source.open(name), folder, relative)) });
    const share = files.length / source.names.length;
    agent.progress(5 + 15 * share, `downloaded ${files.length} of ${source.names.length} files of the model`);
  });
  return files.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
}

/** A connection that breaks in the middle of a file is tried again from the file's start. */
async function fetchFile(
  agent: Agent,
  open: () => Promise<Readable>,
  folder: string,
  relative: string,
): Promise<{ file: string; size: number; sha256: string }> {
  const file = path.join(folder, ...relative.split('/'));
  await mkdir(path.dirname(file), { recursive: true });
  for (let attempt = 1; ; attempt++) {
    const hash = createHash('sha256');
    let size = 0;
    const meter = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        size += chunk.length;
        done(null, chunk);
      },
    });
    const content = await open();
    try {
      await pipeline(content, meter, createWriteStream(file), { signal: agent.cancelled });
      return { file, size, sha256: hash.digest('hex') };
    } catch (error) {
      if (agent.cancelled.aborted) throw new CancelledError('Cancelled while the model was downloaded.');
      if (attempt === attempts) throw error;
      agent.print(`Reading ${relative} broke off (${errorText(error)}); trying again.`);
    }
  }
}

/** Names come from a service: none may lead out of the folder that it is written to. */
function relativePath(name: string, root: string): string {
  const relative = name === root ? (name.split('/').at(-1) ?? name) : root === '' ? name : name.slice(root.length + 1);
  const isSafe = relative !== '' && relative.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
  if (isSafe && !relative.includes('\\') && !relative.includes('\0')) return relative;
  throw new TaskError(`The model has a file named "${name}", which cannot be written safely.`, 'Rename the file.');
}

function verify(model: ModelVersion, digest: string): void {
  const registered = model.properties['mlops.sha256']?.replace(/^sha256:/, '').toLowerCase();
  if (registered === undefined || registered === digest) return;
  throw new TaskError(
    `The files of model ${label(model)} are not those that were registered: their digest is ${digest}, the registered one ${registered}.`,
    'Somebody changed the files after the registration. Do not deploy them; register the model again from its job.',
  );
}

function label(model: ModelVersion): string {
  return `${model.name}:${model.version}`;
}
