import { TaskError } from '../../lib/agent/errors';
import type { Difference, Rows, Settings } from './difference';
import { toBinary, toNumbers } from './numbers';
import { normalQuantile } from './quantile';

/** The area under the ROC curve; ties count one half. */
export function aucMetric(
  truth: readonly string[],
  predicted: readonly string[],
  settings: Pick<Settings, 'positiveLabel'>,
): number {
  const positive = toBinary('auc', truth, settings.positiveLabel);
  return placements(positive, toNumbers('the candidate', predicted)).auc;
}

/** DeLong's interval of the difference of two areas on the same rows. */
export function compareAuc(rows: Rows, settings: Settings): Difference {
  const positive = toBinary('auc', rows.truth, settings.positiveLabel);
  const candidate = placements(positive, toNumbers('the candidate', rows.candidate));
  const champion = placements(positive, toNumbers('the champion', rows.champion));
  const variance =
    varianceOfMean(candidate.ofPositives, champion.ofPositives) +
    varianceOfMean(candidate.ofNegatives, champion.ofNegatives);
  const difference = candidate.auc - champion.auc;
  const half = normalQuantile(0.5 + settings.confidence / 2) * Math.sqrt(variance);
  return {
    candidate: candidate.auc,
    champion: champion.auc,
    lower: difference - half,
    upper: difference + half,
    method: 'DeLong',
  };
}

interface Placements {
  auc: number;
  /** For each positive row, the share of negatives that it beats. */
  ofPositives: Float64Array;
  /** For each negative row, the share of positives that beat it. */
  ofNegatives: Float64Array;
}

function placements(positive: Uint8Array, scores: Float64Array): Placements {
  const above = scores.filter((_, row) => positive[row] === 1);
  const below = scores.filter((_, row) => positive[row] === 0);
  const all = new Float64Array(scores.length);
  all.set(above);
  all.set(below, above.length);
  const [ranks, ranksAbove, ranksBelow] = [midRanks(all), midRanks(above), midRanks(below)];
  const ofPositives = above.map((_, index) => ((ranks[index] ?? 0) - (ranksAbove[index] ?? 0)) / below.length);
  const ofNegatives = below.map(
    (_, index) => 1 - ((ranks[above.length + index] ?? 0) - (ranksBelow[index] ?? 0)) / above.length,
  );
  return { auc: meanOf(ofPositives), ofPositives, ofNegatives };
}

/** Ranks from 1; equal values share the mean of their ranks. */
function midRanks(values: Float64Array): Float64Array {
  const order = Uint32Array.from(values, (_, index) => index).sort(
    (left, right) => (values[left] ?? 0) - (values[right] ?? 0),
  );
  const ranks = new Float64Array(values.length);
  for (let start = 0; start < order.length;) {
    let end = start;
    while (end < order.length && values[order[end] ?? 0] === values[order[start] ?? 0]) end++;
    for (let index = start; index < end; index++) ranks[order[index] ?? 0] = (start + end + 1) / 2;
    start = end;
  }
  return ranks;
}

/** Variance of the mean of the paired differences. */
function varianceOfMean(left: Float64Array, right: Float64Array): number {
  const differences = left.map((value, index) => value - (right[index] ?? 0));
  if (differences.length < 2) {
    throw new TaskError('The hold-out has a class with one row only.', 'AUC needs several rows of both classes.');
  }
  const centre = meanOf(differences);
  const squares = differences.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return squares / (differences.length - 1) / differences.length;
}

function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
