import type { PythonFloat } from '../python-float';
import { isoDuration } from '../python';
import { firstOf, isMap, isScalar, isText, list, mapOf, tagged, union } from '../shape/collections';
import { optional, record, required, withDefault, type Spelling } from '../shape/record';
import { finite, float, integer, integerIn, names, scalar, snake, text, words } from '../shape/scalars';
import { lazy, mismatch, nullable, refine, shape, type Shape } from '../shape/shape';
import { checkPortName } from './inputs';

/**
 * What sweep jobs, sweep nodes of pipelines and AutoML jobs say about a search. Schema of the clients: ParameterizedSweep;
 * of the service: SweepJob.
 */

/** A number that stays whole if it is written so; text of a number is a float. */
export const number: Shape<number | PythonFloat> = shape({ type: ['number', 'string'] }, (at, scope) => {
  const value = at.isMap || at.isList ? undefined : at.plain();
  if (typeof value !== 'number') return float.read(at, scope);
  const read = scalar(at);
  return typeof read === 'number' ? read : float.read(at, scope);
});

/** Parameters of each distribution, in the order in which the service takes them. */
const parameters = {
  uniform: ['min_value', 'max_value'],
  loguniform: ['min_value', 'max_value'],
  quniform: ['min_value', 'max_value', 'q'],
  qloguniform: ['min_value', 'max_value', 'q'],
  normal: ['mu', 'sigma'],
  lognormal: ['mu', 'sigma'],
  qnormal: ['mu', 'sigma', 'q'],
  qlognormal: ['mu', 'sigma', 'q'],
  randint: ['upper'],
} as const;

export type DistributionName = keyof typeof parameters;

/** A distribution as the file has it: `type` and its parameters. */
export type Distribution = { type: string } & Readonly<Record<string, unknown>>;

const distributionNames = Object.keys(parameters) as DistributionName[];

/** One of the distributions; `value` is what its parameters may be. */
export function distributionOf(name: DistributionName, value: Shape = name === 'randint' ? integer : number) {
  const fields = Object.fromEntries(parameters[name].map((parameter) => [parameter, required(value)]));
  return record({ type: required(words(name)), ...fields }, 'yaml') as unknown as Shape<Distribution>;
}

export function choiceOf(item: Shape): Shape<Distribution> {
  return record({ type: required(words('choice')), values: required(list(item)) }, 'yaml');
}

/** Text or a number as it is written. */
const plainChoice = shape({ type: ['string', 'number'] }, (at) => {
  const value = at.isMap || at.isList ? undefined : at.plain();
  if (typeof value === 'string' || typeof value === 'number') return finite(at);
  throw mismatch(at, 'text or a number');
});

/** A group of parameters that are chosen together may have distributions of its own. */
const choiceGroup: Shape = lazy(() =>
  mapOf(
    union<unknown>('text, a number or a distribution', [
      { when: isMap, shape: distribution },
      { when: isScalar, shape: plainChoice },
    ]),
  ),
);

const distribution: Shape<Distribution> = tagged<Distribution>('type', {
  choice: choiceOf(
    union<unknown>('text, a number, or a map of parameters', [
      { when: isMap, shape: choiceGroup },
      { when: isScalar, shape: plainChoice },
    ]),
  ),
  ...Object.fromEntries(distributionNames.map((name) => [name, distributionOf(name)])),
});

/** `['uniform', [0.1, 1]]`, `['choice', [['a', 'b']]]`: a distribution as a sweep job has it. */
export function expressionOf({ type, ...values }: Distribution): [string, unknown[]] {
  const terms = type === 'choice' ? [(values.values as unknown[]).map(choiceTerm)] : Object.values(values);
  return [type, terms];
}

function choiceTerm(item: unknown): unknown {
  if (!isGroup(item)) return item;
  return Object.fromEntries(
    Object.entries(item).map(([name, value]) => [name, isGroup(value) ? expressionOf(value as Distribution) : value]),
  );
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** What is searched: by the name of a parameter, a distribution. Nodes of pipelines keep the file's form. */
export function searchSpace(spelling: Spelling): Shape<Record<string, unknown>> {
  const item: Shape = spelling === 'camel' ? refine(distribution, expressionOf) : distribution;
  return mapOf(item, checkPortName);
}

/** A word that jobs have as the service spells it, nodes as the file does. */
export function enumeration(spelling: Spelling, ...known: readonly string[]): Shape<string> {
  const read = names(...known);
  return spelling === 'camel' ? read : refine(read, snake);
}

export const objective = (spelling: Spelling) =>
  record({ primary_metric: required(text), goal: required(enumeration(spelling, 'Minimize', 'Maximize')) }, spelling);

/** Below a minute the service takes something else: the clients raise such limits, 0 means none. */
const limit = refine(integerIn(0), (value) => (value > 0 ? Math.max(60, value) : 0));

function sweepLimitFields(duration: Shape) {
  return {
    max_total_trials: required(integerIn(1)),
    max_concurrent_trials: optional(integerIn(1)),
    timeout: optional(duration),
    trial_timeout: optional(duration),
  };
}

const limitsOfJob = refine(
  record(sweepLimitFields(refine(limit, (value) => (value > 0 ? isoDuration(value) : undefined)))),
  (limits) => ({ jobLimitsType: 'Sweep', ...limits }),
);

/** Limits in trials and seconds; in jobs as ISO durations. */
export function sweepLimits(spelling: Spelling): Shape {
  return spelling === 'camel' ? limitsOfJob : record(sweepLimitFields(limit), 'yaml');
}

const algorithms = ['Random', 'Grid', 'Bayesian'] as const;

/** A name, or a map with `type` and, for random, `seed`, `rule`, `logbase`. Nodes keep the file's form. */
export function samplingAlgorithm(spelling: Spelling): Shape {
  const tag = spelling === 'camel' ? 'samplingAlgorithmType' : 'type';
  const type = required(enumeration(spelling, ...algorithms), { as: tag });
  const bare = record({ type }, spelling);
  const byName = enumeration(spelling, ...algorithms);
  return union<unknown>('random, grid, bayesian, or a map with type', [
    {
      when: isMap,
      shape: tagged<unknown>('type', {
        random: record(
          {
            type,
            rule: optional(enumeration(spelling, 'Random', 'Sobol')),
            seed: optional(integer),
            logbase: optional(firstOf<unknown>(float, text)),
          },
          spelling,
        ),
        grid: bare,
        bayesian: bare,
      }),
    },
    {
      when: isText,
      shape: spelling === 'camel' ? refine(byName, (name) => ({ samplingAlgorithmType: name })) : byName,
    },
  ]);
}

/** What an early termination policy is called by, and how: nodes of pipelines have the service's words in snake case. */
export type PolicyTag = 'policyType' | 'policy_type' | 'type';

/** When a trial is given up. Intervals count reports of the primary metric. */
export function earlyTermination(spelling: Spelling, tag: PolicyTag = defaultTag(spelling)): Shape {
  const policy = (name: string, interval: number, own: Parameters<typeof record>[0]): Shape => {
    const type = names(name);
    return record(
      {
        type: required(tag === 'type' ? refine(type, snake) : type, { as: tag }),
        evaluation_interval: withDefault(nullable(integer), () => interval),
        delay_evaluation: withDefault(nullable(integer), () => 0),
        ...own,
      },
      spelling,
    );
  };
  // Nodes of pipelines go out without a slack of nothing.
  const slack =
    tag === 'policy_type'
      ? optional(nullable(refine(float, (value) => (value.value === 0 ? undefined : value))))
      : withDefault<unknown>(nullable(float), () => 0);
  return tagged<unknown>('type', {
    bandit: policy('Bandit', 0, { slack_factor: slack, slack_amount: slack }),
    median_stopping: policy('MedianStopping', 1, {}),
    truncation_selection: policy('TruncationSelection', 0, { truncation_percentage: required(integer) }),
  });
}

function defaultTag(spelling: Spelling): PolicyTag {
  return spelling === 'camel' ? 'policyType' : 'policy_type';
}
