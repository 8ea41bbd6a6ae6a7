import type { Context } from '../context';
import { buildResult } from '../documents';
import { ServiceError } from '../errors';
import { listed, type Answer, type Call } from '../http';
import type { StoredRun } from '../model';
import { mayView } from '../permissions';
import { definitionGroup, position, tagGroup, type Entry, type OrderField } from '../run-index';
import { check, oneOf } from '../shape';
import { integer } from './values';

const largestPage = 5000;
const defaultPage = 1000;

/** A page of builds that the caller may see. What it costs depends on the page, not on how many builds there are. */
export function listBuilds(context: Context, call: Call): Answer {
  const order = orderOf(call);
  const top = Math.min(largestPage, optionalInteger(call, '$top') ?? defaultPage);
  if (top < 1) throw new ServiceError(400, 'ArgumentException', "The value of '$top' must be at least 1.");
  const { runs, collection, behaviours } = context;
  const keep = [...filters(context, call), (run: StoredRun) => mayView(collection, call.caller, run)];
  const perDefinition = optionalInteger(call, 'maxBuildsPerDefinition');
  if (perDefinition !== undefined) keep.push(atMost(perDefinition));

  const entries = candidates(context, call, order);
  const whole = rangeOf(entries, call, order);
  const cut = fromToken(entries, call, order, whole, (id) => runs.find(id) !== undefined);
  // Counting per pipeline begins with the first page.
  const { start, end } = perDefinition === undefined ? cut : whole;
  const page: StoredRun[] = [];
  let next: Entry | undefined;
  for (let step = 0; step < end - start && !next; step += 1) {
    const index = order.descending ? end - 1 - step : start + step;
    const entry = entries[index];
    if (!entry || !keep.every((one) => one(entry.run)) || index < cut.start || index >= cut.end) continue;
    if (page.length < top) page.push(entry.run);
    else next = entry;
  }
  const names = behaviours.now.propertiesInList ? call.option('properties') : undefined;
  const value = page.map((run) => document(context, run, names ?? ''));
  return listed(value, next ? { 'x-ms-continuationtoken': tokenOf(next, order) } : undefined);
}

/** A build with those of its properties that were asked for. */
export function document(context: Context, run: StoredRun, properties: string): Record<string, unknown> {
  const { deleted } = run;
  return {
    ...context.documents.run(run),
    properties: propertiesOf(run, properties),
    ...(deleted ? { deleted: true, deletedDate: deleted.on, deletedBy: context.documents.identity(deleted.by) } : {}),
  };
}

export function propertiesOf(run: StoredRun, names: string): Record<string, unknown> {
  const wanted = names.split(',').map((name) => name.trim().toLowerCase());
  return Object.fromEntries(Object.entries(run.properties).filter(([name]) => wanted.includes(name.toLowerCase())));
}

interface Order {
  field: OrderField;
  descending: boolean;
}

function orderOf(call: Call): Order {
  const words = [
    'queueTimeDescending',
    'queueTimeAscending',
    'startTimeDescending',
    'startTimeAscending',
    'finishTimeDescending',
    'finishTimeAscending',
  ] as const;
  const word = check(oneOf(...words), call.option('queryOrder') ?? 'finishTimeDescending', 'queryOrder');
  const field = word.startsWith('queue') ? 'queueTime' : word.startsWith('start') ? 'startTime' : 'finishTime';
  return { field, descending: word.endsWith('Descending') };
}

/** The smallest ordered set of runs that must hold all those asked for. */
function candidates({ runs }: Context, call: Call, order: Order): readonly Entry[] {
  const ids = call.option('buildIds');
  if (ids !== undefined) return runs.index.pick(numbers(ids, 'buildIds'), order.field);
  const tags = (call.option('tagFilters') ?? '').split(',').filter((tag) => tag.trim() !== '');
  const definitions = numbers(call.option('definitions') ?? '', 'definitions');
  const [only] = definitions;
  const pipelines = definitions.length === 1 && only !== undefined ? [definitionGroup(only)] : [];
  return runs.index.inOrder(order.field, [...tags.map(tagGroup), ...pipelines]);
}

interface Range {
  start: number;
  end: number;
}

/** Where `minTime` and `maxTime` cut; they mean the time of the order. */
function rangeOf(entries: readonly Entry[], call: Call, { field }: Order): Range {
  const [from, until] = [call.option('minTime'), call.option('maxTime')];
  return {
    start: from === undefined ? 0 : position(entries, field, moment(from, 'minTime'), -Infinity),
    end: until === undefined ? entries.length : position(entries, field, moment(until, 'maxTime'), Infinity),
  };
}

/** The token is the time of the next build in the order, and its id against equal times. Opaque to clients. */
function tokenOf({ run, time }: Entry, { field }: Order): string {
  const moment = time[field] === Number.MAX_VALUE ? '9999-12-31T23:59:59.999Z' : new Date(time[field]).toISOString();
  return `${moment}_${run.id}`;
}

/** What is left of the range from where a token lets the page begin, even when its build has another time by now. */
function fromToken(
  entries: readonly Entry[],
  call: Call,
  { field, descending }: Order,
  range: Range,
  known: (id: number) => boolean,
): Range {
  const token = call.option('continuationToken');
  if (token === undefined) return range;
  const [, moment = '', id = ''] = /^([^_]+)_(\d+)$/.exec(token) ?? [];
  const time = moment.startsWith('9999') ? Number.MAX_VALUE : Date.parse(moment);
  if (Number.isNaN(time) || !known(Number(id))) {
    throw new ServiceError(400, 'InvalidContinuationTokenException', `The continuation token '${token}' is not valid.`);
  }
  const at = position(entries, field, time, Number(id));
  if (!descending) return { start: Math.max(range.start, at), end: range.end };
  const inclusive = entries[at]?.run.id === Number(id) ? at + 1 : at;
  return { start: range.start, end: Math.min(range.end, inclusive) };
}

type Filter = (run: StoredRun) => boolean;

function filters(context: Context, call: Call): Filter[] {
  const kept: Filter[] = [];
  const add = (name: string, filter: (value: string) => Filter): void => {
    const value = call.option(name);
    if (value !== undefined) kept.push(filter(value));
  };
  kept.push(deletedFilter(call.option('deletedFilter')));
  add('definitions', (value) => {
    const wanted = numbers(value, 'definitions');
    return (run) => wanted.includes(run.definitionId);
  });
  add('tagFilters', (value) => {
    const wanted = value.split(',').map((tag) => tag.trim().toLowerCase());
    return (run) => wanted.every((tag) => run.tags.some((known) => known.toLowerCase() === tag));
  });
  add('buildNumber', (value) => (run) => matches(run.number, value));
  add('branchName', (value) => (run) => run.repository.branch === value);
  add('statusFilter', (value) => (run) => value.toLowerCase() === 'all' || includesWord(value, run.state));
  add('resultFilter', (value) => (run) => run.state === 'completed' && includesWord(value, buildResult(run)));
  add('reasonFilter', (value) => (run) => value.toLowerCase() === 'all' || includesWord(value, run.reason));
  add('requestedFor', (value) => {
    const person = context.collection.findIdentity(value);
    return (run) => run.requestedFor === person?.id;
  });
  add('repositoryId', (value) => (run) => run.repository.name.toLowerCase() === value.toLowerCase());
  add('queues', (value) => {
    const only = numbers(value, 'queues').includes(1);
    return () => only;
  });
  return kept;
}

function deletedFilter(value = 'excludeDeleted'): Filter {
  const word = check(oneOf('excludeDeleted', 'includeDeleted', 'onlyDeleted'), value, 'deletedFilter');
  if (word === 'includeDeleted') return () => true;
  return (run) => (run.deleted !== undefined) === (word === 'onlyDeleted');
}

/** Lets so many of each pipeline through, in the order in which they come. */
function atMost(most: number): Filter {
  const seen = new Map<number, number>();
  return (run) => {
    const count = (seen.get(run.definitionId) ?? 0) + 1;
    seen.set(run.definitionId, count);
    return count <= most;
  };
}

/** Exact ignoring case, or by prefix when the pattern ends in `*`. */
export function matches(value: string, pattern: string): boolean {
  const [left, right] = [value.toLowerCase(), pattern.toLowerCase()];
  return right.endsWith('*') ? left.startsWith(right.slice(0, -1)) : left === right;
}

function includesWord(value: string, word: string): boolean {
  return value.split(',').some((one) => one.trim().toLowerCase() === word.toLowerCase());
}

function numbers(value: string, name: string): number[] {
  return value === '' ? [] : value.split(',').map((one) => integer(one.trim(), name));
}

function optionalInteger(call: Call, name: string): number | undefined {
  const value = call.option(name);
  return value === undefined ? undefined : integer(value, name);
}

function moment(value: string, name: string): number {
  const time = Date.parse(value);
  if (Number.isNaN(time))
    throw new ServiceError(400, 'ArgumentException', `The value '${value}' of '${name}' is not a time.`);
  return time;
}
