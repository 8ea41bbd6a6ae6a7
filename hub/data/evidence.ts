import type { EvidenceKind } from '../../lib/evidence/evidence';
import { readRecord } from '../../lib/evidence/read';
import { listAttachments, readAttachment, type Attachment, type AttachmentLink } from '../devops/attachments';
import { getProperties } from '../devops/builds';
import type { Client } from '../devops/client';
import { problemOf, problemText, RequestProblem } from '../devops/problems';
import { ancestor, byId, getTimeline, stageAttempts, stageName, type TimelineRecord } from '../devops/timeline';
import type { HashedAttachment } from './attachment';
import { clockProblems } from './clock-skew';
import { sha256Hex } from './hashing';
import { indexProblems } from './index-check';
import { evidenceKinds, readRunIndex, type RunIndex } from './run-index';
import type { EvidenceProblem, ReadRecord, Run, RunEvidence } from './types';

/** Everything that was read of a run's evidence: what pages show, and what a gate's digest is computed from. */
export interface CollectedEvidence extends RunEvidence {
  attachments: HashedAttachment[];
  timeline: TimelineRecord[];
  /** What keeps anybody from saying which attachments there are. */
  incomplete: string[];
}

interface Listed {
  attachments: Attachment[];
  failed: Set<EvidenceKind>;
  problems: EvidenceProblem[];
}

/**
 * Reads, hashes and checks what a run left behind, newest attempt of each stage only. What is wrong with one attachment is told
 * and leaves the others; only a timeline or a run that cannot be read at all fails the whole.
 *
 * @throws RequestProblem
 */
export async function collectEvidence(
  client: Client,
  run: Run,
  now: number,
  signal?: AbortSignal,
): Promise<CollectedEvidence> {
  const [timeline, listed, index] = await Promise.all([
    getTimeline(client, run.id, signal),
    listAll(client, run.id, signal),
    readIndex(client, run.id, signal),
  ]);
  const records = byId(timeline);
  const problems = [...listed.problems, ...index.problems];
  const incomplete = listed.problems.map(({ type, detail }) => `${type}: ${detail}`);
  const current = listed.attachments.flatMap(({ type, name, link }) => {
    const step = link && records.get(link.recordId);
    const kind = evidenceKinds.find((each) => each === type);
    return link && step && kind ? [{ kind, name, link, step, stage: ancestor(records, step, 'Stage') }] : [];
  });
  const read = await Promise.all(current.map((each) => hashAndRead(client, each, problems, signal)));
  const attachments = read.sort(byPlace);
  const stages = stageAttempts(timeline);
  if (index.index) problems.push(...indexProblems(attachments, index.index, stages, listed.failed));
  problems.push(...clockProblems({ run, attachments, index: index.index, stages }, now));
  return {
    run,
    records: attachments.flatMap(shown),
    problems,
    attachments,
    timeline,
    incomplete,
  };
}

async function listAll(client: Client, runId: number, signal?: AbortSignal): Promise<Listed> {
  const listed: Listed = { attachments: [], failed: new Set(), problems: [] };
  await Promise.all(
    evidenceKinds.map(async (kind) => {
      try {
        const attachments = await listAttachments(client, runId, kind, signal);
        listed.attachments.push(...attachments);
        for (const { name, link } of attachments) {
          if (link) continue;
          const detail = 'its link names no step of this run on this organization.';
          listed.problems.push({ kind: 'unreadable', type: kind, name, detail });
        }
      } catch (error) {
        listed.failed.add(kind);
        listed.problems.push({ kind: 'unreadable', type: kind, name: '', detail: words(error) });
      }
    }),
  );
  return listed;
}

interface IndexRead {
  index?: RunIndex;
  problems: EvidenceProblem[];
}

/** All properties are asked for: one in a later version of ours says that there is evidence this page does not know. */
async function readIndex(client: Client, runId: number, signal?: AbortSignal): Promise<IndexRead> {
  try {
    const index = readRunIndex(await getProperties(client, runId, [], signal));
    const bad = index.problems.map(({ kind, problem }): EvidenceProblem => {
      return { kind: 'indexDiffers', type: kind, name: '', detail: problem };
    });
    const unknown = index.unknown.map((name): EvidenceProblem => {
      return { kind: 'unknownVersion', type: name, name: '', detail: 'a later version of the tasks wrote it' };
    });
    return { index, problems: [...bad, ...unknown] };
  } catch (error) {
    return { problems: [{ kind: 'unreadable', type: 'index', name: '', detail: words(error) }] };
  }
}

interface Current {
  kind: EvidenceKind;
  name: string;
  link: AttachmentLink;
  step: TimelineRecord;
  stage?: TimelineRecord;
}

async function hashAndRead(
  client: Client,
  { link, ...current }: Current,
  problems: EvidenceProblem[],
  signal?: AbortSignal,
): Promise<HashedAttachment> {
  const { kind, name, stage } = current;
  const tell = (problem: EvidenceProblem['kind'], detail: string): void => {
    problems.push({ kind: problem, type: kind, name, stage: stage && stageName(stage), detail });
  };
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = await readAttachment(client, link, signal);
  } catch (error) {
    const tooLarge = problemOf(error)?.kind === 'tooLarge';
    tell(tooLarge ? 'tooLarge' : 'unreadable', words(error));
    return current;
  }
  const sha256 = await sha256Hex(bytes);
  const text = decode(bytes);
  const read = text === undefined ? undefined : readRecord(kind, text);
  if (read === undefined) tell('notThisShape', 'it is not UTF-8');
  else if ('problem' in read) tell(read.problem, read.detail);
  else return { ...current, sha256, record: read.record };
  return { ...current, sha256 };
}

/** A byte-order mark stays in the text, where it is wrong, for it is part of what was hashed. */
function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function shown({ kind, name, stage, sha256, record }: HashedAttachment): ReadRecord[] {
  if (sha256 === undefined || record === undefined) return [];
  return [{ kind, name, stage: stage ? stageName(stage) : '', sha256, body: record }];
}

/** Answers arrive in any order; pages and tests want one. */
function byPlace(left: HashedAttachment, right: HashedAttachment): number {
  return placeOf(left) < placeOf(right) ? -1 : 1;
}

function placeOf({ kind, name, stage, sha256 }: HashedAttachment): string {
  return JSON.stringify([stage ? stageName(stage) : '', kind, name, sha256 ?? '']);
}

/** Requests fail in words; anything else is a defect, or the caller gave up, and is not evidence's problem. */
function words(error: unknown): string {
  if (error instanceof RequestProblem) return problemText(error.problem);
  throw error;
}
