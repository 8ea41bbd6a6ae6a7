import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Collection } from '../collection';
import { readDocument, writeDocument } from '../files';
import { approvalShape, type Approval, type StoredRun } from '../model';
import { Organization } from '../organization';
import { RunStore } from '../run-store';
import { list } from '../shape';
import { attackCard, attacking, harmless, spoil } from './attack';
import { Random } from './random';
import { Story, type Outcome, type Plot } from './story';
import { makeWorld, type Model } from './world';

const dayMs = 86_400_000;
const firstProject = 'diabetes';

export interface GenerateOptions {
  /** Folder of the state, as `startDevOps` takes it. No server may be running on it. */
  stateDir: string;
  /** Of the project that is filled, made when there is none of that name; `diabetes`, the first one, when absent. */
  project?: string;
  /** The same seed gives the same history. */
  seed?: number;
  models?: number;
  /** Model versions that are registered, over all models. */
  versions?: number;
  /** How many of the last versions still wait at their gate; 6 when absent. */
  pending?: number;
  /** Runs in all, those without models included. */
  runs?: number;
  /** One or two; as many as there are, when absent. */
  teams?: number;
  /** Whether the teams see nothing of each other; so when absent. */
  isolated?: boolean;
  /** The end of the history, ISO 8601; it begins 18 months before. */
  until?: string;
  /** Fills every text that comes from a run with strings that do harm, and spoils index or evidence of every fifth run. */
  attack?: boolean;
}

export interface Generated {
  runs: number;
  versions: number;
  approvals: number;
  deployments: number;
  attachments: number;
  models: string[];
  milliseconds: number;
}

/**
 * Writes a history of 18 months into the state of the local Azure DevOps, as if its pipelines had run: runs with timelines,
 * evidence, index, tags and leases, gates with their decisions, deployment records. Throws when the state holds runs: the same seed gives the same
 * ids, and the pipelines and environments of a model would be there twice.
 */
export function generate(options: GenerateOptions): Generated {
  const begun = performance.now();
  const { seed = 1, models = 8, versions = 1000, runs = 10_000, pending = 6, attack = false } = options;
  if (versions * 1.2 > runs) throw new Error(`${versions} versions need at least ${Math.ceil(versions * 1.2)} runs.`);
  const collection = openProject(options);
  const text = attack ? attacking() : harmless;
  const random = new Random(seed);
  const world = makeWorld(collection, { models, teams: options.teams, isolated: options.isolated ?? true, text });
  const end = Date.parse(options.until ?? '2026-11-20T12:00:00Z');
  const stories = new Map(
    world.map((model) => [model, new Story(collection, random, model, text, attack ? attackCard : cardOf(model), end)]),
  );
  const writer = new Writer(collection);
  const times = Array.from({ length: runs }, () => end - Math.floor((2 + random.next() * 546) * dayMs)).sort(
    (a, b) => a - b,
  );
  const plots = plotsOf(random, world, versions, runs);
  leaveWaiting(plots, pending);
  for (const [index, { plot: wanted, model }] of plots.entries()) {
    const story = stories.get(model);
    if (!story) continue;
    const plot = wanted === 'redeploy' && !story.canGoBack ? 'checks' : wanted;
    const requester = random.chance(0.1) ? model.group.approver : model.group.scientist;
    const outcome = story.run(plot, { ...writer.next(times[index] ?? end, plot, model), requestedFor: requester.id });
    if (attack && outcome.draft.run.id % 5 === 0) spoil(random, outcome.draft);
    writer.write(outcome, model);
  }
  writer.close();
  return {
    ...writer.totals,
    models: world.map((model) => model.name),
    milliseconds: Math.round(performance.now() - begun),
  };
}

/** The project to be filled. Throws when it holds runs, and leaves the state as it is then. */
function openProject({ stateDir, project }: GenerateOptions): Collection {
  const organization = new Organization(join(stateDir, 'devops'), firstProject);
  const state = organization.project(project ?? firstProject);
  const held = new RunStore(organization.folderOf(state)).ids().length;
  if (held === 0) return new Collection(organization, state);
  const place =
    state === organization.state ? 'The state folder' : `Project '${state.projectName}' of the state folder`;
  throw new Error(
    `${place} ${stateDir} holds ${held} ${held === 1 ? 'run' : 'runs'} already; fill another one, which --state DIR names.`,
  );
}

/** Which run is about what: so many versions, twice as many attempts, some steps back, and tests of code. */
function plotsOf(random: Random, world: Model[], versions: number, runs: number): { plot: Plot; model: Model }[] {
  const attempts = Math.min(Math.round(versions * 1.7), Math.floor((runs - versions) * 0.6));
  const back = Math.min(Math.round(versions * 0.06), runs - versions - attempts);
  const plots: Plot[] = [
    ...Array<Plot>(versions).fill('version'),
    ...Array<Plot>(attempts).fill('attempt'),
    ...Array<Plot>(back).fill('redeploy'),
    ...Array<Plot>(runs - versions - attempts - back).fill('checks'),
  ];
  // Some models are worked on much more than others; each has a version.
  const weights = world.map((_, index) => 1 / (1 + index * 0.35));
  const total = weights.reduce((sum, one) => sum + one, 0);
  let round = 0;
  return random.shuffle(plots).map((plot) => {
    const first = plot === 'version' && round < world.length ? world[round++] : undefined;
    let drawn = random.next() * total;
    const found = first ?? world.find((_, index) => (drawn -= weights[index] ?? 0) < 0) ?? world[0];
    if (!found) throw new Error('A history needs at least one model.');
    return { plot, model: found };
  });
}

/** Lets the last versions wait. */
function leaveWaiting(plots: { plot: Plot }[], count: number): void {
  let left = count;
  for (const one of [...plots].reverse()) {
    if (left === 0 || one.plot !== 'version') continue;
    one.plot = 'pending';
    left -= 1;
  }
}

function cardOf({ name, description, kind, metric }: Model): string {
  return [
    `# ${name}`,
    `${description}.`,
    '## Intended use',
    `A ${kind} model for decisions that a person reviews.`,
    [
      '| figure | meaning |',
      '| --- | --- |',
      `| **${metric.name}** | ${metric.orientation} is better; judged on rows that were held out |`,
    ].join('\n'),
  ].join('\n\n');
}

/** Writes what the runs leave, each in its own folder, and the rest at the end. */
class Writer {
  private readonly store: RunStore;
  private readonly approvals: Approval[];
  private readonly written: StoredRun[] = [];
  private readonly revisions = new Map<string, number>();
  private attachments = 0;
  private madeApprovals = 0;
  private madeDeployments = 0;
  private versions = 0;
  private nextRun: number;
  private readonly approvalsFile: string;

  constructor(private readonly collection: Collection) {
    const { folder } = collection;
    this.store = new RunStore(folder);
    this.approvalsFile = join(folder, 'approvals.json');
    this.approvals = readDocument(this.approvalsFile, list(approvalShape)) ?? [];
    this.nextRun = collection.shared.counters['id:build'] ?? 1;
  }

  get totals(): Omit<Generated, 'models' | 'milliseconds'> {
    return {
      runs: this.written.length,
      versions: this.versions,
      approvals: this.madeApprovals,
      deployments: this.madeDeployments,
      attachments: this.attachments,
    };
  }

  next(queued: number, plot: Plot, model: Model): { id: number; revision: number; queued: number } {
    const definition = plot === 'checks' ? model.checks : plot === 'redeploy' ? model.deploy : model.train;
    const day = new Date(queued).toISOString().slice(0, 10).replaceAll('-', '');
    const key = `number:${definition.id}:${day}`;
    const revision = (this.revisions.get(key) ?? 0) + 1;
    this.revisions.set(key, revision);
    return { id: this.nextRun++, revision, queued };
  }

  write({ draft, approvals, deployments, registered }: Outcome, model: Model): void {
    const { run, files } = draft;
    this.store.save(run);
    const folder = join(this.store.folderOf(run.id), 'attachments');
    if (files.size > 0) mkdirSync(folder, { mode: 0o700 });
    for (const [name, text] of files) writeFileSync(join(folder, name), text);
    this.attachments += files.size;
    this.approvals.push(...approvals);
    this.madeApprovals += approvals.length;
    this.madeDeployments += deployments.length;
    const { state } = this.collection;
    for (const deployment of deployments) state.deployments.push({ id: this.id('deployment'), ...deployment });
    if (registered !== undefined) {
      this.versions += 1;
      this.lease(run, `mlops:${model.name}:${registered}`);
    }
    // The timeline is on disk; ten thousand of them need not be in memory.
    this.written.push({ ...run, records: [], attachments: [] });
  }

  close(): void {
    const { counters } = this.collection.shared;
    counters['id:build'] = this.nextRun;
    for (const [key, revision] of this.revisions) counters[key] = Math.max(counters[key] ?? 1, revision + 1);
    this.collection.save();
    writeDocument(this.approvalsFile, this.approvals);
    this.store.writeDigest(this.written);
  }

  private lease(run: StoredRun, ownerId: string): void {
    const createdOn = run.finishTime ?? run.queueTime;
    this.collection.state.leases.push({
      leaseId: this.id('lease'),
      runId: run.id,
      definitionId: run.definitionId,
      ownerId,
      protectPipeline: true,
      createdOn,
      validUntil: new Date(Date.parse(createdOn) + 36_500 * dayMs).toISOString(),
    });
  }

  /** A number of its own kind, without a writing of the state each time. */
  private id(kind: string): number {
    const { counters } = this.collection.shared;
    const value = counters[`id:${kind}`] ?? 1;
    counters[`id:${kind}`] = value + 1;
    return value;
  }
}
