import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { leaveEvidence, type Leaving } from '../../../lib/agent/leave-evidence';
import { mergeEntry } from '../../../lib/agent/run-index';
import { sha256Hex } from '../../../lib/agent/hash';
import type { IndexEntry } from '../../../lib/evidence/index-entry';
import { modelVersionSchema } from '../../../lib/evidence/schemas/model-version';
import { packageSchema } from '../../../lib/evidence/schemas/package';
import { FakeAgent } from '../../support/fake-agent';
import { FakeRun, token, type RunCall } from '../../support/fake-run';

const digest = `sha256:${'a'.repeat(64)}`;
const image = `cr.azurecr.io/churn@${digest}`;
const variables = {
  'Build.BuildId': '812',
  'System.TeamProject': 'Churn',
  'System.StageName': 'build',
  'System.PhaseName': 'package',
  'System.JobName': '__default',
  'System.TaskInstanceName': 'PackageModel',
};
const leaving: Leaving<'mlops.package.v1'> = {
  schema: packageSchema,
  name: 'package',
  body: { image, digest, registry: 'cr.azurecr.io', model: { name: 'churn', version: '7' } },
  facts: { model: 'churn', version: '7', image },
  lease: { name: 'churn', version: '7' },
};

function leave(run: FakeRun, agent = new FakeAgent({ variables })) {
  return leaveEvidence(agent, leaving, { open: () => run.service, jitterMs: 1 });
}

function index(run: FakeRun): IndexEntry[] {
  return JSON.parse(run.properties.get('mlops.v1.package') ?? '[]') as IndexEntry[];
}

describe('evidence that a step leaves', () => {
  it('is attached, tagged, entered in the index and kept', async () => {
    const run = new FakeRun();
    const agent = new FakeAgent({ variables });
    const left = await leave(run, agent);
    const [attachment] = agent.attachments;
    assert.equal(attachment?.type, 'mlops.package.v1');
    assert.equal(attachment.name, 'package-package-PackageModel.json');
    assert.deepEqual(left, { file: attachment.file, name: attachment.name, sha256: sha256Hex(attachment.content) });
    assert.deepEqual(agent.tags, ['mlops', `mlops.m.${sha256Hex('churn').slice(0, 8)}`]);
    const [entry] = index(run);
    assert.match(entry?.at ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.deepEqual(entry, {
      ...{ name: left.name, sha256: left.sha256, stage: 'build', at: entry?.at },
      ...{ model: 'churn', version: '7', image },
    });
    assert.equal(run.leases[0]?.['ownerId'], 'mlops:churn:7');
    assert.deepEqual(agent.lines, []);
  });

  it('takes the digest of the bytes that are attached, also when the agent hid something in them', async () => {
    const run = new FakeRun();
    const agent = new FakeAgent({ variables });
    const attach = agent.attach.bind(agent);
    agent.attach = (type, name, content) => {
      const file = attach(type, name, content);
      writeFileSync(file, '***');
      return file;
    };
    assert.equal((await leave(run, agent)).sha256, sha256Hex('***'));
    assert.equal(index(run)[0]?.sha256, sha256Hex('***'));
  });

  it('has a name of its own for each step of a stage', async () => {
    const names: string[] = [];
    const steps = [
      {},
      { 'System.TaskInstanceName': 'full' },
      { 'System.PhaseName': 'other' },
      { 'System.JobName': 'linux/py 3' },
      { 'System.PhaseName': 'p'.repeat(100), 'System.JobName': 'j'.repeat(60) },
      { 'System.PhaseName': 'p'.repeat(100), 'System.JobName': 'j'.repeat(60), 'System.TaskInstanceName': 'full' },
    ];
    for (const more of steps) {
      names.push((await leave(new FakeRun(), new FakeAgent({ variables: { ...variables, ...more } }))).name);
    }
    assert.equal(new Set(names).size, names.length);
    assert.ok(names.every((name) => /^[\w.-]+\.json$/.test(name)), names.join()); // prettier-ignore
  });

  it('is kept once when the step runs again', async () => {
    const run = new FakeRun();
    await leave(run);
    await leave(run);
    assert.equal(run.leases.length, 1);
    assert.equal(index(run).length, 1);
  });

  it('is entered again when another job overwrote the index', async () => {
    const run = new FakeRun();
    const other = JSON.stringify([{ name: 'other.json', stage: 'build', sha256: 'b' }]);
    let writes = 0;
    run.override = ({ method, path }) => {
      if (path.includes('/properties') && method === 'PATCH') writes++;
      if (path.includes('/properties') && method === 'GET' && writes === 1) run.properties.set('mlops.v1.package', other);
      return undefined;
    }; // prettier-ignore
    await leave(run);
    assert.equal(writes, 2);
    assert.deepEqual(
      index(run).map(({ name }) => name),
      ['other.json', 'package-package-PackageModel.json'],
    );
  });

  /** A run that registers one version after another, as with a model for each shop. */
  async function register(count: number): Promise<{ run: FakeRun; agent: FakeAgent }> {
    const run = new FakeRun();
    const agent = new FakeAgent({ variables });
    const metrics = Object.fromEntries(['auc', 'accuracy', 'f1', 'precision', 'recall'].map((name) => [name, 1 / 3]));
    for (let shop = 1; shop <= count; shop++) {
      const model = { name: `churn-of-the-shop-${shop}`, version: '7' };
      const body = {
        model,
        job: 'j',
        path: 'model',
        modelType: 'mlflow_model',
        digest,
        created: true,
        metrics,
        tags: {},
      };
      const facts = { model: model.name, version: '7', workspace: 'mlw-mlops-production', metrics };
      const name = `model-${shop}`;
      await leaveEvidence(agent, { schema: modelVersionSchema, name, body, facts }, { open: () => run.service });
    }
    return { run, agent };
  }

  it('is in the index with all others when a run registers twelve models', async () => {
    const { run, agent } = await register(12);
    assert.equal((JSON.parse(run.properties.get('mlops.v1.model-version') ?? '') as unknown[]).length, 12);
    assert.deepEqual(agent.lines, []);
  });

  it('says which records lists will not show when a run registers two hundred', async () => {
    const { run, agent } = await register(200);
    const kept = (JSON.parse(run.properties.get('mlops.v1.model-version') ?? '') as IndexEntry[]).map(
      ({ name }) => name,
    );
    assert.equal(kept.at(-1), 'model-200-package-PackageModel.json');
    assert.match(agent.lines[0] ?? '', /^Note: .* had to go: model-1-package-PackageModel\.json\. .*will not show/);
    for (const { name } of agent.attachments) {
      assert.notEqual(kept.includes(name), agent.log.includes(` ${name}`), name);
    }
    // One line a step, and only from the steps that found no room.
    assert.ok(agent.lines.length <= 200 - kept.length, agent.log);
  });

  it('gives up after three writes', async () => {
    const run = new FakeRun();
    run.override = ({ method, path }) =>
      path.includes('/properties') && method === 'GET' ? { body: { count: 0, value: {} } } : undefined;
    const agent = new FakeAgent({ variables });
    await leave(run, agent);
    assert.equal(run.paths('PATCH').length, 3);
    assert.match(agent.log, /keep overwriting the index/);
  });

  const refusals: [string, (call: RunCall) => { status: number } | undefined, RegExp[], RegExp?][] = [
    [
      'the index',
      ({ path }) => (path.includes('/properties') ? { status: 403 } : undefined),
      [/answered 403/, /pages that list runs/, /"Update build information"/],
      /Retain/,
    ],
    [
      'the lease',
      ({ method, path }) => (path.includes('/leases') && method === 'POST' ? { status: 403 } : undefined),
      [/the run is not kept/, /"Retain indefinitely"/],
      /Update build/,
    ],
    ['everything', () => ({ status: 401 }), [/"Update build information" and "Retain indefinitely"/, /of Churn/]],
    ['everything for a while', () => ({ status: 503 }), [/503/]],
  ];
  for (const [what, refuse, said, unsaid] of refusals) {
    it(`says in one line what the hub lacks when Azure DevOps refuses ${what}`, async () => {
      const run = new FakeRun();
      run.override = refuse;
      const agent = new FakeAgent({ variables });
      await leave(run, agent);
      assert.equal(agent.attachments.length, 1);
      assert.equal(agent.lines.length, 1, agent.log);
      for (const pattern of said) assert.match(agent.log, pattern);
      if (unsaid) assert.doesNotMatch(agent.log, unsaid);
      assert.deepEqual([agent.warnings, agent.errors], [[], []]);
      assert.doesNotMatch(agent.everything, new RegExp(token));
    });
  }

  it('does not wait for a service that hangs', async () => {
    const agent = new FakeAgent({ variables });
    const open = () => new Promise<never>(() => undefined);
    await leaveEvidence(agent, leaving, { open, deadlineMs: 20 });
    assert.match(agent.log, /no answer within/);
  });

  it('says so without the job token, and goes on', async () => {
    const agent = new FakeAgent({ variables });
    await leaveEvidence(agent, leaving);
    assert.match(agent.log, /no job access token/);
    assert.equal(agent.lines.length, 1);
  });

  const elsewhere: Record<string, string>[] = [{ 'Build.BuildId': '' }, { 'System.HostType': 'release' }];
  for (const more of elsewhere) {
    it(`calls nobody and tags nothing outside a run (${JSON.stringify(more)})`, async () => {
      const run = new FakeRun();
      const agent = new FakeAgent({ variables: { ...variables, ...more } });
      await leave(run, agent);
      assert.deepEqual([run.calls, agent.tags], [[], []]);
      assert.equal(agent.attachments.length, 1);
      assert.match(agent.log, /no run of a pipeline/);
    });
  }
});

describe('index of a run', () => {
  const entry = (name: string, more: object = {}): IndexEntry<'mlops.smoke.v1'> => ({
    ...{ name, sha256: 'a'.repeat(64), stage: 's', at: '2026-11-20T09:00:00Z', verdict: 'passed' },
    ...more,
  });
  const names = (text: string) => (JSON.parse(text) as { name: string }[]).map(({ name }) => name);

  it('has one entry for a name in a stage', () => {
    const { merged: first } = mergeEntry(undefined, entry('a'));
    const { merged: second } = mergeEntry(first, entry('a', { sha256: 'b'.repeat(64) }));
    assert.equal((JSON.parse(second) as unknown[]).length, 1);
    assert.match(second, /bbbb/);
    assert.deepEqual(names(mergeEntry(second, entry('a', { stage: 't' })).merged), ['a', 'a']);
  });

  it('keeps what an earlier attempt of the stage left serving', () => {
    const { merged: first } = mergeEntry(undefined, entry('a'));
    const { merged: second } = mergeEntry(first, { ...entry('a'), attempt: 2 });
    assert.deepEqual(names(second), ['a', 'a']);
    assert.deepEqual(names(mergeEntry(second, { ...entry('a'), attempt: 2 }).merged), ['a', 'a']);
  });

  it('names its oldest entries as gone before it has more than 16 KiB', () => {
    let text: string | undefined;
    const lost: string[] = [];
    for (let step = 0; step < 200; step++) {
      const { merged, gone } = mergeEntry(text, entry(`größe-${step}`));
      assert.ok(Buffer.byteLength(merged) <= 16 * 1024);
      text = merged;
      lost.push(...gone);
    }
    const all = Array.from({ length: 200 }, (_, step) => `größe-${step}`);
    assert.deepEqual([...lost, ...names(text ?? '')], all);
    assert.ok(lost.length > 0 && lost.length < 150);
  });

  for (const text of ['', 'no JSON', '{"a":1}', '[1,null,"x"]']) {
    it(`begins anew after ${JSON.stringify(text)}`, () => {
      assert.deepEqual(names(mergeEntry(text, entry('a')).merged), ['a']);
    });
  }

  it('refuses an entry that is too large', () => {
    assert.throws(() => mergeEntry('[]', entry('a'.repeat(17_000))), /more than 16384 bytes/);
  });
});
