import '../setup';
import assert from 'node:assert/strict';
import { isRequester, withRun } from '../../../hub/data/approvals';
import { getBuild } from '../../../hub/devops/builds';
import { whyNot } from '../../../hub/pages/approvals/reasons';
import { FakeService } from '../devops/fake-service';
import { serveRun } from './run-sample';
import { run } from './samples';

describe('the requester of a run', () => {
  const both = run(7, { requestedBy: { id: 'Bo', displayName: 'Bo' } });

  it('is whoever queued it and whoever it was queued for, in either case of the id', () => {
    assert.ok(isRequester(both, { id: 'bo' }) && isRequester(both, { id: 'ANA' }));
    assert.ok(!isRequester(both, { id: 'cleo' }) && !isRequester(both, { id: '' }));
    assert.ok(!isRequester(run(7), { id: '', uniqueName: '' }));
  });

  it('is also who signs in by the same name from another directory', () => {
    const ana = { id: 'ana', displayName: 'Ana Li', uniqueName: 'ana@fabrikam.test' };
    assert.ok(isRequester(run(7, { requestedFor: ana }), { id: 'guest', uniqueName: 'Ana@Fabrikam.test' }));
    assert.ok(!isRequester(run(7, { requestedFor: ana }), { id: 'guest', uniqueName: 'bo@fabrikam.test' }));
  });

  it('is read from the service', async () => {
    const service = serveRun(new FakeService(), { id: 7, stages: [], requestedFor: 'ana', requestedBy: 'bo' });
    const { run: read } = await getBuild(service.client(), 7);
    assert.deepEqual([read.requestedFor.id, read.requestedBy?.id], ['ana', 'bo']);
  });

  it('is told before they decide that somebody else has to', () => {
    const approval = {
      id: 'x',
      status: 'pending',
      instructions: '',
      createdAt: '2026-11-20T09:00:00Z',
      changedAt: '2026-11-20T09:00:00Z',
      minRequiredApprovers: 1,
      inSequence: false,
      steps: [],
      blocked: [],
    };
    const evidence = { gate: { digest: 'f'.repeat(64) }, isReading: false };
    for (const viewer of ['bo', 'ana']) {
      assert.match(
        whyNot(withRun(approval, both, viewer, true), { id: viewer }, evidence) ?? '',
        /^You queued this run/,
      );
    }
    assert.doesNotMatch(
      whyNot(withRun(approval, both, 'cleo', true), { id: 'cleo' }, evidence) ?? '',
      /queued this run/,
    );
  });
});
