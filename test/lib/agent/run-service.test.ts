import assert from 'node:assert/strict';
import { openRunService } from '../../../lib/agent/run-service';
import { FakeAgent } from '../../support/fake-agent';
import { FakeRun, guid, person, timelineId, token } from '../../support/fake-run';

describe('client of the own run', () => {
  it('asks as the REST reference says, with the token in the header only', async () => {
    const run = new FakeRun();
    run.records = [{ id: guid('S'), type: 'Stage', name: 'Stage', parentId: null }];
    run.attachments = [{ type: 'mlops.smoke.v1', name: 'a b.json', recordId: guid('T'), content: 'x' }];
    run.approvals = [{ id: guid('A'), status: 'pending', createdOn: '2026-11-20T09:32:00.1234567Z', steps: [] }];
    const { service } = run;
    assert.equal((await service.requesters())[0]?.uniqueName, 'ana@fabrikam.com');
    assert.equal((await service.timeline()).length, 1);
    const [attachment] = await service.attachments('mlops.smoke.v1');
    assert.ok(attachment);
    assert.equal((await service.content(attachment)).toString(), 'x');
    assert.equal((await service.approvals([guid('A'), guid('B')])).length, 1);
    await service.setProperty('mlops.v1.smoke', '[]');
    assert.equal(await service.property('mlops.v1.smoke'), '[]');
    assert.equal(await service.property('mlops.v1.package'), undefined);
    assert.deepEqual(
      run.calls.map(({ method, path }) => `${method} ${path}`),
      [
        'GET build/builds/812?api-version=7.1',
        'GET build/builds/812/timeline?api-version=7.1',
        'GET build/builds/812/attachments/mlops.smoke.v1?api-version=7.1-preview.2',
        `GET build/builds/812/${timelineId}/${guid('T')}/attachments/mlops.smoke.v1/a b.json?api-version=7.1-preview.2`,
        `GET pipelines/approvals?approvalIds=${guid('A')},${guid('B')}&$expand=steps&api-version=7.2-preview.2`,
        'PATCH build/builds/812/properties?api-version=7.1-preview.1',
        'GET build/builds/812/properties?filter=mlops.v1.smoke&api-version=7.1-preview.1',
        'GET build/builds/812/properties?filter=mlops.v1.package&api-version=7.1-preview.1',
      ],
    );
    const patch = run.calls.find(({ method }) => method === 'PATCH');
    assert.equal(patch?.headers['Content-Type'], 'application/json-patch+json');
    assert.deepEqual(patch.body, [{ op: 'add', path: '/mlops.v1.smoke', value: '[]' }]);
    for (const call of run.calls) {
      assert.equal(call.headers['Authorization'], `Bearer ${token}`);
      assert.equal(call.url.origin, 'https://dev.azure.com');
      assert.doesNotMatch(call.url.href, new RegExp(token));
    }
  });

  it('keeps a run for ever, once for each owner', async () => {
    const run = new FakeRun();
    await run.service.retain('mlops:churn:7');
    await run.service.retain('mlops:churn:7');
    await run.service.retain('mlops:churn:8');
    assert.deepEqual(
      run.leases.map((lease) => ({ ...lease, leaseId: undefined })),
      ['mlops:churn:7', 'mlops:churn:8'].map((ownerId) => ({
        ...{ leaseId: undefined, daysValid: 36500, definitionId: 14, ownerId, protectPipeline: true, runId: 812 },
      })),
    );
  });

  it('sends the token to no address that an answer names', async () => {
    const run = new FakeRun();
    const recordId = guid('T');
    const href = `https://evil.example/x/_apis/build/builds/812/${timelineId}/${recordId}/attachments/mlops.smoke.v1/s.json`;
    run.attachments = [{ type: 'mlops.smoke.v1', name: 's.json', recordId, content: 'bytes', href }];
    const [attachment] = await run.service.attachments('mlops.smoke.v1');
    assert.ok(attachment);
    assert.equal((await run.service.content(attachment)).toString(), 'bytes');
    assert.ok(run.calls.every(({ url }) => url.host === 'dev.azure.com'));
  });

  const foreign = [
    `https://dev.azure.com/f/p/_apis/build/builds/999/${timelineId}/${guid('T')}/attachments/mlops.smoke.v1/s.json`,
    `https://dev.azure.com/f/p/_apis/build/builds/812/${timelineId}/${guid('T')}/attachments/mlops.package.v1/s.json`,
    'https://dev.azure.com/f/p/_apis/build/builds/812/attachments/mlops.smoke.v1',
    'no address',
  ];
  for (const href of foreign) {
    it(`does not guess whose attachment ${href.slice(0, 60)}… is`, async () => {
      const run = new FakeRun();
      run.attachments = [{ type: 'mlops.smoke.v1', name: 's.json', recordId: guid('T'), content: '', href }];
      await assert.rejects(run.service.attachments('mlops.smoke.v1'), /s\.json whose address is not understood/);
    });
  }

  const wrong: [string, unknown, RegExp][] = [
    ['no list', { records: {} }, /timeline is no list/],
    ['a record without id', { records: [{ type: 'Stage' }] }, /record without id or type/],
    [
      'a time without zone',
      { records: [{ id: 'a', type: 'Stage', finishTime: '2026-11-20T09:32:00' }] },
      /time that is none in UTC/,
    ],
    ['a sign-in page', '<html>', /timeline is no list/],
  ];
  for (const [what, body, message] of wrong) {
    it(`refuses a timeline that is ${what}`, async () => {
      const run = new FakeRun();
      run.override = () => ({ body });
      await assert.rejects(run.service.timeline(), message);
    });
  }

  for (const status of [203, 302, 401, 403, 404]) {
    it(`says what Azure DevOps answered ${status} to`, async () => {
      const run = new FakeRun();
      run.override = () => ({ status, body: { message: 'TF400813: not authorized' } });
      await assert.rejects(run.service.timeline(), new RegExp(`answered ${status}.*the run's timeline.*TF400813`));
    });
  }

  it('does not read a run that names nobody who requested it', async () => {
    const run = new FakeRun();
    run.build = { requestedFor: { displayName: 'ana' } };
    await assert.rejects(run.service.requesters(), /names nobody who requested it/);
    run.build = { requestedFor: person('ana'), requestedBy: null };
    assert.equal((await run.service.requesters()).length, 1);
  });

  const release = { 'Build.BuildId': '7', 'System.HostType': 'release', 'System.TeamProject': 'p' };
  const elsewhere: Record<string, string>[] = [{}, release];
  for (const variables of elsewhere) {
    it(`is not there outside a run (${JSON.stringify(variables)})`, () => {
      assert.throws(() => openRunService(new FakeAgent({ variables })), /no run of a pipeline/);
    });
  }

  it('is not there without the job token', () => {
    const variables = { 'Build.BuildId': '7', 'System.TeamProject': 'p' };
    assert.throws(() => openRunService(new FakeAgent({ variables })), /no job access token/);
  });
});
