import { history, type Period, type Version } from './serving';
import { medianOf, rateOf, type Median, type Rate } from './statistics';
import type { DeploymentEvent, Indexed, ModelVersion, Run, Serving } from './types';
import { compareText } from './versions';
import { homesOf, isSameWorkspace, madeOf, workspacesOf, type Homes } from './workspaces';

/**
 * How delivery goes, after the four key measures of DORA (dora.dev, "DORA's software delivery metrics"), applied to models:
 * a *change* is a version's first share of production's requests in one place. Steps that only move traffic of a version that
 * serves already belong to its change; a rollback is no change.
 *
 * - **change volume** (DORA: deployment frequency): changes to production a week, beside versions registered a week.
 * - **promotion rate**: of the evaluations against a production model, those that judged the candidate better, or whose version
 *   served in production all the same. No DORA measure; the gate's own.
 * - **lead time** (DORA: change lead time, from commit to production): from the commit, where its time is known, else from when
 *   the run that registered the version was queued, to the change. Median.
 * - **change fail rate** (DORA): of the changes that are old enough to tell, those that were rolled back, or whose smoke test in
 *   that environment failed, within `failWindowHours` and before the next change in the same place.
 * - **time to roll back** (DORA: failed deployment recovery time): from a change to the step that rolled it back. Median. It
 *   counts from when the version began to serve, for when somebody noticed is written nowhere.
 */
export interface Delivery {
  weeks: Week[];
  changes: number;
  /** What may be a change or a rollback, for too little of the time before was read: not counted. */
  uncertain: number;
  registrations: number;
  promotion: Rate & {
    /** Evaluations without a production model to compare with: not counted. */ withoutChampion: number;
  };
  /** Hours. */
  leadTime: Median & {
    fromCommit: number;
    fromQueue: number;
    /** Changes whose registration was not read. */ unknown: number;
  };
  failure: Rate & {
    /** Changes younger than the window: not counted. */ tooYoung: number;
    /** Changes after which a version came that may have served before: not counted. */ unknown: number;
  };
  /** Hours. */
  rollback: Median;
}

/** Seven days from `start`, with what happened in them; the last one ends with the span. */
export interface Week {
  /** `2026-11-16`, in UTC. */
  start: string;
  changes: number;
  registrations: number;
}

export interface DeliveryData {
  versions: readonly ModelVersion[];
  evaluations: readonly Indexed<'mlops.evaluation.v1'>[];
  deployments: readonly DeploymentEvent[];
  smokes: readonly Indexed<'mlops.smoke.v1'>[];
  /** Time of the commit that a run was made from, by run id, where it was read. */
  commitTimes?: ReadonlyMap<number, string>;
  /** Older runs were not read: a version that they registered may have served before. */
  isPartial?: boolean;
}

export interface Span {
  /** ISO 8601; `from` belongs to the span, `to` does not. */
  from: string;
  to: string;
  /** 24 unless something else is said. */
  failWindowHours?: number;
}

/** Of one team (folder of the run's pipeline) or of one model. */
export interface Scope {
  folder?: string;
  model?: string;
  /** Where several have a model of the name: what nobody can tell the workspace of counts for each of them. */
  workspace?: string;
}

/** The figures of a span of time. What happened before it still counts for what served when it began. */
export function delivery(data: DeliveryData, span: Span, scope: Scope = {}): Delivery {
  const changes = changesOf(data, span.failWindowHours ?? 24);
  const all = changes.filter((change) => isIn(span, change.at) && isOf(scope, change));
  const inScope = data.isPartial === true ? certainOf(data, all) : all;
  const registered = firstRegistrations(data.versions).filter(
    ({ run, model, registration: { at, workspace } }) =>
      isIn(span, at) && isOf(scope, { run, model, workspaces: [workspace] }),
  );
  const old = inScope.filter((change) => Date.parse(change.at) + change.windowMs <= Date.parse(span.to));
  const told = data.isPartial === true ? old.filter((change) => !mayBeUndone(data, change, changes)) : old;
  return {
    weeks: weeksOf(span, inScope, registered),
    changes: inScope.length,
    uncertain: all.length - inScope.length,
    registrations: registered.length,
    promotion: promotionOf(data, changes, span, scope),
    leadTime: leadTimeOf(data, inScope),
    failure: {
      ...rateOf(told.filter(({ hasFailed }) => hasFailed).length, told.length),
      tooYoung: inScope.length - old.length,
      unknown: old.length - told.length,
    },
    rollback: medianOf(
      inScope.flatMap(({ rolledBackAfterMs }) => (rolledBackAfterMs === undefined ? [] : [rolledBackAfterMs / hour])),
    ),
  };
}

/** The same figures for each team or each model that did anything in the span, by name. */
export function deliveryBy(
  by: 'folder' | 'model',
  data: DeliveryData,
  span: Span,
): { name: string; workspace?: string; figures: Delivery }[] {
  const names = by === 'folder' ? foldersOf(data) : modelsOf(data);
  return names
    .map(({ name, workspace }) => ({ name, workspace, figures: delivery(data, span, { [by]: name, workspace }) }))
    .filter(({ figures }) => figures.changes + figures.uncertain + figures.registrations + figures.promotion.n > 0);
}

interface Named {
  name: string;
  workspace?: string;
}

function foldersOf({ versions, deployments, evaluations }: DeliveryData): Named[] {
  const folders = new Set([...versions, ...deployments, ...evaluations].map(({ run }) => run.pipeline.folder));
  return [...folders].sort(compareText).map((name) => ({ name }));
}

/** A model that several workspaces have once for each of them. */
function modelsOf({ versions, deployments }: DeliveryData): Named[] {
  const homes = homesOf(versions);
  const names = new Set([...homes.keys(), ...deployments.flatMap(({ entry }) => entry.model ?? [])]);
  return [...names].sort(compareText).flatMap((name): Named[] => {
    const own = (homes.get(name) ?? []).map(({ workspace }) => workspace);
    return own.length < 2 ? [{ name }] : own.sort(compareText).map((workspace) => ({ name, workspace }));
  });
}

const hour = 3_600_000;

/** A version's first share of production's requests in one place. */
export interface ProductionChange {
  at: string;
  place: string;
  run: Run;
  model?: string;
  version?: string;
  /** Of which the model may be. */
  workspaces: readonly string[];
  hasFailed: boolean;
  rolledBackAfterMs?: number;
  windowMs: number;
}

/** Changes of all time, oldest first. */
export function changesOf({ versions, deployments, smokes }: DeliveryData, failWindowHours = 24): ProductionChange[] {
  const windowMs = failWindowHours * hour;
  const homes = homesOf(versions);
  const byPlace = new Map<string, Period[]>();
  for (const period of history(deployments).reverse()) {
    if (!period.place.isProduction) continue;
    byPlace.set(period.place.key, [...(byPlace.get(period.place.key) ?? []), period]);
  }
  const changes = [...byPlace.values()].flatMap((periods) => changesOfPlace(periods, smokes, windowMs, homes));
  return changes.sort((one, other) => Date.parse(one.at) - Date.parse(other.at));
}

function changesOfPlace(
  periods: readonly Period[],
  smokes: readonly Indexed<'mlops.smoke.v1'>[],
  windowMs: number,
  homes: Homes,
): ProductionChange[] {
  const starts = periods.flatMap((period, index) =>
    period.rollback !== undefined
      ? []
      : newcomers(period, periods[index - 1]).map((version) => ({ period, index, version })),
  );
  return starts.map(({ period, index, version }) => {
    const at = Date.parse(period.from);
    const next = starts.find((other) => other.index > index)?.period;
    const until = Math.min(at + windowMs, next === undefined ? Infinity : Date.parse(next.from));
    const undone = undoneBy(version, periods.slice(index + 1));
    const rolledBackAfterMs = undone === undefined ? undefined : Date.parse(undone.from) - at;
    const isUndone = rolledBackAfterMs !== undefined && rolledBackAfterMs <= windowMs;
    const hasFailed =
      isUndone || smokes.some((smoke) => concerns(smoke, period) && isWithin(smoke.entry.at, at, until));
    const { model, version: number } = version;
    return {
      workspaces: workspacesOf(homes, madeOf(version)),
      at: period.from,
      place: period.place.key,
      run: period.event.run,
      model,
      version: number,
      hasFailed,
      rolledBackAfterMs,
      windowMs,
    };
  });
}

/**
 * The step that rolled a change back. Once the version has given way otherwise the change has ended: what becomes of the version
 * when it serves again is no matter of this change.
 */
function undoneBy(version: Version, later: readonly Period[]): Period | undefined {
  const takenBack = ({ rollback }: Period): boolean => rollback?.from.some((one) => isSame(one, version)) === true;
  const first = later.find((period) => takenBack(period) || !period.serving.some((one) => isSame(one, version)));
  return first !== undefined && takenBack(first) ? first : undefined;
}

/** Versions that take requests now and took none in the period before. */
function newcomers({ serving }: Period, before: Period | undefined): Serving[] {
  const distinct = new Map(serving.map((one) => [JSON.stringify([one.model, one.version]), one]));
  return [...distinct.values()].filter((version) => !(before?.serving ?? []).some((one) => isSame(one, version)));
}

function isSame(one: Version, other: Version): boolean {
  return one.model === other.model && one.version === other.version;
}

/** A failed smoke test of the same environment; one that names none must at least be of the run that deployed. */
function concerns({ run, entry }: Indexed<'mlops.smoke.v1'>, { place, event }: Period): boolean {
  if (entry.verdict !== 'failed') return false;
  return entry.environment === undefined
    ? run.id === event.run.id && entry.stage === event.entry.stage
    : entry.environment === place.environment;
}

function isWithin(time: string, from: number, until: number): boolean {
  const moment = Date.parse(time);
  return moment >= from && moment < until;
}

function promotionOf(
  data: DeliveryData,
  changes: readonly ProductionChange[],
  span: Span,
  scope: Scope,
): Delivery['promotion'] {
  const models = modelsByRun(data.versions);
  const homes = homesOf(data.versions);
  const hasServed = ({ model, version, registration: { workspace } }: ModelVersion): boolean =>
    changes.some((change) => change.version === version && isOf({ model, workspace }, change));
  const versionsOf = new Map<number, ModelVersion[]>();
  for (const version of data.versions)
    versionsOf.set(version.run.id, [...(versionsOf.get(version.run.id) ?? []), version]);
  const subjectOf = (run: Run) => {
    const model = models(run);
    const registered = (versionsOf.get(run.id) ?? []).map(({ registration }) => registration.workspace);
    return { run, model, workspaces: registered.length > 0 ? registered : workspacesOf(homes, { model, run }) };
  };
  const evaluated = data.evaluations.filter(({ run, entry }) => isIn(span, entry.at) && isOf(scope, subjectOf(run)));
  const judged = evaluated.filter(({ entry }) => entry.decision !== 'firstModel');
  const promoted = judged.filter(
    ({ run, entry }) => entry.decision === 'better' || (versionsOf.get(run.id) ?? []).some(hasServed),
  );
  return { ...rateOf(promoted.length, judged.length), withoutChampion: evaluated.length - judged.length };
}

/**
 * The model that a run is about: what it registered, else what its tag stands for. An evaluation that was not followed by a
 * registration names no model; its run's tag is a digest that runs with a registration explain.
 */
function modelsByRun(versions: readonly ModelVersion[]): (run: Run) => string | undefined {
  const registered = new Map(versions.map(({ run, model }) => [run.id, model]));
  const ambiguous = new Set<string>();
  const tagged = new Map<string, string>();
  for (const { run, model } of versions) {
    const tags = modelTags(run);
    const [tag] = tags;
    if (tag === undefined || tags.length > 1) continue;
    if (tagged.has(tag) && tagged.get(tag) !== model) ambiguous.add(tag);
    tagged.set(tag, model);
  }
  return (run) => {
    const [tag, more] = modelTags(run).filter((one) => !ambiguous.has(one));
    return registered.get(run.id) ?? (tag === undefined || more !== undefined ? undefined : tagged.get(tag));
  };
}

function modelTags(run: Run): string[] {
  return run.tags.filter((tag) => tag.startsWith('mlops.m.'));
}

/** The runs whose commits lead times begin with: those that registered what changed production in a span, newest first. */
export function changedRuns(data: DeliveryData, span: Span): Run[] {
  const runOf = registeringRun(data.versions);
  const runs = changesOf(data, span.failWindowHours ?? 24)
    .filter(({ at }) => isIn(span, at))
    .flatMap((change) => runOf(change) ?? []);
  return [...new Map(runs.map((run) => [run.id, run])).values()].reverse();
}

function registeringRun(versions: readonly ModelVersion[]): (change: ProductionChange) => Run | undefined {
  const first = new Map<string, ModelVersion[]>();
  for (const one of firstRegistrations(versions)) {
    const key = JSON.stringify([one.model, one.version]);
    first.set(key, [...(first.get(key) ?? []), one]);
  }
  return ({ model, version, workspaces }) =>
    first
      .get(JSON.stringify([model, version]))
      ?.find(({ registration: { workspace } }) => workspaces.some((one) => isSameWorkspace(one, workspace)))?.run;
}

/** A version whose registration was read cannot have served before what was read. */
function certainOf({ versions }: DeliveryData, changes: readonly ProductionChange[]): ProductionChange[] {
  const runOf = registeringRun(versions);
  return changes.filter((change) => runOf(change) !== undefined);
}

/** What came after it may be an older version that came back: then the change was rolled back, and nobody can tell. */
function mayBeUndone(data: DeliveryData, change: ProductionChange, all: readonly ProductionChange[]): boolean {
  if (change.hasFailed) return false;
  const after = all.filter(({ at, place, model }) => {
    const later = Date.parse(at) - Date.parse(change.at);
    return place === change.place && model === change.model && later > 0 && later <= change.windowMs;
  });
  return certainOf(data, after).length < after.length;
}

function leadTimeOf(
  { versions, commitTimes }: DeliveryData,
  changes: readonly ProductionChange[],
): Delivery['leadTime'] {
  const runOf = registeringRun(versions);
  const measured = changes.map((change) => {
    const run = runOf(change);
    if (run === undefined) return undefined;
    const { at } = change;
    const commit = commitTimes?.get(run.id);
    const hours = (Date.parse(at) - Date.parse(commit ?? run.queuedAt)) / hour;
    // A negative time is a clock that is wrong, or a version that was deployed before it was registered.
    return Number.isFinite(hours) && hours >= 0 ? { hours, isFromCommit: commit !== undefined } : undefined;
  });
  const known = measured.filter((one) => one !== undefined);
  const fromCommit = known.filter(({ isFromCommit }) => isFromCommit).length;
  const median = medianOf(known.map(({ hours }) => hours));
  return { ...median, fromCommit, fromQueue: known.length - fromCommit, unknown: measured.length - known.length };
}

/** A version that several runs registered counts once, when it was registered first. */
function firstRegistrations(versions: readonly ModelVersion[]): ModelVersion[] {
  const first = new Map<string, ModelVersion>();
  // What an earlier run had registered is no registration of this one.
  for (const version of versions.filter(({ registration }) => registration.created !== false)) {
    const key = JSON.stringify([version.model, version.version, version.registration.workspace.toLowerCase()]);
    const known = first.get(key);
    if (known === undefined || Date.parse(version.registration.at) < Date.parse(known.registration.at))
      first.set(key, version);
  }
  return [...first.values()];
}

/** Counted from where the span begins: weeks of the calendar would leave a part of one at either end. */
function weeksOf(span: Span, changes: readonly ProductionChange[], registered: readonly ModelVersion[]): Week[] {
  const [from, to] = [Date.parse(span.from), Date.parse(span.to)];
  if (!(from < to)) return [];
  const weeks: Week[] = [];
  for (let start = from; start < to; start += 7 * 24 * hour) {
    const week = { from: new Date(start).toISOString(), to: new Date(start + 7 * 24 * hour).toISOString() };
    weeks.push({
      start: week.from.slice(0, 10),
      changes: changes.filter(({ at }) => isIn(week, at)).length,
      registrations: registered.filter(({ registration }) => isIn(week, registration.at)).length,
    });
  }
  return weeks;
}

/** The last `days` days of UTC with today: they begin at midnight, so that a column of seven of them is seven whole dates. */
export function lastDays(days: number, now: number): Pick<Span, 'from' | 'to'> {
  const day = 24 * hour;
  const tomorrow = (Math.floor(now / day) + 1) * day;
  return { from: new Date(tomorrow - days * day).toISOString(), to: new Date(now).toISOString() };
}

function isIn({ from, to }: { from: string; to: string }, time: string): boolean {
  const moment = Date.parse(time);
  return moment >= Date.parse(from) && moment < Date.parse(to);
}

function isOf(
  { folder, model, workspace }: Scope,
  { run, ...one }: { run: Run; model?: string; workspaces: readonly string[] },
): boolean {
  return (
    (folder === undefined || run.pipeline.folder === folder) &&
    (model === undefined || one.model === model) &&
    (workspace === undefined || one.workspaces.some((each) => isSameWorkspace(each, workspace)))
  );
}
