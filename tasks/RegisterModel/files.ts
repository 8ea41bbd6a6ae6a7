import { createHash } from 'node:crypto';
import type { Agent } from '../../lib/agent/agent';
import { eachOf } from '../../lib/agent/each-of';
import { CancelledError, TaskError, errorText } from '../../lib/agent/errors';
import type { Azure } from '../../lib/azure/azure';
import { listArtifacts, openArtifact } from '../../lib/azure/runs';
import { sha256Hex } from '../../lib/agent/hash';

const attempts = 3;
const parallel = 4;
const shownPaths = 30;

/** A file of a model. */
export interface ModelFile {
  /** Below the model's folder; a single file's own name. */
  path: string;
  bytes: number;
  /** 64 hexadecimal digits. */
  sha256: string;
}

/** The artifacts that make a model. */
export interface ModelArtifacts {
  /** Paths as the run has them. */
  paths: string[];
  /** A folder, or one file? */
  isFolder: boolean;
}

/** Finds the artifacts below `path`. @throws TaskError that lists what the job has, when there are none */
export async function findArtifacts(azure: Azure, job: string, path: string): Promise<ModelArtifacts> {
  const paths = await listArtifacts(azure, job, path);
  const broken = paths.find((found) => found.includes('\n'));
  if (broken !== undefined) {
    throw new TaskError(
      `Job ${job} has an artifact with a line break in its name: ${JSON.stringify(broken)}.`,
      'Rename the file.',
    );
  }
  if (paths.length > 0) return { paths, isFolder: !(paths.length === 1 && paths[0] === path) };
  const all = await listArtifacts(azure, job, '');
  throw new TaskError(`Job ${job} has no artifact at "${path}".`, whatIsThere(all));
}

function whatIsThere(all: readonly string[]): string {
  if (all.length === 0) return 'The job has no artifacts at all: log the model with MLflow, or write it to ./outputs.';
  const more = all.length > shownPaths ? ` and ${all.length - shownPaths} more` : '';
  return `The job has: ${all.slice(0, shownPaths).join(', ')}${more}.`;
}

/** Reads every file once, as a stream, and takes its hash. */
export async function hashFiles(
  azure: Azure,
  agent: Agent,
  job: string,
  path: string,
  artifacts: ModelArtifacts,
): Promise<ModelFile[]> {
  const files: ModelFile[] = [];
  await eachOf(artifacts.paths, parallel, async (artifact) => {
    if (agent.cancelled.aborted) throw new CancelledError('Cancelled; nothing was registered.');
    const relative = artifacts.isFolder ? artifact.slice(path.length + 1) : (artifact.split('/').at(-1) ?? artifact);
    files.push({ path: relative, ...(await hashArtifact(azure, agent, job, artifact)) });
    agent.progress(
      10 + (60 * files.length) / artifacts.paths.length,
      `hashed ${files.length} of ${artifacts.paths.length} files`,
    );
  });
  return files.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
}

/** A connection that breaks in the middle of a file is tried again from the file's start. */
async function hashArtifact(
  azure: Azure,
  agent: Agent,
  job: string,
  path: string,
): Promise<{ bytes: number; sha256: string }> {
  for (let attempt = 1; ; attempt++) {
    try {
      const hash = createHash('sha256');
      let bytes = 0;
      for await (const chunk of await openArtifact(azure, job, path)) {
        const data: Buffer = Buffer.from(chunk as Uint8Array);
        hash.update(data);
        bytes += data.length;
      }
      return { bytes, sha256: hash.digest('hex') };
    } catch (error) {
      if (attempt === attempts || error instanceof TaskError || error instanceof CancelledError) throw error;
      agent.print(`Reading ${path} broke off (${errorText(error)}); trying again.`);
    }
  }
}

/**
 * Digest of a model: `sha256:` and the SHA-256, in hex, of the manifest. The manifest has a line for each file, in byte
 * order of the paths: the file's SHA-256 in hex, two spaces, the path below the model's folder (with `/`), a line feed.
 * That is what `LC_ALL=C sort` and `sha256sum` print, so anyone can check it:
 * `cd model && find . -type f | sed 's|^\./||' | LC_ALL=C sort | xargs -d '\n' sha256sum | sha256sum`.
 */
export function modelDigest(files: readonly ModelFile[]): string {
  const sorted = [...files].sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  return `sha256:${sha256Hex(sorted.map(({ sha256, path }) => `${sha256}  ${path}\n`).join(''))}`;
}
