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

/**
 * The most hours that each node of a pipeline takes, nodes of pipelines inside it too.
 *
 * @param spec specification of the pipeline's component
 * @param inputs values of its inputs, where a node asks for them
 * @param otherwise hours of a node that has no `limits.timeout`
 * @throws TaskError for a number of instances that cannot be known
 */
export async function nodeHours(
  spec: unknown,
  find: FindComponent,
  inputs: Record<string, string> = {},
  otherwise?: number,
  prefix = '',
): Promise<NodeHours[]> {
  const jobs = at(spec, 'jobs');
  const found: NodeHours[] = [];
  for (const [key, node] of Object.entries(isRecord(jobs) ? jobs : {})) {
    const name = prefix + key;
    const inner = await specOf(node, find);
    const value = (what: unknown): unknown => bound(what, inputs);
    if (textAt(node, 'type') === 'pipeline') {
      found.push(...(await nodeHours(inner, find, literals(node, inner, inputs), otherwise, `${name}.`)));
    } else {
      found.push(oneNode(name, node, inner, value, otherwise));
    }
  }
  return found;
}

type Value = (what: unknown) => unknown;

function oneNode(name: string, node: unknown, spec: unknown, value: Value, otherwise?: number): NodeHours {
  const machines = instancesOf(name, node, spec, value);
  const limits = at(node, 'limits');
  if (textAt(node, 'type') === 'sweep') return sweepHours(name, limits, machines, value, otherwise);
  const minutes = number(value(at(limits, 'timeout_minutes')));
  const hours = minutes === undefined ? hoursAt(value(at(limits, 'timeout'))) : minutes / 60;
  const trials = textAt(node, 'type') === 'automl' ? (number(value(at(limits, 'max_concurrent_trials'))) ?? 1) : 1;
  return { name, hours: hours ?? otherwise, instances: machines * trials };
}

/** A sweep ends after its own time, or when all its trials have had theirs. */
function sweepHours(name: string, limits: unknown, machines: number, value: Value, otherwise?: number): NodeHours {
  const total = number(value(at(limits, 'max_total_trials')));
  const abreast = number(value(at(limits, 'max_concurrent_trials'))) ?? total ?? 1;
  const trial = hoursAt(value(at(limits, 'trial_timeout')));
  const rounds = total === undefined || trial === undefined ? undefined : Math.ceil(total / abreast) * trial;
  const known = [hoursAt(value(at(limits, 'timeout'))), rounds].filter((hours) => hours !== undefined);
  return { name, hours: known.length > 0 ? Math.min(...known) : otherwise, instances: machines * abreast };
}

function instancesOf(name: string, node: unknown, spec: unknown, value: Value): number {
  if (textAt(node, 'type') === 'spark') return sparkInstances(at(node, 'conf') ?? at(spec, 'conf'));
  const said = at(node, 'resources', 'instance_count') ?? at(spec, 'resources', 'instance_count') ?? 1;
  const count = Number(value(said));
  if (Number.isInteger(count) && count >= 1) return count;
  throw new TaskError(
    `The node "${name}" has the instance count ${JSON.stringify(said)}, which is not known before it runs: no budget can be kept.`,
    'Give resources.instance_count a number.',
  );
}

/** A driver and its executors. */
function sparkInstances(conf: unknown): number {
  const setting = (key: string): number | undefined => {
    const found = Number(at(conf, key));
    return Number.isInteger(found) && found >= 1 ? found : undefined;
  };
  const executors = setting('spark.dynamicAllocation.maxExecutors') ?? setting('spark.executor.instances') ?? 1;
  return executors + 1;
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

async function specOf(node: unknown, find: FindComponent): Promise<unknown> {
  const id = textAt(node, 'componentId') ?? textAt(node, 'trial', 'componentId');
  if (id === undefined || !/^(?:azureml:)?\/subscriptions\//i.test(id)) return undefined;
  return at(await find(id.replace(/^azureml:/, '')), 'properties', 'componentSpec');
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

/** @param starts what starts the runs: `the calendar` */
export function spendingOf(nodes: readonly NodeHours[], runsPerYear: number, starts: string): Spending {
  const unlimited = nodes.filter(({ hours }) => hours === undefined).map(({ name }) => name);
  const perRun = nodes.reduce((sum, { hours = 0, instances }) => sum + hours * instances, 0);
  const times = `${starts} starts the pipeline at most ${runsPerYear} times in the next 365 days`;
  if (unlimited.length > 0) {
    const text = `${times}; how long a run takes is not limited (${unlimited.join(', ')}).`;
    return { runsPerYear, hoursPerRun: undefined, hoursPerYear: undefined, text };
  }
  const parts = nodes.map(({ name, hours = 0, instances }) => `${name} ${round(hours)} h × ${instances}`);
  const hoursPerYear = runsPerYear * perRun;
  const text = `${times}, a run takes at most ${round(perRun)} compute hours (${parts.join(' + ')}): ${runsPerYear} × ${round(perRun)} h = ${round(hoursPerYear)} h a year.`;
  return { runsPerYear, hoursPerRun: perRun, hoursPerYear, text };
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
