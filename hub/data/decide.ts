import { useState } from 'react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { digestsIn } from '../../lib/evidence/manifest';
import { decideApproval, type ServiceApproval } from '../devops/approvals';
import type { Client } from '../devops/client';
import { problemOf, RequestProblem, type Refusal } from '../devops/problems';
import { isRequester, readApproval, withRun } from './approvals';
import { useClient } from './context';
import { bind } from './gate';
import { keys } from './keys';
import type { Decide, Decision } from './results';
import { readEvidence } from './runs';
import type { Approval } from './types';

/** Approves, rejects or defers, as the viewer. Pages show the outcome only once the service has it. */
export function useDecide(): Decide {
  const client = useClient();
  const queries = useQueryClient();
  const [wasSent, setSent] = useState(false);
  const mutation = useMutation({
    mutationFn: (decision: Decision) => {
      setSent(false);
      return decide(client, decision, () => setSent(true));
    },
    retry: false,
    // Never kept for later: a decision that goes out when the network is back is none that the reader sees.
    networkMode: 'always',
    // Also after a failure: a lost answer may have taken effect, and somebody else may have decided.
    onSettled: async (_, __, { approval }) => {
      await Promise.all([
        queries.invalidateQueries({ queryKey: keys.approvalLists }),
        queries.invalidateQueries({ queryKey: keys.approval(approval.id) }),
        queries.invalidateQueries({ queryKey: keys.bypasses(approval.run.id) }),
        queries.invalidateQueries({ queryKey: keys.gates(approval.run.id) }),
      ]);
    },
  });
  return {
    decide: mutation.mutateAsync,
    isDeciding: mutation.isPending,
    wasSent,
    problem: problemOf(mutation.error),
    reset: mutation.reset,
  };
}

/**
 * Reads approval and evidence again right before the decision and refuses when the evidence is not what was shown.
 *
 * @throws RequestProblem: `refused` when nothing was sent
 */
export async function decide(
  client: Client,
  decision: Decision,
  onSend: () => void = () => undefined,
  now = Date.now(),
): Promise<Approval> {
  checkWords(decision, now);
  const approval = await readApproval(client, decision.approval.id);
  const { userId, userName } = client.connection;
  if (approval.status !== 'pending') throw refusal('notPending', approval.status);
  if (decision.status !== 'rejected' && isRequester(approval.run, { id: userId, uniqueName: userName }))
    throw refusal('requester');
  if (!approval.mayDecide) throw refusal('notApprover');
  const { digest, unbound } = await bind(await readEvidence(client, approval.run.id), approval);
  if (digest === undefined) throw refusal('evidenceUnreadable', unbound);
  if (digest !== decision.digest) throw refusal('evidenceChanged');
  onSend();
  const decided = await decideApproval(client, {
    approvalId: approval.id,
    status: decision.status,
    comment: commentOf(decision.comment, digest),
    ...(decision.status === 'deferred' ? { deferredTo: decision.deferredTo } : {}),
  });
  if (!isRecorded(decided, decision.status)) throw refusal('notRecorded', decided.status);
  return withRun(decided, approval.run, userId, true);
}

function checkWords(decision: Decision, now: number): void {
  if (decision.status === 'rejected' && decision.comment.trim() === '') throw refusal('commentMissing');
  if (digestsIn(decision.comment).length > 0) throw refusal('commentCarriesDigest');
  if (decision.status === 'deferred' && !(Date.parse(decision.deferredTo) > now)) throw refusal('deferredToMissing');
}

export function commentOf(text: string, digest: string): string {
  return `${text.trim()}\n\nevidence sha256:${digest}`.trim();
}

/** With several approvers the approval goes on waiting: then a step says it. */
function isRecorded({ status, steps }: ServiceApproval, wanted: Decision['status']): boolean {
  return status === wanted || steps.some((step) => step.status === wanted);
}

function refusal(reason: Refusal, detail?: string): RequestProblem {
  return new RequestProblem({ kind: 'refused', reason, detail });
}
