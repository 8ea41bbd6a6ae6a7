import type { Json } from '../wire';
import type { Policy, SweepSettings } from './settings';
import type { Distribution } from './space';

/** A sweep's settings as members of a sweep job (swagger: `SweepJob`). */
export function sweepMembers({ space, algorithm, metric, goal, policy, limits }: SweepSettings): Json {
  const { type, seed, isSobol } = algorithm;
  return {
    searchSpace: Object.fromEntries(Object.entries(space).map(([name, one]) => [name, expression(one)])),
    samplingAlgorithm: {
      samplingAlgorithmType: { random: 'Random', grid: 'Grid', bayesian: 'Bayesian' }[type],
      ...(type === 'random' ? { seed: seed ?? null, rule: isSobol ? 'Sobol' : 'Random' } : {}),
    },
    objective: { primaryMetric: metric, goal: goal === 'maximize' ? 'Maximize' : 'Minimize' },
    limits: {
      jobLimitsType: 'Sweep',
      maxTotalTrials: limits.total,
      ...(limits.concurrent === undefined ? {} : { maxConcurrentTrials: limits.concurrent }),
      ...(limits.timeoutMs === undefined ? {} : { timeout: duration(limits.timeoutMs) }),
      ...(limits.trialTimeoutMs === undefined ? {} : { trialTimeout: duration(limits.trialTimeoutMs) }),
    },
    ...(policy === undefined ? {} : { earlyTermination: policyMembers(policy) }),
  };
}

function expression(one: Distribution): unknown {
  if (one.type === 'choice') return ['choice', [one.values]];
  if (one.type === 'randint') return ['randint', [one.upper]];
  const name = `${one.step === undefined ? '' : 'q'}${one.isLog ? 'log' : ''}${one.type}`;
  const args = one.type === 'uniform' ? [one.min, one.max] : [one.mu, one.sigma];
  return [name, one.step === undefined ? args : [...args, one.step]];
}

function policyMembers(policy: Policy): Json {
  const { type, interval, delay, slackFactor, slackAmount, truncation } = policy;
  const common = { evaluationInterval: interval, delayEvaluation: delay };
  if (type === 'bandit') return { policyType: 'Bandit', ...common, slackFactor, slackAmount };
  if (type === 'medianstopping') return { policyType: 'MedianStopping', ...common };
  return { policyType: 'TruncationSelection', ...common, truncationPercentage: truncation };
}

/** ISO 8601 duration. */
export function duration(ms: number): string {
  return `PT${ms / 1000}S`;
}
