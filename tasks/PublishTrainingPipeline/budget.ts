import { TaskError } from '../../lib/agent/errors';
import { at, isRecord, number, textAt } from '../../lib/agent/json';
import { durationSeconds } from '../../lib/assets/reconcile/compare';

/** The most compute that one node of a pipeline takes. */
export interface NodeHours {
  name: string;
  /** The longest that it runs; `undefined` when nothing limits it. */
  hours: number | undefined;
  /** Machines that it takes at a time. */
  instances: number;
}

/** Finds a component by its ARM id, registered or about to be. */
export type FindComponent = (id: string) => Promise<unknown>;

/** What a run takes at most cannot be known before it runs. */
export class UnknownHours extends TaskError {
  constructor(problem: string, advice: string) {
    super(`No budget can be kept: ${problem}.`, advice);
  }
}

/**
 * The most hours that each node of a pipeline takes, nodes of pipelines inside it too.
 *
 * @param spec specification of the pipeline's component
 * @param inputs values of its inputs, where a node asks for them
 * @param otherwise hours of a node that has no `limits.timeout`
 * @throws UnknownHours, with the node: for a number of instances, or a component, that cannot be known
 */
export async function nodeHours(
  spec: unknown,
  find: FindComponent,
  inputs: Record<string, string> = {},
  otherwise?: number,
  prefix = '',
): Promise<NodeHours[]> {
  const jobs = at(spec, 'jobs');
  const nodes = Object.entries(isRecord(jobs) ? jobs : {});
  if (nodes.length === 0) {
    const what = prefix === '' ? 'the pipeline' : `the pipeline of the node "${prefix.slice(0, -1)}"`;
    throw new UnknownHours(`${what} names no nodes`, 'Publish a pipeline whose nodes can be read.');
  }
  const found: NodeHours[] = [];
  for (const [key, node] of nodes) {
    const name = prefix + key;
    const inner = await specOf(name, node, find);
    const value = (what: unknown): unknown => bound(what, inputs);
    if (textAt(node, 'type') === 'pipeline' || textAt(inner, 'type') === 'pipeline') {
      found.push(...(await nodeHours(inner, find, literals(node, inner, inputs), otherwise, `${name}.`)));
    } else {
      found.push(oneNode(name, node, inner, value, otherwise));
    }
  }
  return found;
}

type Value = (what: unknown) => unknown;

function oneNode(name: string, node: unknown, spec: unknown, value: Value, otherwise?: number): NodeHours {
  const type = textAt(node, 'type') ?? textAt(spec, 'type');
  if (type === 'do_while' || type === 'parallel_for') {
    throw new UnknownHours(`how often the node "${name}" repeats others (${type}) is not known`, 'Publish without it.');
  }
  const machines = type === 'spark' ? sparkInstances(name, node, spec, value) : instancesOf(name, node, spec, value);
  const limits = at(node, 'limits');
  if (type === 'sweep') return sweepHours(name, limits, machines, value, otherwise);
  const minutes = number(limitOf(name, limits, 'timeout_minutes', value));
  const hours = minutes === undefined ? hoursAt(limitOf(name, limits, 'timeout', value)) : minutes / 60;
  const limit = (key: string): number => count(name, `limits.${key}`, at(limits, key) ?? 1, value);
  const trials = type === 'automl' ? limit('max_concurrent_trials') * limit('max_nodes') : 1;
  return { name, hours: hours ?? otherwise, instances: machines * trials };
}

/** A sweep ends after its own time, or when all its trials have had theirs. */
function sweepHours(name: string, limits: unknown, machines: number, value: Value, otherwise?: number): NodeHours {
  const most = at(limits, 'max_total_trials');
  const total = most === undefined ? undefined : count(name, 'limits.max_total_trials', most, value);
  const abreast = count(name, 'limits.max_concurrent_trials', at(limits, 'max_concurrent_trials') ?? total, value);
  const trial = hoursAt(limitOf(name, limits, 'trial_timeout', value));
  const rounds = total === undefined || trial === undefined ? undefined : Math.ceil(total / abreast) * trial;
  const known = [hoursAt(limitOf(name, limits, 'timeout', value)), rounds].filter((hours) => hours !== undefined);
  return { name, hours: known.length > 0 ? Math.min(...known) : otherwise, instances: machines * abreast };
}

function instancesOf(name: string, node: unknown, spec: unknown, value: Value): number {
  const own = at(node, 'resources', 'instance_count');
  if (own === undefined) checkReadable(name, node, spec, 'resources.instance_count');
  return count(name, 'resources.instance_count', own ?? at(spec, 'resources', 'instance_count') ?? 1, value);
}

/** A driver and its executors, at most. Which setting holds is up to Spark: the larger one counts. */
function sparkInstances(name: string, node: unknown, spec: unknown, value: Value): number {
  const setting = (key: string): unknown => at(node, 'conf', key) ?? at(spec, 'conf', key);
  const given = ['spark.dynamicAllocation.maxExecutors', 'spark.executor.instances']
    .filter((key) => setting(key) !== undefined)
    .map((key) => count(name, `conf.${key}`, setting(key), value));
  if (given.length === 0) checkReadable(name, node, spec, 'conf.spark.executor.instances');
  return Math.max(1, ...given) + 1;
}

/** A component that cannot be read may ask for any number of machines. */
function checkReadable(name: string, node: unknown, spec: unknown, member: string): void {
  const id = componentOf(node);
  if (id === undefined || isRecord(spec)) return;
  throw new UnknownHours(
    `the node "${name}" runs the component ${id}, whose specification cannot be read`,
    `Give the node ${member}, or name a component of this workspace.`,
  );
}

function count(name: string, member: string, said: unknown, value: Value): number {
  const found = value(said);
  const whole = typeof found === 'string' && found.trim() !== '' ? Number(found) : found;
  if (typeof whole === 'number' && Number.isInteger(whole) && whole >= 1) return whole;
  const what = member.endsWith('instance_count') ? 'the instance count' : member;
  throw new UnknownHours(
    said === undefined
      ? `the node "${name}" has no ${member}`
      : `the node "${name}" has ${what} ${JSON.stringify(said)}, which is not known before it runs`,
    `Give ${member} a number.`,
  );
}

/** A limit of time; one that only the run knows is not the same as none. */
function limitOf(name: string, limits: unknown, key: string, value: Value): unknown {
  const found = value(at(limits, key));
  if (typeof found !== 'string' || !found.includes('${{')) return found;
  throw new UnknownHours(
    `the node "${name}" has limits.${key} ${JSON.stringify(found)}, which is not known before it runs`,
    `Give limits.${key} a number.`,
  );
}

/** Seconds, or an ISO 8601 duration. */
function hoursAt(value: unknown): number | undefined {
  const seconds = typeof value === 'string' ? (durationSeconds(value) ?? Number(value)) : value;
  return typeof seconds === 'number' && seconds > 0 ? seconds / 3600 : undefined;
}

/** A value that an input of the pipeline gives. */
function bound(what: unknown, inputs: Record<string, string>): unknown {
  if (typeof what !== 'string') return what;
  const name = /^\$\{\{\s*parent\.inputs\.(\w+)\s*\}\}$/.exec(what)?.[1];
  const given = name === undefined ? what : (inputs[name] ?? what);
  return /^\d+(?:\.\d+)?$/.test(given) ? Number(given) : given;
}

function componentOf(node: unknown): string | undefined {
  return textAt(node, 'componentId') ?? textAt(node, 'trial', 'componentId');
}

/** @throws UnknownHours for a pipeline that cannot be read: nobody knows its nodes */
async function specOf(name: string, node: unknown, find: FindComponent): Promise<unknown> {
  const id = componentOf(node);
  const isHere = id !== undefined && /^(?:azureml:)?\/subscriptions\//i.test(id);
  const spec = isHere ? at(await find(id.replace(/^azureml:/, '')), 'properties', 'componentSpec') : undefined;
  if (!isRecord(spec) && (textAt(node, 'type') ?? 'pipeline') === 'pipeline') {
    throw new UnknownHours(
      `the node "${name}" runs the component ${id ?? '(none)'}, whose specification cannot be read`,
      'Name a component of this workspace, or its file.',
    );
  }
  return spec;
}

/** What a pipeline inside gets for its inputs. */
function literals(node: unknown, spec: unknown, outer: Record<string, string>): Record<string, string> {
  const given = at(node, 'inputs');
  const declared = at(spec, 'inputs');
  const names = [...Object.keys(isRecord(declared) ? declared : {}), ...Object.keys(isRecord(given) ? given : {})];
  const entries = names.flatMap((name): [string, string][] => {
    const value = bound(at(given, name, 'value') ?? at(declared, name, 'default'), outer);
    return typeof value === 'string' || typeof value === 'number' ? [[name, String(value)]] : [];
  });
  return Object.fromEntries(entries);
}

/** What runs of a year take at most. */
export interface Spending {
  runsPerYear: number;
  /** Compute hours; `undefined` when a node has no limit. */
  hoursPerRun: number | undefined;
  hoursPerYear: number | undefined;
  /** The arithmetic, one sentence. */
  text: string;
}

/** @param starts what starts the runs: `The calendar`; `undefined` when nothing does */
export function spendingOf(
  nodes: readonly NodeHours[] | UnknownHours,
  runsPerYear: number,
  starts: string | undefined,
): Spending {
  const times = timesOf(runsPerYear, starts);
  if (nodes instanceof UnknownHours) {
    const text = `${times}. ${nodes.message}`;
    return { runsPerYear, hoursPerRun: undefined, hoursPerYear: undefined, text };
  }
  const unlimited = nodes.filter(({ hours }) => hours === undefined).map(({ name }) => name);
  const perRun = nodes.reduce((sum, { hours = 0, instances }) => sum + hours * instances, 0);
  if (unlimited.length > 0) {
    const text = `${times}; how long a run takes is not limited (${unlimited.join(', ')}).`;
    return { runsPerYear, hoursPerRun: undefined, hoursPerYear: undefined, text };
  }
  const parts = nodes.map(({ name, hours = 0, instances }) => `${name} ${round(hours)} h × ${instances}`);
  // To the millisecond: a tenth of an hour is no exact number, and the budget's border is.
  const hoursPerYear = Math.round(runsPerYear * perRun * 3_600_000) / 3_600_000;
  const text = `${times}, a run takes at most ${round(perRun)} compute hours (${parts.join(' + ')}): ${runsPerYear} × ${round(perRun)} h = ${round(hoursPerYear)} h a year.`;
  return { runsPerYear, hoursPerRun: perRun, hoursPerYear, text };
}

function timesOf(runs: number, starts: string | undefined): string {
  if (starts === undefined) return 'Nothing starts the pipeline by itself';
  if (runs === 0) return `${starts} does not start the pipeline in the next 365 days`;
  return `${starts} starts the pipeline at most ${runs === 1 ? 'once' : `${runs} times`} in the next 365 days`;
}

/** @throws TaskError with the arithmetic, and what would fit, when the budget would not hold */
export function checkBudget(spending: Spending, budget: number | undefined): void {
  if (budget === undefined) return;
  const { runsPerYear, hoursPerRun, hoursPerYear, text } = spending;
  if (hoursPerRun === undefined || hoursPerYear === undefined) {
    throw new TaskError(
      `The yearly budget of ${round(budget)} h cannot be kept: ${text}`,
      'Give each node limits.timeout, or the input maxRunMinutes.',
    );
  }
  if (hoursPerYear <= budget) return;
  const runs = Math.floor(budget / hoursPerRun);
  throw new TaskError(
    `The yearly budget of ${round(budget)} h is too small: ${text}`,
    `What would fit: ${runs} runs a year, or ${round(Math.floor((budget / runsPerYear) * 100) / 100)} compute hours a run. Nothing was published.`,
  );
}

/** Two decimals at most. */
export function round(value: number): string {
  return String(Math.round(value * 100) / 100);
}
