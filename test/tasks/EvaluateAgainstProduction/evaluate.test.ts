import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { TaskError } from '../../../lib/agent/errors';
import type { EvaluationEvidence } from '../../../lib/evidence/types';
import { evaluate } from '../../../tasks/EvaluateAgainstProduction/evaluate';
import type { Inputs } from '../../../tasks/EvaluateAgainstProduction/inputs';
import { defaultPolicy, type Policy } from '../../../tasks/EvaluateAgainstProduction/policy';
import { FakeAgent } from '../../support/fake-agent';
import { fakeAzure, type FakeAnswer } from './fake-azure';

const workspace = '/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w';

/** Files by `job/path`, resources by path below the workspace. */
interface World {
  files: Record<string, string>;
  resources: Record<string, unknown>;
}

function ridge(alpha: string): string {
  return readFileSync(path.join(__dirname, 'fixtures', `ridge-${alpha}.csv`), 'utf8');
}

function model(job: string | undefined): unknown {
  return { properties: { jobName: job } };
}

function deployment(version: string): unknown {
  return { properties: { model: `${workspace}/models/diabetes/versions/${version}` } };
}

function production(traffic: Record<string, number>): Record<string, unknown> {
  return {
    '/onlineEndpoints/diabetes': { name: 'diabetes', properties: { traffic } },
    '/onlineEndpoints/diabetes/deployments/blue': deployment('3'),
    '/onlineEndpoints/diabetes/deployments/green': deployment('4'),
    '/models/diabetes/versions/3': model('champion'),
    '/models/diabetes/versions/4': model('other'),
    '/jobs/candidate': { properties: { status: 'Completed' } },
  };
}

function route(world: World, url: URL): FakeAnswer | undefined {
  const run = /\/artifacts\/ExperimentRun\/dcid\.([^/]+)(\/contentinfo)?$/.exec(url.pathname);
  if (run?.[2])
    return { body: { contentUri: `https://blobs.test/${run[1] ?? ''}/${url.searchParams.get('path') ?? ''}?sig=x` } };
  if (run) {
    const paths = Object.keys(world.files).filter((name) => name.startsWith(`${run[1] ?? ''}/`));
    return { body: { value: paths.map((name) => ({ path: name.slice(name.indexOf('/') + 1) })) } };
  }
  if (url.host === 'blobs.test') {
    const content = world.files[url.pathname.slice(1)];
    return content === undefined ? undefined : { body: Readable.from([Buffer.from(content)]) };
  }
  const resource = world.resources[url.pathname.replace(workspace, '')];
  if (resource !== undefined) return { body: resource };
  if (url.pathname === `${workspace}/onlineEndpoints`) {
    const names = Object.keys(world.resources).filter((name) => /^\/onlineEndpoints\/[^/]+$/.test(name));
    return { body: { value: names.map((name) => world.resources[name]) } };
  }
  return undefined;
}

const inputs: Inputs = {
  candidateJob: 'candidate',
  predictions: 'predictions.csv',
  endpoint: 'diabetes',
  metric: 'mse',
  whenNotBetter: 'succeed',
};

async function run(
  world: World,
  change: Partial<Inputs> = {},
  policy: Partial<Policy> = {},
): Promise<{ agent: FakeAgent; outcome: Awaited<ReturnType<typeof evaluate>>; cancelled: number }> {
  const agent = new FakeAgent();
  const azure = fakeAzure(agent, (_request, url) => route(world, url));
  let cancelled = 0;
  const cancelRun = (): Promise<void> => {
    cancelled++;
    return Promise.resolve();
  };
  const outcome = await evaluate(
    { ...inputs, ...change },
    { ...defaultPolicy, ...policy },
    { azure, agent, cancelRun },
  );
  return { agent, outcome, cancelled };
}

function against(
  candidate: string,
  champion = '0.5',
  traffic: Record<string, number> = { blue: 100, green: 0 },
): World {
  return {
    files: { 'candidate/predictions.csv': ridge(candidate), 'champion/predictions.csv': ridge(champion) },
    resources: production(traffic),
  };
}

async function refused(world: World, pattern: RegExp, change: Partial<Inputs> = {}): Promise<void> {
  await assert.rejects(run(world, change), (error) => {
    assert.ok(error instanceof TaskError, String(error));
    assert.match(`${error.message}\n${error.advice ?? ''}`, pattern);
    return true;
  });
}

describe('EvaluateAgainstProduction', () => {
  it('says notBetter for alpha 2.0 against 0.5 and succeeds', async () => {
    const { agent, outcome } = await run(against('2.0'));
    assert.equal(outcome.result, 'succeeded');
    assert.equal(agent.outputs['decision'], 'notBetter');
    assert.equal(agent.outputs['promote'], 'false');
    assert.equal(agent.outputs['championVersion'], '3');
  });

  it('says unsure for alpha 0.4 against 0.5, where the peers promote', async () => {
    const { agent } = await run(against('0.4'));
    assert.equal(agent.outputs['decision'], 'unsure');
    assert.equal(agent.outputs['promote'], 'false');
    assert.match(agent.summaries[0]?.markdown ?? '', /cannot be told from chance/);
  });

  it('says better when the improvement is more than chance', async () => {
    const world = against('0.5');
    world.files['champion/predictions.csv'] = ridge('0.5').replace(/,([^,\n]+)$/gm, (all, value: string) =>
      value === 'candidate' ? all : `,${Number(value) + 60}`,
    );
    const { agent } = await run(world);
    assert.equal(agent.outputs['decision'], 'better');
    assert.equal(agent.outputs['promote'], 'true');
  });

  it('says notBetter when the candidate is what production runs', async () => {
    const world = against('0.5');
    const { agent } = await run(world);
    assert.equal(agent.outputs['decision'], 'notBetter');
    assert.match(agent.log, /same answer for every row/);
  });

  it('leaves evidence that names metrics of both, interval, rows, seed and models', async () => {
    const { agent } = await run(against('2.0'));
    const [attachment] = agent.attachments;
    assert.equal(attachment?.type, 'mlops.evaluation.v1');
    assert.equal(agent.outputs['evidencePath'], attachment.file);
    const body = JSON.parse(attachment.content) as Record<string, Record<string, unknown> | undefined>;
    assert.equal(body['kind'], 'mlops.evaluation.v1');
    assert.equal((body['candidate']?.['metrics'] as Record<string, number>)['mse']?.toFixed(4), '3592.0088');
    assert.equal((body['champion']?.['metrics'] as Record<string, number>)['mse']?.toFixed(4), '3298.8856');
    assert.deepEqual(body['champion']?.['model'], {
      id: `${workspace}/models/diabetes/versions/3`,
      name: 'diabetes',
      version: '3',
    });
    assert.equal(body['holdout']?.['rows'], 89);
    assert.match(String(body['holdout']['fingerprint']), /^[0-9a-f]{64}$/);
    assert.equal(body['policy']?.['seed'], 1);
  });

  it('shows segments beside the decision and does not let them decide', async () => {
    const world = against('0.4');
    const rows = ridge('0.4').trim().split('\n');
    world.files['candidate/predictions.csv'] = rows
      .map((row, index) => `${row.trim()},${index === 0 ? 'region' : index % 3 === 0 ? 'a|b' : 'hidden'}`)
      .join('\n');
    const plain = await run(against('0.4'));
    const { agent } = await run(world, {}, { segments: [{ column: 'region', values: ['a|b', 'c'] }] });
    assert.equal(agent.outputs['decision'], plain.agent.outputs['decision']);
    const { segments } = JSON.parse(agent.attachments[0]?.content ?? '') as EvaluationEvidence;
    assert.equal(segments?.[0]?.rows, 29);
    assert.ok(segments[0].candidate !== undefined && segments[0].champion !== undefined);
    assert.deepEqual(segments[1], { segment: 'region', value: 'c', rows: 0, note: 'fewer than 10 rows' });
    assert.match(
      agent.summaries[0]?.markdown ?? '',
      /Segments \(no part of the decision\)[^]*\| region \| a\\\|b \| 29 \|/,
    );
    assert.doesNotMatch(agent.everything, /hidden/);
    assert.equal((JSON.parse(plain.agent.attachments[0]?.content ?? '') as EvaluationEvidence).segments, undefined);
  });

  it('keeps no key, truth, answer or group of the predictions in its record', async () => {
    const world = against('0.5');
    const rows = (wrong: number): string =>
      Array.from({ length: 40 }, (_, row) => `Mark-${row},Mark-${row % 2},Mark-${row < wrong ? 7 : row % 2},Mark,Mark`).join('\n');
    const head = 'key,truth,candidate,region,notes\n';
    world.files = { 'candidate/predictions.csv': head + rows(9), 'champion/predictions.csv': head + rows(4) };
    const segments = { segments: [{ column: 'region', values: ['north'] }] };
    const { agent } = await run(world, { metric: 'accuracy' }, segments);
    const [record] = agent.attachments;
    assert.equal((JSON.parse(record?.content ?? '') as EvaluationEvidence).decision, 'notBetter');
    assert.doesNotMatch(record?.content ?? '', /Mark/);
  }); // prettier-ignore

  it('calls the first model so when nothing serves, and shows its metrics', async () => {
    for (const resources of [
      { '/jobs/candidate': { properties: { status: 'Completed' } } },
      production({ blue: 0 }),
      production({}),
    ]) {
      const { agent } = await run({ files: { 'candidate/predictions.csv': ridge('0.5') }, resources });
      assert.deepEqual(
        [agent.outputs['decision'], agent.outputs['promote'], agent.outputs['championVersion']],
        ['firstModel', 'true', ''],
      );
      assert.match(agent.log, /mse 3298\.9/);
    }
  });

  it('takes the deployment with the most traffic and says so', async () => {
    const world = against('0.4', '0.5', { blue: 80, green: 20 });
    const { agent } = await run(world);
    assert.equal(agent.outputs['championVersion'], '3');
    assert.match(agent.warnings.join(), /blue 80 %, green 20 %/);
  });

  it('finds the endpoint by the model it serves', async () => {
    const { agent } = await run(against('2.0'), { endpoint: undefined, modelName: 'diabetes' });
    assert.equal(agent.outputs['championVersion'], '3');
    const none = await run(against('2.0'), { endpoint: undefined, modelName: 'churn' });
    assert.equal(none.agent.outputs['decision'], 'firstModel');
  });

  it('refuses to guess between two endpoints, and lists them', async () => {
    const world = against('2.0');
    world.resources['/onlineEndpoints/second'] = { name: 'second', properties: { traffic: { red: 100 } } };
    world.resources['/onlineEndpoints/second/deployments/red'] = deployment('3');
    await refused(world, /2 endpoints: diabetes, second/, { endpoint: undefined, modelName: 'diabetes' });
  });

  it('refuses an endpoint that serves another model', () =>
    refused(against('2.0'), /serves the model diabetes, not churn/, { modelName: 'churn' }));

  it('refuses a champion without a job', async () => {
    const world = against('2.0');
    world.resources['/models/diabetes/versions/3'] = model(undefined);
    await refused(world, /diabetes:3 does not say which job made it/);
  });

  it('refuses a missing predictions file and lists the CSV files that are there', async () => {
    const world = against('2.0');
    world.files['champion/holdout/old.csv'] = 'x';
    delete world.files['champion/predictions.csv'];
    await refused(world, /champion diabetes:3[^]*holdout\/old\.csv/);
  });

  it('refuses a job that is not completed or not there', async () => {
    const running = against('2.0');
    running.resources['/jobs/candidate'] = { properties: { status: 'Running' } };
    await refused(running, /Running, not Completed/);
    const missing = against('2.0');
    delete missing.resources['/jobs/candidate'];
    await refused(missing, /no job candidate/);
  });

  describe('compares the same hold-out rows only', () => {
    it('refuses another truth for a key', async () => {
      const world = against('0.4');
      world.files['champion/predictions.csv'] = ridge('0.5').replace(/^(\d+),(\d+)/m, '$1,999');
      await refused(world, /1 of 89 keys have another truth/);
    });

    it('refuses rows that do not join, and says how many do', async () => {
      const world = against('0.4');
      world.files['champion/predictions.csv'] = ridge('0.5').split('\n').slice(0, 51).join('\n');
      await refused(world, /Only 50 hold-out rows .*candidate 89, champion 50/);
      const { agent } = await run(world, {}, { minimumOverlap: 0.5 });
      assert.equal(agent.outputs['decision'] === 'better', false);
    });

    it('refuses a key that repeats', async () => {
      const world = against('0.4');
      const lines = ridge('0.4').trimEnd().split('\n');
      world.files['candidate/predictions.csv'] = [...lines, lines[1]].join('\n');
      await refused(world, /line 91: the key is there already in line 2/);
    });

    it('joins by key, whatever the order of the rows', async () => {
      const world = against('2.0');
      const [header, ...rows] = ridge('0.5').trimEnd().split('\n');
      world.files['champion/predictions.csv'] = [header, ...rows.reverse()].join('\n');
      const ordered = await run(against('2.0'));
      const reversed = await run(world);
      assert.equal(reversed.agent.attachments[0]?.content, ordered.agent.attachments[0]?.content);
    });

    it('refuses a file without its columns', async () => {
      const world = against('0.4');
      world.files['candidate/predictions.csv'] = 'id,y,yhat\n1,2,3\n';
      await refused(world, /no column "key"/);
    });
  });

  it('ends as whenNotBetter says', async () => {
    const results = {
      succeed: 'succeeded',
      warn: 'succeededWithIssues',
      fail: 'failed',
      cancelRun: 'succeeded',
    } as const;
    for (const [whenNotBetter, result] of Object.entries(results)) {
      const { outcome, cancelled } = await run(against('2.0'), {
        whenNotBetter: whenNotBetter as Inputs['whenNotBetter'],
      });
      assert.equal(outcome.result, result);
      assert.equal(cancelled, whenNotBetter === 'cancelRun' ? 1 : 0);
    }
  });

  it('stops when the step is cancelled', async () => {
    const agent = new FakeAgent();
    agent.cancellation.abort();
    const world = against('0.4');
    const azure = fakeAzure(agent, (_request, url) => route(world, url));
    const cancelRun = (): Promise<void> => Promise.resolve();
    await assert.rejects(evaluate(inputs, defaultPolicy, { azure, agent, cancelRun }), { name: 'CancelledError' });
  });
});
