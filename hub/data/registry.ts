import type { Approval, ModelVersion, Serving } from './types';
import type { TrendPoint } from '../components/charts/trend';
import { compareText, compareVersions } from './versions';
import { homesOf, isAmbiguous, isSameWorkspace, madeOf, workspacesOf } from './workspaces';

/** A model with everything that the list says of it. */
export interface ModelRow {
  /** Names the row: the same name in two workspaces is two models. */
  key: string;
  model: string;
  workspace: string;
  /** The workspace again where another one has a model of this name: an address has to name it then. */
  among?: string;
  /** Folders of the pipelines that registered it: the team. */
  folders: string[];
  /** Newest first, by number; each once. */
  versions: ModelVersion[];
  latest: ModelVersion;
  /** What production serves of it, the largest share first. */
  production: Serving[];
  /** Where it serves, production or not. */
  environments: string[];
  headline?: Headline;
  /** The headline metric by version, oldest first. */
  trend: TrendPoint[];
  /** Decision of the latest version's evaluation: `better`, `notBetter`, `unsure`, `firstModel`. */
  verdict?: string;
  /** Newest approval of the latest version's run. */
  approval?: Approval;
}

export type Direction = 'improvement' | 'worse' | 'same' | 'unknown';

/** The metric that speaks for a version, against production. */
export interface Headline {
  metric: string;
  orientation?: 'lower' | 'higher';
  value: number;
  production?: { version: string; value: number };
  /** `unknown` without production's value, or without the metric's orientation. */
  direction: Direction;
  /** `sameHoldout`: both were measured by one evaluation, on the same rows; `reported`: each by its own training. */
  basis: 'sameHoldout' | 'reported';
}

/** Groups versions into models. The order of the arguments does not matter. */
export function modelRows(
  versions: readonly ModelVersion[],
  servings: readonly Serving[] = [],
  approvals: readonly Approval[] = [],
): ModelRow[] {
  const homes = homesOf(versions);
  const groups = groupBy(versions, ({ model, registration: { workspace } }) =>
    JSON.stringify([model, workspace.toLowerCase()]),
  );
  const rows = [...groups].flatMap(([key, group]) => {
    const [first] = group;
    if (first === undefined) return [];
    const { model, registration } = first;
    const own = servings.filter(
      (serving) =>
        serving.model === model &&
        workspacesOf(homes, madeOf(serving)).some((one) => isSameWorkspace(one, registration.workspace)),
    );
    const row = rowOf(key, group, own, approvals, isAmbiguous(homes, model));
    return row === undefined ? [] : [row];
  });
  return sortRows(rows, { by: 'model' });
}

/** One entry a version, newest first: of several registrations of one version the newest stands for it. */
export function distinctVersions(versions: readonly ModelVersion[]): ModelVersion[] {
  const newest = new Map<string, ModelVersion>();
  for (const version of versions) {
    const known = newest.get(version.version);
    if (known === undefined || compareRegistrations(version, known) > 0) newest.set(version.version, version);
  }
  return [...newest.values()].sort((one, other) => compareVersions(other.version, one.version));
}

/**
 * The headline metric of a version: the evaluation's where it has one (its orientation is known then), else the first that was
 * registered.
 *
 * @param champion what production serves of the model, to compare with
 */
export function headlineOf(version: ModelVersion, champion?: ModelVersion | { version: string }): Headline | undefined {
  const { evaluation, registration } = version;
  const metric = evaluation?.metric ?? Object.keys(registration.metrics)[0];
  if (metric === undefined) return undefined;
  const value = evaluation?.candidate ?? own(registration.metrics, metric);
  if (value === undefined) return undefined;
  const orientation = orientationOf(evaluation?.orientation);
  const isJudged =
    evaluation?.candidate !== undefined &&
    evaluation.champion !== undefined &&
    evaluation.championVersion !== undefined &&
    (champion === undefined || evaluation.championVersion === champion.version);
  if (isJudged && evaluation.champion !== undefined && evaluation.championVersion !== undefined) {
    const production = { version: evaluation.championVersion, value: evaluation.champion };
    const direction = directionOf(value, production.value, orientation);
    return { metric, orientation, value, production, direction, basis: 'sameHoldout' };
  }
  const reported = champion !== undefined && 'registration' in champion ? metricOf(champion, metric) : undefined;
  const production =
    champion === undefined || reported === undefined ? undefined : { version: champion.version, value: reported };
  const direction = production === undefined ? 'unknown' : directionOf(value, production.value, orientation);
  return { metric, orientation, value, production, direction, basis: 'reported' };
}

/** Which way a value lies from production's, by the metric's orientation. Equal up to rounding is the same. */
export function directionOf(value: number, production: number, orientation?: 'lower' | 'higher'): Direction {
  if (!Number.isFinite(value) || !Number.isFinite(production)) return 'unknown';
  const size = Math.max(Math.abs(value), Math.abs(production));
  if (Math.abs(value - production) <= size * 1e-9) return 'same';
  if (orientation === undefined) return 'unknown';
  return value > production === (orientation === 'higher') ? 'improvement' : 'worse';
}

export interface ModelFilter {
  /** Every word must be found in the model's name, folder, versions or who registered them. */
  keyword?: string;
  /** A folder, or one above it. */
  folder?: string;
  workspace?: string;
  verdict?: string;
  /** Serves there. */
  environment?: string;
  /** Registered by this person's runs. */
  mine?: string;
}

export function filterRows(rows: readonly ModelRow[], filter: ModelFilter): ModelRow[] {
  const words = (filter.keyword ?? '').toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter((row) => {
    if (filter.folder !== undefined && !row.folders.some((folder) => isWithin(folder, filter.folder ?? '')))
      return false;
    if (filter.workspace !== undefined && !isSameWorkspace(row.workspace, filter.workspace)) return false;
    if (filter.verdict !== undefined && row.verdict !== filter.verdict) return false;
    if (filter.mine !== undefined && !row.versions.some(({ run }) => run.requestedFor.id === filter.mine)) return false;
    if (filter.environment !== undefined && !row.environments.includes(filter.environment)) return false;
    return words.length === 0 || matches(row, words);
  });
}

export type SortKey = 'model' | 'registered' | 'verdict' | 'production' | 'version';

/** Ties are broken by name, so that the order is the same at every visit. */
export function sortRows(
  rows: readonly ModelRow[],
  { by, isDescending = false }: { by: SortKey; isDescending?: boolean },
): ModelRow[] {
  const sign = isDescending ? -1 : 1;
  return [...rows].sort((one, other) => sign * order[by](one, other) || compareName(one, other));
}

const order: Record<SortKey, (one: ModelRow, other: ModelRow) => number> = {
  model: compareName,
  version: (one, other) => compareVersions(one.latest.version, other.latest.version),
  registered: (one, other) => compareRegistrations(one.latest, other.latest),
  verdict: (one, other) => verdictRank(one.verdict) - verdictRank(other.verdict),
  production: (one, other) => compareVersions(one.production[0]?.version ?? '', other.production[0]?.version ?? ''),
};

/** What filters can be set to. */
export function filterChoices(rows: readonly ModelRow[]): {
  folders: string[];
  workspaces: string[];
  verdicts: string[];
} {
  const distinct = (values: readonly (string | undefined)[]): string[] =>
    [...new Set(values.filter((value) => value !== undefined))].sort(compareText);
  return {
    folders: distinct(rows.flatMap(({ folders }) => folders)),
    workspaces: distinct(rows.map(({ workspace }) => workspace)),
    verdicts: distinct(rows.map(({ verdict }) => verdict)),
  };
}

/** @param servings of this model alone */
function rowOf(
  key: string,
  group: readonly ModelVersion[],
  servings: readonly Serving[],
  approvals: readonly Approval[],
  isOneOfSeveral: boolean,
): ModelRow | undefined {
  const versions = distinctVersions(group);
  const latest = versions[0];
  if (latest === undefined) return undefined;
  const folders = [...new Set(group.map(({ run }) => run.pipeline.folder))].sort(compareText);
  const production = servings
    .filter(({ isProduction }) => isProduction)
    .sort((one, other) => other.traffic - one.traffic || compareVersions(other.version ?? '', one.version ?? ''));
  const served = production[0]?.version;
  const champion =
    served === undefined ? undefined : (versions.find(({ version }) => version === served) ?? { version: served });
  const headline = headlineOf(latest, champion);
  return {
    key,
    model: latest.model,
    workspace: latest.registration.workspace,
    among: isOneOfSeveral ? latest.registration.workspace : undefined,
    folders,
    versions,
    latest,
    production,
    environments: [...new Set(servings.map(({ environment }) => environment))],
    headline,
    trend: headline === undefined ? [] : trendOf(versions, headline.metric, production),
    verdict: latest.evaluation?.decision,
    approval: newestApproval(approvals, latest.run.id),
  };
}

/**
 * A metric's value at each version, oldest first; `NaN` where a version has none.
 *
 * @param current the version that the page is about, where it is about one
 */
export function trendOf(
  versions: readonly ModelVersion[],
  metric: string,
  production: readonly Serving[] = [],
  current?: string,
): TrendPoint[] {
  const serving = new Set(production.map(({ version }) => version));
  return distinctVersions(versions)
    .reverse()
    .map((version) => ({
      label: version.version,
      value: metricOf(version, metric) ?? NaN,
      isProduction: serving.has(version.version),
      ...(version.version === current ? { isCurrent: true } : {}),
    }));
}

/** What the registration says; else what its evaluation measured. */
function metricOf({ registration, evaluation }: ModelVersion, metric: string): number | undefined {
  return own(registration.metrics, metric) ?? (evaluation?.metric === metric ? evaluation.candidate : undefined);
}

/** A metric may be called `constructor`. */
function own(metrics: Readonly<Record<string, number>>, metric: string): number | undefined {
  return Object.hasOwn(metrics, metric) ? metrics[metric] : undefined;
}

function newestApproval(approvals: readonly Approval[], runId: number): Approval | undefined {
  return approvals
    .filter(({ run }) => run.id === runId)
    .sort((one, other) => compareText(other.createdAt, one.createdAt))[0];
}

function matches({ model, folders, workspace, versions }: ModelRow, words: readonly string[]): boolean {
  const people = versions.map(({ run }) => run.requestedFor.displayName);
  const text = [model, workspace, ...folders, ...people, ...versions.map(({ version }) => version)]
    .join('\n')
    .toLocaleLowerCase();
  return words.every((word) => text.includes(word));
}

function isWithin(folder: string, above: string): boolean {
  return folder === above || folder.startsWith(above.endsWith('\\') ? above : `${above}\\`);
}

function orientationOf(text: string | undefined): 'lower' | 'higher' | undefined {
  return text === 'lower' || text === 'higher' ? text : undefined;
}

/** What needs a look comes first. */
function verdictRank(verdict: string | undefined): number {
  const rank = ['notBetter', 'unsure', 'better', 'firstModel'].indexOf(verdict ?? '');
  return rank < 0 ? 4 : rank;
}

function compareName(one: ModelRow, other: ModelRow): number {
  return compareText(one.model, other.model) || compareText(one.workspace, other.workspace);
}

function compareRegistrations(one: ModelVersion, other: ModelVersion): number {
  return compareText(one.registration.at, other.registration.at) || one.run.id - other.run.id;
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
