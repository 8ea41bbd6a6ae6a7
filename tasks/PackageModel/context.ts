import { createWriteStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Pack } from 'tar-stream';
import { listAsset } from '../../lib/assets/folder';
import { projectFolder } from '../../lib/assets/project';
import { sha256Hex } from '../../lib/agent/hash';
import { byPath, fileSha256, filesDigest, type ContextFile } from './digest';
import type { DownloadedModel } from './model-files';
import type { PythonEnvironment } from './requirements';

/** Where the image keeps the application: as the containers of managed endpoints do. */
const appRoot = '/var/azureml-app';

/** Port that the inference server listens on. */
export const servingPort = 5001;

/** What goes into an image. */
export interface ImageContent {
  model: { name: string; version: string } & DownloadedModel;
  codeDirectory: string;
  scoringScript: string;
  python: PythonEnvironment;
}

/** A file of the build context: from this machine, or written by us. */
type Entry = ContextFile | { path: string; content: string; size: number; sha256: string };

export interface BuildContext {
  entries: Entry[];
  /** SHA-256 in hex over all files and their places: equal content gives an equal digest. */
  digest: string;
}

/** Puts together what the image is built from; nothing of the machine or the moment is in it. */
export async function createContext(content: ImageContent): Promise<BuildContext> {
  const { model } = content;
  const project = projectFolder(path.join(content.codeDirectory, content.scoringScript));
  const code = await Promise.all(
    listAsset(content.codeDirectory, 'codeDirectory', { project }).files.map(async (file) => ({
      ...file,
      path: `code/${file.path}`,
      sha256: await fileSha256(file.file),
    })),
  );
  const entries: Entry[] = [
    written('Dockerfile', dockerfile(content)),
    written('requirements.txt', `${content.python.requirements.join('\n')}\n`),
    ...code,
    ...model.files.map((file) => ({ ...file, path: `model/${file.path}` })),
  ];
  return { entries: byPath(entries), digest: filesDigest(entries) };
}

/**
 * The image's recipe. The model lies where a managed endpoint puts it (`AZUREML_MODEL_DIR`, below it the model's own
 * folder), so that one scoring script serves both.
 */
export function dockerfile({ model, scoringScript, python }: ImageContent): string {
  const modelDir = `${appRoot}/azureml-models/${model.name}/${model.version}`;
  const target = model.folder === '' ? modelDir : `${modelDir}/${model.folder}`;
  return [
    `FROM ${python.baseImage}`,
    `ENV AZUREML_MODEL_DIR=${modelDir}`,
    // Otherwise what the server says at its start lands behind the traceback that ends it.
    'ENV PYTHONUNBUFFERED=1',
    `WORKDIR ${appRoot}`,
    `COPY requirements.txt ${appRoot}/requirements.txt`,
    `RUN pip install --no-cache-dir -r ${appRoot}/requirements.txt`,
    `COPY model ${target}`,
    `COPY code ${appRoot}/code`,
    `WORKDIR ${appRoot}/code`,
    `EXPOSE ${servingPort}`,
    `CMD ${JSON.stringify(['azmlinfsrv', '--entry_script', scoringScript, '--port', String(servingPort)])}`,
    '',
  ].join('\n');
}

/**
 * Writes the context as a tar.gz: entries in order of their paths, owner 0, time 0, mode 644, so that the same content
 * gives the same bytes.
 *
 * @returns its size in bytes
 */
export async function writeArchive(context: BuildContext, file: string): Promise<number> {
  const { pack } = await import('tar-stream');
  const archive = pack();
  const writing = pipeline(archive, createGzip({ level: 6 }), createWriteStream(file));
  const adding = addEntries(archive, context.entries);
  await Promise.all([writing, adding]);
  return (await stat(file)).size;
}

async function addEntries(archive: Pack, entries: readonly Entry[]): Promise<void> {
  try {
    for (const entry of entries) await addEntry(archive, entry);
    archive.finalize();
  } catch (error) {
    archive.destroy(error instanceof Error ? error : new Error(String(error)));
    throw error;
  }
}

async function addEntry(archive: Pack, entry: Entry): Promise<void> {
  const header = { name: entry.path, size: entry.size, mode: 0o644, mtime: new Date(0), uid: 0, gid: 0 };
  if ('content' in entry) {
    archive.entry(header, entry.content);
    return;
  }
  const source = await open(entry.file);
  await pipeline(source.createReadStream(), archive.entry(header));
}

function written(path: string, content: string): Entry {
  return { path, content, size: Buffer.byteLength(content), sha256: sha256Hex(content) };
}
