import { evidenceDigest, type ManifestItem } from '../devops/generate/canonical';
import type { Approval, DevOpsClient, Timeline, TimelineRecord } from './devops-client';
import { Failure } from './errors';

/** Kinds of records that tasks leave behind: the types of their attachments. */
const kinds = [
  'mlops.data-sanity.v1',
  'mlops.training.v1',
  'mlops.evaluation.v1',
  'mlops.model-version.v1',
  'mlops.package.v1',
  'mlops.deployment.v1',
  'mlops.smoke.v1',
];

export interface NamedEvidence {
  /** sha256 of the manifest, in hex: what an approval binds itself to. */
  digest: string;
  items: ManifestItem[];
}

/**
 * The evidence that stands before a gate: what tasks attached below stages of the present timeline that had ended when the approval was created
 * (for no approval: that have ended). Records of earlier attempts are not in the timeline any more, and so not in the evidence.
 */
export async function evidenceOf(
  client: DevOpsClient,
  runId: number,
  approval: Pick<Approval, 'createdOn'> | undefined,
): Promise<NamedEvidence> {
  const stages = endedStages(await client.timeline(runId), approval?.createdOn);
  const items: ManifestItem[] = [];
  for (const kind of kinds) {
    for (const { name, sha256, recordId } of await client.attachments(runId, kind)) {
      const stage = stages.get(recordId.toLowerCase());
      if (stage !== undefined) items.push({ kind, name, sha256, stage });
    }
  }
  return { digest: evidenceDigest(runId, items), items };
}

/** Name of the stage for each record below a stage that had ended by then. */
function endedStages({ records }: Timeline, until: string | undefined): Map<string, string> {
  const byId = new Map(records.map((one) => [one.id.toLowerCase(), one]));
  const found = new Map<string, string>();
  for (const record of records) {
    const stage = stageAbove(record, byId);
    if (stage?.state !== 'completed' || stage.finishTime === undefined) continue;
    if (until !== undefined && Date.parse(stage.finishTime) > Date.parse(until)) continue;
    found.set(record.id.toLowerCase(), stage.identifier ?? stage.refName ?? stage.name);
  }
  return found;
}

function stageAbove(record: TimelineRecord, byId: Map<string, TimelineRecord>): TimelineRecord | undefined {
  let above: TimelineRecord | undefined = record;
  for (let steps = 0; above && above.type !== 'Stage' && steps <= byId.size; steps += 1)
    above = above.parentId === undefined ? undefined : byId.get(above.parentId.toLowerCase());
  return above?.type === 'Stage' ? above : undefined;
}

/** The comment with the digest at its end. One that names other evidence already is refused: its author looked at something else. */
export function boundComment(comment: string, { digest }: NamedEvidence): string {
  const named = [...comment.matchAll(/evidence sha256:([0-9a-f]{64})(?![0-9a-f])/gi)].map(([, hex]) =>
    hex?.toLowerCase(),
  );
  const other = named.find((hex) => hex !== digest);
  if (other !== undefined)
    throw new Failure(
      `The comment names evidence sha256:${other}, but what stands before this gate is sha256:${digest}.`,
    );
  return named.length > 0 ? comment : `${comment} evidence sha256:${digest}`.trim();
}

/** What a person sees of the evidence. */
export function evidenceLines({ digest, items }: NamedEvidence): string[] {
  const width = Math.max(0, ...items.map((one) => one.stage.length));
  const lines = items.map(({ stage, kind, name, sha256 }) =>
    `  ${stage.padEnd(width)}  ${kind}  ${name}  ${sha256.slice(0, 12)}…`.trimEnd(),
  );
  return [`Evidence    sha256:${digest}`, ...(lines.length > 0 ? lines : ['  no stage before the gate left any'])];
}
