import type { Collection } from '../collection';
import type { Approval, StoredRecord } from '../model';
import { evidenceDigest } from './canonical';
import type { Draft, Stage } from './draft';
import type { Random } from './random';
import type { Model, Text } from './world';

/** How a gate ends. `unbound` and `otherEvidence` are approvals whose comment does not name the evidence that was there. */
export type Ending = 'approved' | 'unbound' | 'otherEvidence' | 'rejected' | 'bypassed' | 'timedOut' | 'pending';

const hour = 3_600_000;
/** How long a gate waits for somebody. */
export const gateDays = 30;
const praise: readonly [string, ...string[]] = [
  'Better on every segment.',
  'Numbers hold, go ahead.',
  'Fine with me.',
  'Reviewed with the product owner.',
];
const doubt: readonly [string, ...string[]] = [
  'Worse for the smallest segment; see the plot.',
  'Not during the freeze.',
  'Data of last week is missing.',
];

/** Puts the gate before the stage's job, and gives its approval. The draft's clock moves to the decision. */
export function passGate(
  collection: Collection,
  random: Random,
  model: Model,
  draft: Draft,
  stage: Stage,
  ending: Ending,
  text: Text,
): Approval {
  const opened = draft.clock;
  const createdOn = draft.now;
  const waited = ending === 'timedOut' ? gateDays * 24 * hour : Math.round(random.between(0.05, 8) * hour);
  if (ending !== 'pending') draft.clock = opened + waited;
  const record = records(draft, stage, ending, createdOn);
  const { production, group } = model;
  const check = collection.state.checks.find(
    ({ resource }) => resource.type === 'environment' && resource.id === String(production.id),
  );
  const requester = draft.run.requestedFor;
  const digest = evidenceDigest(draft.run.id, draft.items);
  const decider = requester === group.approver.id ? group.deputy : group.approver;
  const by = ending === 'bypassed' ? group.deputy.id : decider.id;
  const status = statusOf(ending);
  const decided = ending !== 'bypassed' && ending !== 'timedOut' && ending !== 'pending';
  return {
    id: record.id,
    runId: draft.run.id,
    stage: { name: stage.record.identifier ?? '', recordId: stage.record.id, attempt: 1 },
    checkpointId: record.parentId ?? '',
    configurationId: check?.id ?? 0,
    environment: { id: production.id, name: production.name },
    status,
    createdOn,
    lastModifiedOn: draft.now,
    expiresOn: new Date(opened + gateDays * 24 * hour).toISOString(),
    executionOrder: 'anyOrder',
    minRequiredApprovers: 1,
    instructions: text('Read the evaluation before you decide.'),
    blockedApprovers: [requester],
    ...(ending === 'bypassed' ? { bypassed: true, bypassedBy: by } : {}),
    steps: [group.approver, group.deputy].map((assigned, index) => {
      const own = decided && assigned === decider;
      return {
        order: index + 1,
        assignedApprover: assigned.id,
        ...(own ? { actualApprover: assigned.id } : {}),
        status: own || !(decided || ending === 'bypassed') ? status : 'skipped',
        comment: own ? commentOf(random, ending, digest, text) : '',
        initiatedOn: createdOn,
        lastModifiedOn: draft.now,
        lastModifiedBy: ending === 'pending' ? requester : by,
        history: [],
      };
    }),
  };
}

/** Checkpoint and approval in the timeline; gives the approval's record. */
function records(draft: Draft, stage: Stage, ending: Ending, startTime: string): StoredRecord {
  const status = statusOf(ending);
  const result = status === 'approved' ? 'succeeded' : status === 'rejected' ? 'failed' : 'skipped';
  // The gate opens although nobody approved.
  const gate = ending === 'bypassed' ? { result: 'succeeded' as const } : {};
  const times =
    status === 'pending'
      ? ({ startTime, state: 'inProgress', result: undefined } as const)
      : ({ startTime, finishTime: draft.now, result } as const);
  const names = { name: 'Checkpoint', identifier: 'Checkpoint', refName: 'Checkpoint' };
  const checkpoint = draft.record({ ...times, ...gate, ...names, type: 'Checkpoint', parentId: stage.record.id });
  return draft.record({ ...times, type: 'Checkpoint.Approval', name: 'Checkpoint.Approval', parentId: checkpoint.id });
}

function statusOf(ending: Ending): 'pending' | 'rejected' | 'timedOut' | 'skipped' | 'approved' {
  if (ending === 'bypassed') return 'skipped';
  return ending === 'pending' || ending === 'rejected' || ending === 'timedOut' ? ending : 'approved';
}

function commentOf(random: Random, ending: Ending, digest: string, text: Text): string {
  const words = text(random.pick(ending === 'rejected' ? doubt : praise));
  if (ending === 'unbound') return words;
  return `${words}\nevidence sha256:${ending === 'otherEvidence' ? random.hex(64) : digest}`;
}
