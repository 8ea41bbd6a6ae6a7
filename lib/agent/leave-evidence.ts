import { readFileSync } from 'node:fs';
import { evidenceText, type EvidenceBodies, type EvidenceKind, type EvidenceSchema } from '../evidence/evidence';
import { kindTags, modelTag, runTag, type IndexEntry, type IndexFacts } from '../evidence/index-entry';
import type { Agent } from './agent';
import { errorText } from './errors';
import { sha256Hex } from './hash';
import { isRun } from './pipeline-run';
import { pause } from './poll';
import { enterInIndex } from './run-index';
import { openRunService, type RunService } from './run-service';

/** What a step leaves behind for the hub and for auditors. */
export interface Leaving<K extends EvidenceKind> {
  schema: EvidenceSchema<K>;
  body: EvidenceBodies[K];
  /** What the record is called, `evaluation`; job and step are added to the attachment's name. */
  name: string;
  /** What the run's index says of it. A `model` among it becomes a tag. */
  facts: IndexFacts[K];
  /** Names of further models that the record is about. */
  models?: readonly string[];
  /** The model version for whose sake the run is kept. */
  lease?: { name: string; version: string };
}

export interface Left {
  /** Path of the attached file. */
  file: string;
  /** Name of the attachment. */
  name: string;
  /** SHA-256 of its bytes. */
  sha256: string;
}

/** How the run is reached; tests pass their own. */
export interface LeaveOptions {
  open?: (agent: Agent) => RunService | Promise<RunService>;
  /** All of it together; what takes longer is given up. */
  deadlineMs?: number;
  /** Longest pause before the index is written again. */
  jitterMs?: number;
}

/**
 * Attaches a record to the step, tags the run, enters the record in the run's index and keeps the run. The record must be
 * right; when the rest is not possible, one line says what the hub will lack and how to allow it, and the step goes on.
 *
 * @throws EvidenceError for a body that is not what the schema says
 */
export async function leaveEvidence<K extends EvidenceKind>(
  agent: Agent,
  leaving: Leaving<K>,
  options: LeaveOptions = {},
): Promise<Left> {
  const kind = leaving.schema.properties.kind.const;
  const name = attachmentName(agent, leaving.name);
  const file = agent.attach(kind, name, evidenceText(leaving.schema, leaving.body));
  // The agent's redactor may have changed the text: the digest is of what is there.
  const left = { file, name, sha256: sha256Hex(readFileSync(file)) };
  if (!isRun(agent)) {
    agent.print('This is no run of a pipeline: the evidence lies with the step, and the hub will not list it.');
    return left;
  }
  for (const tag of tagsOf(kind, leaving)) agent.tag(tag);
  await annotateRun(agent, kind, leaving, left, options);
  return left;
}

/**
 * `evaluation-train-EvaluateAgainstProduction.json`: what it is, job, step. Two steps of a stage never share a name, and a
 * step that runs again keeps its own.
 */
export function attachmentName(agent: Agent, what: string): string {
  const [phase, job, step] = ['System.PhaseName', 'System.JobName', 'System.TaskInstanceName'].map(
    (variable) => agent.variable(variable) ?? '',
  );
  const isOneOfMany = job !== '__default' && job !== phase;
  const parts = [what, phase, isOneOfMany ? job : '', step].filter((part) => part !== '');
  const readable = parts.join('-').replace(/[^\w.-]+/g, '_');
  // What is cut ends in a digest of the whole: two steps of one long job must not share a name.
  return readable.length <= 150
    ? `${readable}.json`
    : `${readable.slice(0, 141)}-${sha256Hex(readable).slice(0, 8)}.json`;
}

function tagsOf<K extends EvidenceKind>(kind: K, { facts, models = [] }: Leaving<K>): string[] {
  const ofKind: Partial<Record<EvidenceKind, string>> = kindTags;
  const named = 'model' in facts && facts.model !== undefined ? [facts.model, ...models] : models;
  const own = ofKind[kind];
  return [...new Set([runTag, ...(own === undefined ? [] : [own]), ...named.map((name) => modelTag(sha256Hex(name)))])];
}

/** Index and lease, side by side; whatever goes wrong is said, in one line, and not thrown. */
async function annotateRun<K extends EvidenceKind>(
  agent: Agent,
  kind: K,
  { facts, lease }: Leaving<K>,
  { name, sha256 }: Left,
  { open = openRunService, deadlineMs = 45_000, jitterMs = 1_000 }: LeaveOptions,
): Promise<void> {
  const stage = agent.variable('System.StageName') ?? '';
  const at = `${new Date().toISOString().slice(0, 19)}Z`;
  const entry: IndexEntry<K> = { ...facts, name, sha256, stage, at, ...attemptOf(agent, kind) };
  const wait = (lost: number): Promise<void> => pause(Math.random() * jitterMs * lost, agent.cancelled);
  const service = Promise.resolve().then(() => open(agent));
  const [index, kept] = await Promise.all([
    problemOf(
      service.then(async (run) => sayGone(agent, await enterInIndex(run, kind, entry, wait))),
      deadlineMs,
    ),
    lease &&
      problemOf(
        service.then((run) => run.retain(`mlops:${lease.name}:${lease.version}`)),
        deadlineMs,
      ),
  ]);
  const said = [
    index && `pages that list runs will not show it, for the run's index was not written (${index})`,
    kept && `the run is not kept, and its evidence goes with it (${kept})`,
  ].filter(Boolean);
  if (said.length === 0) return;
  const rights = [index && '"Update build information"', kept && '"Retain indefinitely"'].filter(Boolean).join(' and ');
  const project = agent.variable('System.TeamProject') ?? 'the project';
  agent.print(
    `Note: the evidence is attached to this step, but ${said.join('; and ')}. ` +
      `To allow it, give the build service of ${project} the permission ${rights} on this pipeline.`,
  );
}

/** Pages find runs by the index alone, so an auditor has to learn here that a list is not all there is. */
function sayGone(agent: Agent, gone: readonly string[]): void {
  if (gone.length === 0) return;
  const named = gone.slice(0, 10).join(', ');
  const rest = gone.length > 10 ? ` and ${gone.length - 10} more` : '';
  agent.print(
    `Note: the run's index is full, and the oldest entries had to go: ${named}${rest}. ` +
      'Pages that list runs will not show these records; they stay attached to the run.',
  );
}

/** Of a deployment every attempt counts, for each left something serving; of the other kinds the newest stands for all. */
function attemptOf(agent: Agent, kind: EvidenceKind): { attempt?: number } {
  const attempt = Number(agent.variable('System.StageAttempt'));
  return kind === 'mlops.deployment.v1' && attempt > 1 ? { attempt } : {};
}

/** @returns why the work did not end well within the time, `undefined` when it did */
async function problemOf(work: Promise<void>, deadlineMs: number): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer within ${Math.round(deadlineMs / 1000)} s`), deadlineMs);
  });
  const done = work.then(() => undefined, errorText);
  const problem = await Promise.race([done, late]);
  clearTimeout(timer);
  return problem;
}
