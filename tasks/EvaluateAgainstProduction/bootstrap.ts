import { TaskError } from '../../lib/agent/errors';
import type { Breathe, Settings } from './difference';
import { quantile } from './quantile';
import { xoshiro128, type Random } from './random';

/** How much work is done between two breaths, in draws. */
const batch = 2_000_000;

/**
 * The percentile interval of a statistic: `resamples` draws with the seed's own stream of random numbers.
 *
 * @param cost draws of one resample, to breathe often enough
 * @throws TaskError when the statistic is undefined on a resample (a hold-out too small for it)
 */
export async function bootstrap(
  settings: Pick<Settings, 'confidence' | 'resamples' | 'seed'>,
  breathe: Breathe,
  cost: number,
  resample: (random: Random) => number,
): Promise<{ lower: number; upper: number }> {
  const random = xoshiro128(settings.seed);
  const drawn = new Float64Array(settings.resamples);
  const every = Math.max(1, Math.floor(batch / Math.max(1, cost)));
  for (let index = 0; index < drawn.length; index++) {
    if (index % every === 0) await breathe();
    drawn[index] = resample(random);
  }
  const undefinedDraws = drawn.reduce((count, value) => (Number.isFinite(value) ? count : count + 1), 0);
  if (undefinedDraws > 0) {
    throw new TaskError(
      `The metric is not defined on ${undefinedDraws} of ${drawn.length} resamples of the hold-out.`,
      'Choose another metric or a larger hold-out.',
    );
  }
  drawn.sort();
  const tail = (1 - settings.confidence) / 2;
  return { lower: quantile(drawn, tail), upper: quantile(drawn, 1 - tail) };
}
