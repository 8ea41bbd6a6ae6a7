import type { Policy } from './policy';

/** The same rows for truth and answers, as texts of the predictions files. */
export interface Rows {
  truth: readonly string[];
  candidate: readonly string[];
  champion: readonly string[];
}

/** Difference `candidate − champion` with its interval, not yet oriented. */
export interface Difference {
  candidate: number;
  champion: number;
  lower: number;
  upper: number;
  method: string;
}

export type Settings = Pick<Policy, 'confidence' | 'resamples' | 'seed' | 'positiveLabel'>;

/** Lets other work, a cancellation among it, happen between batches of resamples. */
export type Breathe = () => Promise<void>;
