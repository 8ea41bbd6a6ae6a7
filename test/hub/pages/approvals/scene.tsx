import { renderHub, type Rendered } from '../../support';
import { QueryClient } from '@tanstack/react-query';
import { waitFor } from '@testing-library/react';
import assert from 'node:assert/strict';
import ApprovalsPage from '../../../../hub/pages/approvals';
import { manifestText } from '../../../../lib/evidence/manifest';
import { samples } from '../../../lib/evidence/samples';
import { buildOf, guid, serveRun, sha256, textOf, type Sample } from '../../data/run-sample';
import { FakeService, json, userId, type Asked } from '../../devops/fake-service';

export const approvalId = guid('approval');
export const ana = { id: userId, displayName: 'Ana Li', uniqueName: 'ana@fabrikam.test' };
export const cleo = { id: guid('cleo'), displayName: 'Cleo Lind', uniqueName: 'cleo@fabrikam.test' };

type Raw = Record<string, unknown>;

export interface Scene {
  service: FakeService;
  /** What the run left; may be changed between requests. */
  sample: Sample;
  /** The approval as the service keeps it; may be changed too. */
  approval: Raw;
  sent: () => Asked[];
  open: (params?: Record<string, string>) => Rendered;
}

/** A run whose stage `Production` waits for Ana, with an evaluation and a registered version before it. */
export function scene(changes: Raw = {}): Scene {
  const sample: Sample = {
    id: 812,
    stages: [
      {
        name: 'Train',
        finishTime: '2026-11-20T09:20:00Z',
        attachments: [
          attachment('mlops.evaluation.v1', 'evaluation.json'),
          attachment('mlops.model-version.v1', 'model.json'),
        ],
      },
      { name: 'Production', approval: approvalId },
    ],
  };
  const approval: Raw = {
    id: approvalId,
    status: 'pending',
    createdOn: '2026-11-20T09:32:00.1234567Z',
    lastModifiedOn: '2026-11-20T09:32:00Z',
    permissions: 'view, update',
    instructions: 'Read the fairness report.',
    minRequiredApprovers: 1,
    steps: [{ assignedApprover: ana, status: 'pending', order: 1 }],
    pipeline: { owner: { id: 812 } },
    ...changes,
  };
  const service = serveRun(new FakeService(), sample);
  service.list(/^build\/builds$/, ({ url }) => (url.searchParams.has('tagFilters') ? [] : [buildOf(sample)]));
  service.list(/^build\/(builds\/812\/)?changes$/, () => []);
  service.list(/^pipelines\/approvals$/, () => [approval]);
  service.on('PATCH', /^pipelines\/approvals$/, (asked) => {
    const { status, comment, deferredTo } = updateOf(asked);
    approval['status'] = status;
    approval['steps'] = [{ assignedApprover: ana, actualApprover: ana, status, comment, deferredTo, order: 1 }];
    return { count: 1, value: [approval] };
  });
  return {
    service,
    sample,
    approval,
    sent: () => service.asked.filter(({ method }) => method === 'PATCH'),
    open: (params = { approval: approvalId }) => {
      // A mutation that is kept for minutes keeps the process as long.
      const queries = new QueryClient({
        defaultOptions: { queries: { retry: false, gcTime: Infinity }, mutations: { gcTime: Infinity } },
      });
      const client = { fetch: service.fetch, sleep: () => Promise.resolve() };
      return renderHub(<ApprovalsPage />, { params, queries, client });
    },
  };
}

export function attachment(kind: keyof typeof samples, name: string, changes: Raw = {}) {
  return { kind, name, content: { ...samples[kind], kind, ...changes } };
}

/** An approval that Ana gave with this comment. */
export function decided(comment: string) {
  return {
    status: 'approved',
    steps: [{ assignedApprover: ana, actualApprover: ana, status: 'approved', comment, order: 1 }],
  };
}

/** The one update that a request carries. */
export function updateOf({
  body,
}: Asked): Record<'approvalId' | 'status' | 'comment', string> & { deferredTo?: string } {
  if (!Array.isArray(body) || body.length !== 1) throw new Error('a decision is a list of one');
  return body[0] as ReturnType<typeof updateOf>;
}

/** The digest of what the stages before the gate left, computed here again. */
export function digestOf({ id, stages }: Sample): string {
  const items = stages
    .filter(({ finishTime }) => finishTime !== undefined)
    .flatMap(({ name: stage, attachments = [] }) =>
      attachments.map(({ kind, name, content }) => ({ stage, kind, name, sha256: sha256(textOf(content)) })),
    );
  return sha256(manifestText(id, items));
}

export const refused = (status: number, message: string) => json({ message }, status);

/** All that was asked for has arrived, one after the other. */
export function settled({ queries, container }: Rendered): Promise<void> {
  return waitFor(() => {
    assert.equal(queries.isFetching(), 0);
    assert.ok(container.querySelector('.hub-skeleton') === null, 'something is still being read');
  });
}
