import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { readCommandJob, commandJobBody } from '../../../lib/assets/command-job';
import { readAssetFile } from '../../../lib/assets/document';
import { readEnvironmentFile } from '../../../lib/assets/environment';
import { ensureEnvironment } from '../../../lib/azure/environments';
import { putJob, resolveJob } from '../../../lib/azure/jobs';
import { contracts } from '../../support/contracts';
import { FakeAgent } from '../../support/fake-agent';
import { FakeAssets, FakeAzure, workspaceId, type Seen } from '../../support/fake-azure';

/** What azure-ai-ml sends for a file, as recorded. */
export interface Expected {
  file: string;
  kind: string;
  calls?: unknown[];
  error?: { message: string };
  set?: Record<string, unknown>;
}

const folder = path.join(contracts, 'aml-files');

export function expectedFiles(kind: string): Expected[] {
  return readdirSync(path.join(folder, 'expected'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(path.join(folder, 'expected', name), 'utf8')) as Expected)
    .filter((expected) => expected.kind === kind)
    .sort((a, b) => (a.file < b.file ? -1 : 1));
}

type Compare = (
  expected: unknown,
  candidate: unknown,
  options?: { ignore?: string },
) => { path: string; expected: unknown; found: unknown }[];

export async function comparer(): Promise<Compare> {
  const module = (await import(path.join(folder, 'compare.mjs'))) as { compare: Compare };
  return module.compare;
}

/** Our calls for a file, in the comparer's form. */
export async function translate(
  expected: Expected,
  file = path.join(folder, 'files', expected.file),
): Promise<unknown> {
  const agent = new FakeAgent();
  const fake = new FakeAzure(agent);
  new FakeAssets(fake);
  fake.on('PUT', '{ws}/jobs/[^/]+', ({ body }) => ({ status: 201, body }));
  // A new environment: nothing of its name is there yet.
  if (expected.kind === 'environment') fake.on('GET', '{ws}/environments/[^/]+', () => ({ status: 404, body: {} }));
  try {
    if (expected.kind === 'environment') {
      await ensureEnvironment(fake.azure, agent, await readEnvironmentFile(await readAssetFile(file)));
    } else {
      const job = await readCommandJob(await readAssetFile(file), workspaceId);
      const name = job.name ?? 'a-name';
      const resolved = await resolveJob(fake.azure, agent, job);
      await putJob(fake.azure, name, commandJobBody(job, name, resolved));
    }
  } catch (error) {
    return { error: { message: String(error) } };
  }
  return { calls: calls(fake.seen) };
}

interface Upload {
  upload: { to: string; files: { path: string; size: number; sha256: string }[]; confirm?: unknown };
}

/** Blob PUTs to one place, one after the other, are one upload; look-ups do not count. */
function calls(seen: readonly Seen[]): unknown[] {
  const list: (Upload | { method: string; path: string; body: unknown })[] = [];
  const uploads = new Map<string, Upload>();
  for (const { method, path: at, body, host, headers } of seen) {
    if (method === 'GET' || method === 'HEAD') continue;
    if (!host.includes('.blob.')) {
      list.push({ method, path: at, body });
      continue;
    }
    const [, base = '', below = ''] =
      /^(\/(?:blobstore\/LocalUpload\/[0-9a-f]{64}|upload-[0-9a-f]{8}))\/(.*)$/.exec(at) ?? [];
    const to = `https://${host}${base}`;
    let entry = uploads.get(to);
    if (!entry) {
      entry = { upload: { to, files: [] } };
      uploads.set(to, entry);
      list.push(entry);
    }
    const bytes = Buffer.isBuffer(body) ? body : Buffer.from('');
    entry.upload.files.push({ path: below, size: bytes.length, sha256: sha256(bytes) });
    if (headers['x-ms-meta-upload_status']) {
      const metadata = {
        name: headers['x-ms-meta-name'],
        version: headers['x-ms-meta-version'],
        upload_status: 'completed',
      };
      entry.upload.confirm = { on: below, metadata };
    }
  }
  return list;
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
