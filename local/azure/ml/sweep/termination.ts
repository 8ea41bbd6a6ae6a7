import type { Policy } from './settings';

/** The metric of a trial as it was reported, oldest first. */
export interface Progress {
  id: string;
  values: readonly number[];
  isRunning: boolean;
}

/**
 * Early termination: says which running trials are to end. A report of the metric is an interval; at those that the policy
 * looks at, a trial is compared with all that have come as far, once.
 */
export class Termination {
  private readonly seen = new Map<string, number>();

  constructor(
    private readonly policy: Policy,
    private readonly goal: 'minimize' | 'maximize',
  ) {}

  toStop(trials: readonly Progress[]): string[] {
    return trials.filter((trial) => trial.isRunning && this.isBehind(trial, trials)).map(({ id }) => id);
  }

  private isBehind(trial: Progress, trials: readonly Progress[]): boolean {
    const from = this.seen.get(trial.id) ?? 0;
    this.seen.set(trial.id, trial.values.length);
    for (let interval = from + 1; interval <= trial.values.length; interval++) {
      if (interval % this.policy.interval !== 0 || interval < this.policy.delay) continue;
      const reached = trials.filter(({ values }) => values.length >= interval);
      if (this.fails(trial, reached, interval)) return true;
    }
    return false;
  }

  private fails(trial: Progress, reached: readonly Progress[], interval: number): boolean {
    const { policy } = this;
    if (policy.type === 'bandit') return this.isOutsideSlack(trial, reached, interval);
    if (policy.type === 'medianstopping') {
      const averages = reached.map(({ values }) => mean(values.slice(0, interval)));
      return this.isWorse(this.best(trial, interval), median(averages));
    }
    const now = trial.values[interval - 1] ?? 0;
    const better = reached.filter(({ values }) => this.isWorse(now, values[interval - 1] ?? 0)).length;
    const cut = Math.floor((reached.length * policy.truncation) / 100);
    return better >= reached.length - cut;
  }

  private isOutsideSlack(trial: Progress, reached: readonly Progress[], interval: number): boolean {
    const { slackFactor, slackAmount } = this.policy;
    const own = this.best(trial, interval);
    const best = reached.map((one) => this.best(one, interval)).reduce((a, b) => (this.isWorse(a, b) ? b : a), own);
    const isUp = this.goal === 'maximize';
    if (slackFactor > 0) return this.isWorse(own, isUp ? best / (1 + slackFactor) : best * (1 + slackFactor));
    return this.isWorse(own, isUp ? best - slackAmount : best + slackAmount);
  }

  private best(trial: Progress, interval: number): number {
    return bestOf(trial.values.slice(0, interval), this.goal) ?? 0;
  }

  private isWorse(a: number, b: number): boolean {
    return this.goal === 'maximize' ? a < b : a > b;
  }
}

/** The best of the values that are numbers; `undefined` when there is none. */
export function bestOf(values: readonly number[], goal: 'minimize' | 'maximize'): number | undefined {
  const numbers = values.filter((value) => !Number.isNaN(value));
  if (numbers.length === 0) return undefined;
  return goal === 'maximize' ? Math.max(...numbers) : Math.min(...numbers);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}
