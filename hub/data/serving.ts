import type { DeploymentEvent, Serving } from './types';
import { imageDigest } from '../../lib/evidence/about';
import { compareText } from './versions';
import { madeOf, workspaceAmong, type Homes } from './workspaces';

/**
 * What served where, from the steps that deployments left behind. A step is only recorded when it succeeded, so each one is
 * what served from then on:
 * - a managed endpoint: the step's traffic, percent by deployment. A deployment's version is the one that the latest step on
 *   this endpoint named for it; other steps leave it alone.
 * - a container group or a Kubernetes deployment: the step replaces what was there and takes every request.
 *
 * What was changed past the pipelines is not seen here; `flags` say where the steps do not fit together.
 */
export interface Place {
  key: string;
  environment: string;
  isProduction: boolean;
  target: string;
  /** Endpoint, container group or Kubernetes deployment. */
  name: string;
  /** Where it is, as far as the steps say so. */
  where?: string;
}

export type Flag =
  /** Traffic goes to a deployment that no step of this endpoint names a version for. */
  | 'unknownVersion'
  /** The shares do not add up to 100. */
  | 'partialTraffic'
  /** The step says nothing of the traffic, or what cannot be: what serves is not known. */
  | 'unreadableTraffic'
  /** A step of another environment changed an endpoint of the same name while this lasted. */
  | 'changedElsewhere'
  /** Before the step the traffic was not what the step before had left. */
  | 'changedOutside';

/** What served in one place from one step to the next: `from` belongs to it, `to` does not. */
export interface Period {
  place: Place;
  from: string;
  /** Absent while it lasts. */
  to?: string;
  /** The step that began it. */
  event: DeploymentEvent;
  serving: Serving[];
  /** Set when versions that had come later gave way to one that had served before them. */
  rollback?: { to: Version; from: Version[] };
  flags: Flag[];
}

export interface Version {
  model?: string;
  version?: string;
  image?: string;
  deployment?: string;
}

/**
 * Periods of every place, newest first. Steps without a readable time are left out: `undated` has them.
 *
 * @param events those of one run in the order of its index, which tells the first of two steps of the same second
 */
export function history(events: readonly DeploymentEvent[]): Period[] {
  const places = byPlace(events);
  const periods = [...places.values()].flatMap(({ place, steps }) => periodsOf(place, steps, events).reverse());
  return periods.sort(
    (one, other) => Date.parse(other.from) - Date.parse(one.from) || compareText(one.place.key, other.place.key),
  );
}

/** What served at a moment, everywhere. A moment before the first step of a place has nothing there. */
export function servingAt(events: readonly DeploymentEvent[], time: string | Date): Serving[] {
  return servingOf(history(events), time);
}

/** As `servingAt`, over periods that are at hand. */
export function servingOf(periods: readonly Period[], time: string | Date): Serving[] {
  return periodsAt(periods, time).flatMap(({ serving }) => serving);
}

/** The period of each place that contains a moment. */
export function periodsAt(periods: readonly Period[], time: string | Date): Period[] {
  const moment = new Date(time).getTime();
  return periods.filter(({ from, to }) => Date.parse(from) <= moment && (to === undefined || moment < Date.parse(to)));
}

/** Steps whose time cannot be read; they are in no period. */
export function undated(events: readonly DeploymentEvent[]): DeploymentEvent[] {
  return events.filter(({ at }) => Number.isNaN(Date.parse(at)));
}

export interface MatrixRow {
  key: string;
  model: string;
  /** Where several workspaces have a model of this name. */
  workspace?: string;
  cell: (environment: string) => Serving[];
}

export interface Matrix {
  rows: MatrixRow[];
  /** Production last. */
  environments: string[];
}

/** Model by environment. What serves without a name of its model stands in a row of its own. */
export function matrix(servings: readonly Serving[], homes: Homes = new Map()): Matrix {
  const environments = new Map<string, boolean>();
  for (const { environment, isProduction } of servings) environments.set(environment, isProduction);
  const ordered = [...environments].sort(
    ([one, isOne], [other, isOther]) => Number(isOne) - Number(isOther) || compareText(one, other),
  );
  const rows = new Map<string, Pick<MatrixRow, 'model' | 'workspace'> & { own: Serving[] }>();
  for (const serving of servings) {
    const { model = unknownModel } = serving;
    const workspace = workspaceAmong(homes, madeOf(serving));
    const key = JSON.stringify([model, workspace]);
    const row = rows.get(key) ?? { model, workspace, own: [] };
    row.own.push(serving);
    rows.set(key, row);
  }
  return {
    rows: [...rows]
      .sort(
        ([, one], [, other]) =>
          compareText(one.model, other.model) || compareText(one.workspace ?? '', other.workspace ?? ''),
      )
      .map(([key, { own, ...row }]) => ({
        ...row,
        key,
        cell: (environment) => own.filter((serving) => serving.environment === environment),
      })),
    environments: ordered.map(([name]) => name),
  };
}

export const unknownModel = '(unknown model)';

/** `churn 7`, or what else is known of it. */
export function versionText({ model, version, image, deployment }: Version): string {
  if (model !== undefined) return version === undefined ? model : `${model} ${version}`;
  if (image !== undefined) return `image ${image}`;
  return deployment === undefined ? 'unknown version' : `unknown version in ${deployment}`;
}

function byPlace(events: readonly DeploymentEvent[]): Map<string, { place: Place; steps: DeploymentEvent[] }> {
  const places = new Map<string, { place: Place; steps: DeploymentEvent[] }>();
  for (const event of [...events].filter(({ at }) => !Number.isNaN(Date.parse(at))).sort(compareEvents)) {
    const { environment, isProduction, entry } = event;
    const key = placeKey(event);
    const found = places.get(key);
    const place = { key, environment, isProduction, target: entry.target, name: entry.service, where: entry.place };
    if (found !== undefined) found.steps.push(event);
    else places.set(key, { place, steps: [event] });
  }
  return places;
}

/** Two services may have one name, in two clusters or namespaces. Ids of Azure know no case. */
export function placeKey({ environment, entry: { target, service, place = '' } }: DeploymentEvent): string {
  return JSON.stringify([environment, target, service, place.toLowerCase()]);
}

/** By time, which is to the second. The sort keeps the order of what is equal: of one run that of its index. */
function compareEvents(one: DeploymentEvent, other: DeploymentEvent): number {
  return (
    Date.parse(one.at) - Date.parse(other.at) ||
    one.run.id - other.run.id ||
    (one.entry.attempt ?? 1) - (other.entry.attempt ?? 1)
  );
}

/** One version in one deployment. */
interface Occupant extends Version {
  traffic: number;
}

interface Current extends Occupant {
  since: string;
  event: DeploymentEvent;
}

/** What is known of a place while its steps are walked through. */
interface Walk {
  /** What the latest step named for each deployment. */
  named: Map<string, Version>;
  /** What serves now, by deployment. */
  now: Map<string, Current>;
  /** Order in which versions first took requests. */
  first: Map<string, number>;
  traffic?: Readonly<Record<string, number>>;
}

function periodsOf(place: Place, steps: readonly DeploymentEvent[], all: readonly DeploymentEvent[]): Period[] {
  const walk: Walk = { named: new Map(), now: new Map(), first: new Map() };
  return steps.map((event, index) => {
    const to = steps[index + 1]?.at;
    const flags = new Set<Flag>();
    const { trafficBefore } = event.entry;
    if (trafficBefore !== undefined && walk.traffic !== undefined && !sameTraffic(trafficBefore, walk.traffic)) {
      flags.add('changedOutside');
    }
    const occupants = occupantsOf(place, event, walk, flags);
    const rollback = rollbackOf(walk, occupants);
    advance(walk, occupants, event);
    if (isChangedElsewhere(place, event, to, all)) flags.add('changedElsewhere');
    const serving = [...walk.now.values()].map((occupant) => servingFrom(place, occupant));
    return { place, from: event.at, to, event, serving, rollback, flags: [...flags] };
  });
}

function occupantsOf(place: Place, { entry }: DeploymentEvent, walk: Walk, flags: Set<Flag>): Occupant[] {
  const { deployment, model, version, image, traffic } = entry;
  if (place.target !== 'managedEndpoint') {
    if (!isNamed(entry)) flags.add('unknownVersion');
    return [{ model, version, image, traffic: 100 }];
  }
  // What the step put there without naming it is not what was there before.
  if (deployment !== undefined) walk.named.set(deployment, { model, version, image });
  const shares = Object.entries(traffic ?? {});
  const total = shares.reduce((sum, [, share]) => sum + share, 0);
  if (traffic === undefined || shares.some(([, share]) => !(share >= 0 && share <= 100)) || total > 100) {
    flags.add('unreadableTraffic');
    walk.traffic = undefined;
    return [];
  }
  walk.traffic = traffic;
  const serving = shares.filter(([, share]) => share > 0);
  if (total < 100 && total > 0) flags.add('partialTraffic');
  if (serving.some(([name]) => !isNamed(walk.named.get(name)))) flags.add('unknownVersion');
  return serving.map(([name, share]) => ({ ...walk.named.get(name), deployment: name, traffic: share }));
}

function isNamed({ model, version, image }: Version = {}): boolean {
  return (model !== undefined && version !== undefined) || image !== undefined;
}

/**
 * A step rolls back when a version's share grows at the cost of one of the same model that had come after it. A first
 * appearance never does, whatever its number.
 */
function rollbackOf(walk: Walk, occupants: readonly Occupant[]): Period['rollback'] {
  const then = shares([...walk.now.values()]);
  const now = shares(occupants);
  const grown = occupants.filter(
    (one) => (now.get(keyOf(one)) ?? 0) > (then.get(keyOf(one)) ?? 0) && walk.first.has(keyOf(one)),
  );
  const shrunk = [...walk.now.values()].filter((one) => (now.get(keyOf(one)) ?? 0) < (then.get(keyOf(one)) ?? 0));
  const order = (one: Version): number => walk.first.get(keyOf(one)) ?? Infinity;
  for (const to of grown.sort((one, other) => order(one) - order(other))) {
    const from = shrunk.filter((one) => one.model === to.model && order(one) > order(to));
    if (from.length > 0) return { to: nameOf(to), from: from.map(nameOf) };
  }
  return undefined;
}

/**
 * The date of what serves is that of its version, its proof that of the step that deployed there last or gave it a larger
 * share: the same version may have come again with other code, or have got all requests past the gate. A share that only
 * shrank was nobody's decision about it.
 */
function advance(walk: Walk, occupants: readonly Occupant[], event: DeploymentEvent): void {
  const known = new Map([...walk.now.values()].map((one) => [keyOf(one), one]));
  const current = occupants.map((one): Current => {
    const same = isNamed(one) || one.deployment !== undefined ? known.get(keyOf(one)) : undefined;
    const here = walk.now.get(one.deployment ?? '');
    const isMade =
      one.deployment === undefined ||
      one.deployment === event.entry.deployment ||
      here === undefined ||
      one.traffic > here.traffic ||
      keyOf(here) !== keyOf(one);
    return { ...one, since: same?.since ?? event.at, event: isMade ? event : here.event };
  });
  walk.now = new Map(current.map((one) => [one.deployment ?? '', one]));
  for (const one of occupants) {
    if (!walk.first.has(keyOf(one))) walk.first.set(keyOf(one), walk.first.size);
  }
}

function servingFrom({ environment, isProduction, name, where }: Place, current: Current): Serving {
  return { environment, isProduction, name, ...(where === undefined ? {} : { where }), ...current };
}

/** Names of managed endpoints are unique in a region: two environments that name one mean the same, unless the steps say otherwise. */
function isChangedElsewhere(
  place: Place,
  event: DeploymentEvent,
  to: string | undefined,
  all: readonly DeploymentEvent[],
): boolean {
  if (place.target !== 'managedEndpoint') return false;
  const [from, end] = [Date.parse(event.at), to === undefined ? Infinity : Date.parse(to)];
  return all.some((other) => {
    if (other.entry.target !== place.target || other.entry.service !== place.name) return false;
    const [here, there] = [place.where?.toLowerCase(), other.entry.place?.toLowerCase()];
    if (here !== undefined && there !== undefined && here !== there) return false;
    const time = Date.parse(other.at);
    return other.environment !== place.environment && time >= from && time < end;
  });
}

/** Names one version, else one image; what is not known is told apart by its deployment. */
function keyOf({ model, version, image, deployment }: Version): string {
  if (version !== undefined) return JSON.stringify([model, version]);
  if (image !== undefined) return JSON.stringify(['image', imageDigest(image) ?? image, model]);
  return JSON.stringify([model, '', deployment]);
}

function shares(occupants: readonly Occupant[]): Map<string, number> {
  const result = new Map<string, number>();
  for (const one of occupants) result.set(keyOf(one), (result.get(keyOf(one)) ?? 0) + one.traffic);
  return result;
}

function nameOf({ model, version, image, deployment }: Version): Version {
  return { model, version, image, deployment };
}

function sameTraffic(left: Readonly<Record<string, number>>, right: Readonly<Record<string, number>>): boolean {
  return [...Object.keys(left), ...Object.keys(right)].every((name) => (left[name] ?? 0) === (right[name] ?? 0));
}
