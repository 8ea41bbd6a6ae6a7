import { durationMs, invalid, isObject, object, optionalObject, text, type Json } from '../wire';
import { readDistribution, type Distribution } from './space';

export interface Policy {
  type: 'bandit' | 'medianstopping' | 'truncationselection';
  /** Every how many reports of the metric it is applied, and from which on. */
  interval: number;
  delay: number;
  slackFactor: number;
  slackAmount: number;
  /** Percent. */
  truncation: number;
}

export interface SweepSettings {
  space: Record<string, Distribution>;
  algorithm: { type: 'random' | 'grid' | 'bayesian'; seed?: number; isSobol: boolean };
  metric: string;
  goal: 'minimize' | 'maximize';
  policy?: Policy;
  limits: { total: number; concurrent?: number; timeoutMs?: number; trialTimeoutMs?: number };
}

/** What the service takes where a sweep does not say. */
const defaultTrials = 1000;

/**
 * Reads what makes a job or node a sweep. Jobs write their members in camel case, nodes in snake case; both are read.
 * @throws ArmFault 400 naming the member.
 */
export function readSweepSettings(asked: Json, where: string): SweepSettings {
  const [searchSpace, atSpace] = member(asked, 'search_space', where);
  const space = Object.fromEntries(
    Object.entries(optionalObject(searchSpace, atSpace)).map(([name, value]) => [
      name,
      readDistribution(value, `${atSpace}.${name}`),
    ]),
  );
  if (Object.keys(space).length === 0) throw invalid('A sweep needs a search space.', 'ValidationError', atSpace);
  const objective = object(asked['objective'], `${where}.objective`);
  const [metric, atMetric] = member(objective, 'primary_metric', `${where}.objective`);
  if (typeof metric !== 'string' || metric === '')
    throw invalid('The objective needs the name of a metric.', 'ValidationError', atMetric);
  const goal = text(objective, 'goal', `${where}.objective`).toLowerCase();
  if (goal !== 'minimize' && goal !== 'maximize')
    throw invalid(`'${goal}' is neither minimize nor maximize.`, 'ValidationError', `${where}.objective.goal`);
  const policy = readPolicy(...member(asked, 'early_termination', where));
  return {
    space,
    algorithm: readAlgorithm(space, ...member(asked, 'sampling_algorithm', where)),
    metric,
    goal,
    ...(policy === undefined ? {} : { policy }),
    limits: readLimits(optionalObject(asked['limits'], `${where}.limits`), `${where}.limits`),
  };
}

function member(from: Json, snake: string, where: string): [unknown, string] {
  const camel = snake.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  return from[snake] === undefined ? [from[camel], `${where}.${camel}`] : [from[snake], `${where}.${snake}`];
}

/** Enumerations are read whatever their case; what is no text is none of them. */
function word(value: unknown): string {
  return typeof value === 'string' ? value.toLowerCase() : JSON.stringify(value);
}

function readAlgorithm(space: Record<string, Distribution>, given: unknown, where: string): SweepSettings['algorithm'] {
  const asked = isObject(given) ? given : { type: given };
  const [kind] = member(asked, 'sampling_algorithm_type', where);
  const type = word(kind ?? asked['type'] ?? 'random');
  if (type !== 'random' && type !== 'grid' && type !== 'bayesian')
    throw invalid(`'${type}' is not a sampling algorithm.`, 'ValidationError', where);
  for (const [name, one] of Object.entries(space)) {
    const isChoice = one.type === 'choice';
    const isPlain = one.type === 'uniform' && !one.isLog;
    if ((type === 'grid' && !isChoice) || (type === 'bayesian' && !isChoice && !isPlain))
      throw invalid(
        `The sampling algorithm ${type} supports ${type === 'grid' ? 'choice' : 'choice, uniform and quniform'} only, which '${name}' is not.`,
        'ValidationError',
        where,
      );
  }
  const seed = asked['seed'];
  if (seed !== undefined && seed !== null && !Number.isInteger(seed))
    throw invalid('The seed must be a whole number.', 'ValidationError', `${where}.seed`);
  const rule = word(asked['rule'] ?? 'random');
  if (rule !== 'random' && rule !== 'sobol')
    throw invalid(`'${rule}' is neither random nor sobol.`, 'ValidationError', `${where}.rule`);
  return { type, isSobol: rule === 'sobol', ...(typeof seed === 'number' ? { seed } : {}) };
}

function readPolicy(given: unknown, where: string): Policy | undefined {
  if (given === undefined || given === null) return undefined;
  const asked = object(given, where);
  const [kind, at] = member(asked, 'policy_type', where);
  const type = word(kind ?? asked['type'] ?? '').replaceAll('_', '');
  if (type !== 'bandit' && type !== 'medianstopping' && type !== 'truncationselection')
    throw invalid(`'${type}' is not a policy of early termination.`, 'ValidationError', at);
  const number = (snake: string): number => {
    const [value, place] = member(asked, snake, where);
    if (value === undefined || value === null) return 0;
    if (typeof value !== 'number' || value < 0)
      throw invalid('Numbers of a policy are 0 or more.', 'ValidationError', place);
    return value;
  };
  return {
    type,
    interval: Math.max(1, number('evaluation_interval')),
    delay: number('delay_evaluation'),
    slackFactor: number('slack_factor'),
    slackAmount: number('slack_amount'),
    truncation: number('truncation_percentage'),
  };
}

function readLimits(limits: Json, where: string): SweepSettings['limits'] {
  const count = (snake: string): number | undefined => {
    const [value, at] = member(limits, snake, where);
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value;
    throw invalid(`${JSON.stringify(value)} is not a number of trials.`, 'ValidationError', at);
  };
  const time = (snake: string): number | undefined => {
    const [value, at] = member(limits, snake, where);
    if (value === undefined || value === null) return undefined;
    const ms = typeof value === 'number' ? value * 1000 : typeof value === 'string' ? durationMs(value) : undefined;
    if (ms !== undefined && ms > 0) return ms;
    throw invalid(`${JSON.stringify(value)} is neither seconds nor an ISO 8601 duration.`, 'ValidationError', at);
  };
  const total = count('max_total_trials') ?? defaultTrials;
  const concurrent = count('max_concurrent_trials');
  if (concurrent !== undefined && concurrent > total)
    throw invalid(
      'There cannot be more concurrent trials than trials in all.',
      'ValidationError',
      member(limits, 'max_concurrent_trials', where)[1],
    );
  const [timeoutMs, trialTimeoutMs] = [time('timeout'), time('trial_timeout')];
  return {
    total,
    ...(concurrent === undefined ? {} : { concurrent }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(trialTimeoutMs === undefined ? {} : { trialTimeoutMs }),
  };
}
