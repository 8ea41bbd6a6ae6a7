import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse } from 'yaml';
import { readAssetFile, type AssetFile } from '../../../lib/assets/document';
import {
  onlineDeploymentBody,
  onlineEndpointBody,
  readOnlineDeployment,
  readOnlineEndpoint,
} from '../../../lib/assets/online';
import { ensureCollections, resolveDeployment } from '../../../tasks/DeployModel/resolve';
import { contracts, hasContracts } from '../../support/contracts';
import { FakeAgent } from '../../support/fake-agent';
import { FakeAssets, FakeAzure, workspaceId, type Seen } from '../../support/fake-azure';
import { comparer, expectedFiles, type Expected } from './parity';

const folder = path.join(contracts, 'aml-files');

async function fileOf(content: string): Promise<AssetFile> {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'online-')), 'file.yml');
  writeFileSync(file, content);
  return readAssetFile(file);
}

/** Our calls for a file, in the form of the recorded ones. */
async function translate(expected: Expected, asset: () => Promise<AssetFile>): Promise<unknown> {
  const agent = new FakeAgent();
  const fake = new FakeAzure(agent);
  new FakeAssets(fake);
  // What a file brings along itself is not there yet.
  fake.on('GET', '{ws}/models/([^/]+)', (_seen, [, name]) =>
    fake.calls('GET', `{ws}/models/${name ?? ''}/versions/1`).length > 0 ? undefined : { status: 404, body: {} },
  );
  try {
    const file = await asset();
    if (expected.kind.endsWith('endpoint')) {
      const endpoint = readOnlineEndpoint(file, workspaceId);
      const body = onlineEndpointBody(endpoint, 'westeurope');
      return { calls: [put(`/onlineEndpoints/${endpoint.name ?? 'unnamed'}`, body)] };
    }
    const deployment = await readOnlineDeployment(file);
    fake.on('GET', '{ws}/models/[^/]+/versions/[^/]+', ({ path: id }) => ({ body: { id, properties: {} } }));
    const resolved = await resolveDeployment(fake.azure, agent, deployment, undefined);
    const endpoint = deployment.endpointName ?? textOf(expected.set?.['endpoint_name'], 'endpoint');
    const name = deployment.name ?? textOf(expected.set?.['name'], 'unnamed');
    const dataIds = await ensureCollections(fake.azure, deployment, endpoint, name);
    const body = onlineDeploymentBody(deployment, { ...resolved, dataIds }, 'westeurope');
    return { calls: [...calls(fake.seen), put(`/onlineEndpoints/${endpoint}/deployments/${name}`, body)] };
  } catch (error) {
    return { error: { message: String(error) } };
  }
}

function textOf(value: unknown, fallback: string): string {
  return typeof value === 'string' ? value : fallback;
}

function put(below: string, body: unknown): unknown {
  return { method: 'PUT', path: `${workspaceId}${below}`, body: JSON.parse(JSON.stringify(body)) as unknown };
}

function calls(seen: readonly Seen[]): unknown[] {
  const list: unknown[] = [];
  const uploads = new Map<string, { path: string; size: number; sha256: string }[]>();
  for (const { method, path: at, body, host } of seen) {
    if (method === 'GET' || method === 'HEAD') continue;
    if (!host.includes('.blob.')) {
      list.push({ method, path: at, body });
      continue;
    }
    const found = /^(\/(?:blobstore\/LocalUpload\/[0-9a-f]{64}|upload-[0-9a-f]{8}))\/(.*)$/.exec(at);
    const to = `https://${host}${found?.[1] ?? ''}`;
    if (!uploads.has(to)) {
      uploads.set(to, []);
      list.push({ upload: { to, files: uploads.get(to) } });
    }
    const bytes = Buffer.isBuffer(body) ? body : Buffer.from('');
    uploads.get(to)?.push({
      path: found?.[2] ?? '',
      size: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    });
  }
  return list;
}

const kinds = [
  'managed online deployment',
  'kubernetes online deployment',
  'managed online endpoint',
  'kubernetes online endpoint',
];

/** Files that we refuse or accept otherwise than the Python SDK, each with the reason. */
const different: Record<string, string> = {
  'cli/generative-ai/promptflow/deploy-flow/deployment-with-docker-context-environment.yaml':
    "the placeholder {insert random GUID} is a map to YAML, of which the SDK sends Python's spelling; here it is an error",
};

interface Mutant {
  file: string;
  kind: string;
  what: string;
  op: { op: 'remove' | 'rename' | 'replace'; path: string; to?: string; value?: unknown };
  verdict: string;
  message?: string;
}

function mutate(document: unknown, { op, path: pointer, to, value }: Mutant['op']): unknown {
  const copy = structuredClone(document) as Record<string, unknown>;
  const keys = pointer.slice(1).split('/').map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = keys.pop()!;
  const parent = keys.reduce((at, key) => at[key] as Record<string, unknown>, copy);
  const old = parent[last];
  if (op === 'replace') parent[last] = value;
  else Reflect.deleteProperty(parent, last);
  if (op === 'rename') parent[to!] = old;
  return copy;
} // prettier-ignore

describe('online endpoint and deployment files against the recorded calls of azure-ai-ml', function () {
  if (!hasContracts('aml-files')) {
    it('needs ../shared/contracts/aml-files, which is not here', function () {
      this.skip();
    });
    return;
  }
  for (const kind of kinds) {
    it(`translates every ${kind} file into the same calls`, async () => {
      const compare = await comparer();
      const files = expectedFiles(kind);
      const problems: string[] = [];
      for (const expected of files) {
        const found = await translate(expected, () => readAssetFile(path.join(folder, 'files', expected.file)));
        const differences = compare(expected, found);
        if ((differences.length === 0) === expected.file in different) {
          problems.push(`${expected.file}: ${JSON.stringify(differences, null, 1)}`);
        }
      }
      assert.ok(files.length > 0);
      assert.deepEqual(problems, []);
    });
  }

  it('refuses the damaged copies that the Python SDK refuses', async () => {
    const mutants = readFileSync(path.join(folder, 'mutants.jsonl'), 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Mutant)
      .filter(({ kind, verdict }) => kinds.includes(kind) && verdict === 'refuses');
    const accepted: string[] = [];
    for (const mutant of mutants) {
      const original = path.join(folder, 'files', mutant.file);
      const text = JSON.stringify(mutate(parse(readFileSync(original, 'utf8')), mutant.op));
      const asset = async () => ({ ...(await fileOf(text)), folder: path.dirname(original) });
      const found = await translate({ file: mutant.file, kind: mutant.kind }, asset);
      if (typeof found === 'object' && found !== null && 'calls' in found) {
        accepted.push(
          `${mutant.op.op} ${mutant.op.path} ${JSON.stringify(mutant.op.value ?? '')}: ${mutant.message ?? ''}`,
        );
      }
    }
    // The inputs of the task or the content give these names, and the endpoint is looked at when it is deployed to.
    const unexpected = accepted.filter(
      (line) => !/^remove \/(?:name|endpoint_name) |^replace \/endpoint_name "/.test(line),
    );
    assert.ok(mutants.length > 100);
    assert.deepEqual(unexpected, []);
  });
});

describe('online deployment files', () => {
  it('need no name of deployment and endpoint', async () => {
    const deployment = await readOnlineDeployment(await fileOf('instance_type: Standard_DS3_v2\n'));
    assert.equal(deployment.name, undefined);
    assert.equal(deployment.instanceCount, 1);
  });

  it('refuse a key of the other kind with its place', async () => {
    const file = await fileOf('instance_type: a\nresources: {requests: {cpu: "1"}}\n');
    await assert.rejects(readOnlineDeployment(file), /file\.yml:2:1: unknown key "resources"/);
  });

  it('refuse a scoring script that is not there', async () => {
    const file = await fileOf('instance_type: a\ncode_configuration: {code: ., scoring_script: none.py}\n');
    await assert.rejects(readOnlineDeployment(file), /none\.py does not exist/);
  });

  for (const [ms, text] of [[90_000, 'PT1M30S'], [1500, 'PT1.5S'], [500, 'PT0.5S'], [60_250, 'PT1M0.25S'], [86_400_001, 'P1DT0.001S'], [0, 'P0D']] as const) {
    it(`write ${ms} ms as ${text}`, async () => {
      const file = await fileOf(`instance_type: a\nrequest_settings: {request_timeout_ms: ${ms}}\n`);
      assert.equal((await readOnlineDeployment(file)).requestSettings?.['requestTimeout'], text);
    });
  } // prettier-ignore
});
