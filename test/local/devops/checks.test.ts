import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';

import type { LocalDevOps } from '../../../local/devops';
import { anything, check, map, shape } from '../../../local/devops/shape';
import { call, newRun, stage, start, user, values, type Reply } from './support';

const version = 'api-version=7.2-preview.1';
const path = 'diabetes/_apis/pipelines/checks/configurations';
const contract = join(
  __dirname,
  '../../../../shared/contracts/azure-devops/specification/approvalsAndChecks/7.1/pipelinesChecks.json',
);

const kinds: {
  title: string;
  record: string;
  type: { id: string; name: string };
  settings: Record<string, unknown>;
}[] = [
  {
    title: 'Exclusive lock',
    record: 'Checkpoint.ExclusiveLock',
    type: { id: '2ef31ad6-baa0-403a-8b45-2cbc9b4e5563', name: 'ExclusiveLock' },
    settings: {},
  },
  {
    title: 'Required template',
    record: 'Checkpoint.ExtendsCheck',
    type: { id: '4020e66e-b0f3-47e1-bc88-48f3cc59b5f3', name: 'ExtendsCheck' },
    settings: {
      extendsChecks: [
        { repositoryType: 'git', repositoryName: 'p/r', repositoryRef: 'refs/heads/main', templatePath: 'mlops.yml' },
      ],
    },
  },
  {
    title: 'Branch control',
    record: 'Checkpoint.TaskCheck',
    type: { id: 'fe1de3ee-a436-41b4-bb20-f6eb4cb879a7', name: 'Task Check' },
    settings: {
      definitionRef: { id: '86b05a0c-73e6-4f7d-b3cf-e38f3b39a75b', name: 'evaluatebranchProtection', version: '0.0.1' },
      inputs: { allowedBranches: 'refs/heads/main', ensureProtectionOfBranch: 'true' },
    },
  },
  {
    title: 'Business hours',
    record: 'Checkpoint.TaskCheck',
    type: { id: 'fe1de3ee-a436-41b4-bb20-f6eb4cb879a7', name: 'Task Check' },
    settings: {
      definitionRef: { id: '445fde2f-6c39-441c-807f-8a59ff2e075f', name: 'evaluateBusinessHours', version: '0.0.1' },
      displayName: 'Business hours',
      inputs: { businessDays: 'Monday', timeZone: 'UTC', startTime: '07:00', endTime: '19:00' },
    },
  },
];

describe('checks of an environment', () => {
  let devops: LocalDevOps;
  let environment: number;
  const as = (who: 'ana' | 'cleo', method: string, at: string, body?: unknown): Promise<Reply> =>
    call(devops, user(devops, who).token, method, at, body);
  const configuration = (index: number): Record<string, unknown> => ({
    type: kinds[index]?.type,
    settings: kinds[index]?.settings,
    resource: { type: 'environment', id: String(environment), name: 'production' },
    timeout: 1440,
  });

  beforeEach(async () => {
    devops = await start({ seed: { environments: [{ name: 'production' }] } });
    ({ id: environment } = await devops.server.environment('production'));
  });
  afterEach(() => devops.stop());

  for (const [index, { title, record }] of kinds.entries()) {
    it(`keeps ${title}, and ends a stage that reaches it by saying so`, async () => {
      const created = await as('cleo', 'POST', `${path}?${version}`, configuration(index));
      assert.equal(created.status, 200, JSON.stringify(created.body));
      const [kept] = values(
        await as(
          'ana',
          'GET',
          `${path}?resourceType=environment&resourceId=${environment}&$expand=settings&${version}`,
        ),
      );
      assert.deepEqual([kept?.['type'], kept?.['settings']], [kinds[index]?.type, kinds[index]?.settings]);
      const run = await newRun(devops);
      const production = stage('Production');
      await devops.server.updateTimeline(run.id, [production]);
      const gate = devops.server.waitForChecks(
        {
          runId: run.id,
          stage: { name: 'Production', recordId: production.id, attempt: 1 },
          environments: [{ id: environment, name: 'production' }],
        },
        new AbortController().signal,
        () => assert.fail('nothing is asked of a person'),
      );
      const words = `Stage 'Production' needs the check '${title}' on environment 'production', which the local Azure DevOps keeps but does not carry out`;
      await assert.rejects(gate, (error: Error) => error.message.startsWith(words));
      const records = (await as('ana', 'GET', `diabetes/_apis/build/builds/${run.id}/timeline`)).body['records'];
      const found = (records as Record<string, unknown>[]).find((one) => one['type'] === record);
      const parent = (records as Record<string, unknown>[]).find((one) => one['id'] === found?.['parentId']);
      assert.deepEqual(
        [found?.['result'], parent?.['type'], parent?.['parentId']],
        ['failed', 'Checkpoint', production.id],
      );
      assert.ok((parent?.['issues'] as { message: string }[])[0]?.message.startsWith(words));
    });
  }

  it('does not wait for a disabled one, and reads, changes and deletes with the version in hand', async () => {
    const created = (await as('cleo', 'POST', `${path}?${version}`, configuration(0))).body;
    const one = `${path}/${String(created['id'])}?${version}`;
    assert.equal((await as('ana', 'PATCH', one, { ...configuration(0), version: 1 })).status, 403);
    const changed = await as('cleo', 'PATCH', one, { ...configuration(0), version: 1, isDisabled: true });
    assert.deepEqual([changed.body['version'], changed.body['isDisabled']], [2, true]);
    assert.equal((await as('cleo', 'PATCH', one, { ...configuration(0), version: 1 })).status, 409);
    assert.equal((await as('cleo', 'PATCH', one, { ...configuration(1), version: 2 })).status, 400);
    const run = await newRun(devops);
    const record = stage('Production');
    const request = { runId: run.id, stage: { name: 'Production', recordId: record.id, attempt: 1 } };
    const environments = [{ id: environment, name: 'production' }];
    const outcome = devops.server.waitForChecks(
      { ...request, environments },
      new AbortController().signal,
      () => undefined,
    );
    assert.equal(await outcome, 'passed');
    const query = `diabetes/_apis/pipelines/checks/queryconfigurations?$expand=settings&${version}`;
    const asked = [
      { type: 'environment', id: String(environment) },
      { type: 'endpoint', id: 'x' },
    ];
    assert.equal(values(await as('ana', 'POST', query, asked)).length, 1);
    assert.equal((await as('cleo', 'DELETE', one)).status, 204);
    assert.equal(values(await as('ana', 'POST', query, asked)).length, 0);
  });

  it('refuses what could not be a check, by name', async () => {
    const other = { ...configuration(0), type: { name: 'Horoscope' } };
    const unknown = await as('cleo', 'POST', `${path}?${version}`, other);
    assert.match(String(unknown.body['message']), /no check of type 'Horoscope'/);
    const endpoint = { ...configuration(0), resource: { type: 'endpoint', id: 'x' } };
    const elsewhere = await as('cleo', 'POST', `${path}?${version}`, endpoint);
    assert.ok([400, 404].includes(elsewhere.status), JSON.stringify(elsewhere.body));
    const broken = { ...configuration(1), settings: { extendsChecks: [{ repositoryType: 'git' }] } };
    const bad = await as('cleo', 'POST', `${path}?${version}`, broken);
    assert.match(String(bad.body['message']), /\$\.settings\.extendsChecks\[0\]\.repositoryName/);
    assert.equal((await as('ana', 'POST', `${path}?${version}`, configuration(0))).status, 403);
  });

  const present = existsSync(contract);
  (present ? it : it.skip)(
    `answers what is published${present ? '' : ' (the published contracts are not on this machine)'}`,
    async () => {
      const document = check(
        shape({ definitions: map(anything) }),
        JSON.parse(readFileSync(contract, 'utf8').replace(/^\uFEFF/, '')),
      );
      const ajv = new Ajv({ strict: false, allErrors: true, logger: false });
      addFormats(ajv);
      for (const [index] of kinds.entries()) {
        const { body } = await as('cleo', 'POST', `${path}?${version}`, configuration(index));
        const name = kinds[index]?.record === 'Checkpoint.TaskCheck' ? 'TaskCheckConfiguration' : 'CheckConfiguration';
        const validate = ajv.compile({ definitions: document.definitions, $ref: `#/definitions/${name}` });
        assert.ok(validate(body), JSON.stringify(validate.errors));
      }
    },
  );
});
