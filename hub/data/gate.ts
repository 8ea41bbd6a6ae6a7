import { manifestText, type ManifestItem } from '../../lib/evidence/manifest';
import type { ServiceApproval } from '../devops/approvals';
import type { Approval } from './types';
import type { HashedAttachment } from './attachment';
import type { CollectedEvidence } from './evidence';
import { sha256Hex } from './hashing';
import { stageName, ancestor, byId, type TimelineRecord } from '../devops/timeline';

/** The records that an approver decides about, or why they cannot be named. */
export interface Binding {
  items: ManifestItem[];
  /** Digest of the manifest over `items`, 64 hex digits. */
  digest?: string;
  /** Why there is no digest. */
  unbound?: string;
}

/**
 * Whether a stage's records were there when the gate opened. Stages that ended later have records that nobody can have seen, the
 * one behind the gate first of all.
 */
export function endedBefore(stage: TimelineRecord | undefined, openedOn: string): boolean {
  return (
    stage?.state === 'completed' &&
    stage.finishTime !== undefined &&
    Date.parse(stage.finishTime) <= Date.parse(openedOn)
  );
}

/** The manifest's items: the newest attempt of every stage that had ended when the approval was created. */
export function gateItems(attachments: readonly HashedAttachment[], openedOn: string): Binding {
  const items: ManifestItem[] = [];
  const unread: string[] = [];
  for (const { kind, name, stage, sha256 } of attachments) {
    if (stage === undefined || !endedBefore(stage, openedOn)) continue;
    if (sha256 === undefined) unread.push(`${name} of stage ${stageName(stage)}`);
    else items.push({ stage: stageName(stage), kind, name, sha256 });
  }
  return unread.length === 0 ? { items } : { items, unbound: `Not readable: ${unread.join(', ')}.` };
}

/** What `DeployModel` behind the gate will compute again: a decision counts for exactly this digest. */
export async function bind(evidence: CollectedEvidence, approval: Pick<Approval, 'createdAt'>): Promise<Binding> {
  const { items, unbound } = gateItems(evidence.attachments, approval.createdAt);
  const why = unbound ?? (evidence.incomplete.length > 0 ? evidence.incomplete.join(' ') : undefined);
  if (why !== undefined) return { items, unbound: why };
  return { items, digest: await sha256Hex(manifestText(evidence.run.id, items)) };
}

/** The stage that waits: the approval is a record of its checkpoint. */
export function gatedStage(timeline: readonly TimelineRecord[], approvalId: string): string | undefined {
  const records = byId(timeline);
  const stage = ancestor(records, records.get(approvalId.toLowerCase()), 'Stage');
  return stage && stageName(stage);
}

/** An approval that a stage of the run's timeline waited for, with the evidence that was there when it was asked for. */
export interface StageGate extends Partial<Binding> {
  stage: string;
  approvalId: string;
  /** Absent when the service does not show it; then there is no binding either. */
  approval?: ServiceApproval;
  /** Whose approval it is: name of the environment, where the service says. */
  environment?: string;
  /** Where the service says that it is no environment's: `endpoint azure-prod`. */
  elsewhere?: string;
}

/** What the run's own timeline says of its gates: nobody can write it, unlike the index. */
export interface RunGates {
  /** Every stage of the run. */
  stages: string[];
  /** The attempt that the timeline keeps, of stages that ran more than once. */
  attempts?: Readonly<Record<string, number>>;
  gates: StageGate[];
}
