/** A median says what it rests on: with few values it says little. */
export interface Median {
  /** Absent without values. */
  median?: number;
  least?: number;
  most?: number;
  n: number;
}

/** Half of the values lie on either side; of an even number the middle of the two. */
export function medianOf(values: readonly number[]): Median {
  const sorted = values.filter(Number.isFinite).sort((one, other) => one - other);
  const n = sorted.length;
  const [below, above] = [sorted[Math.ceil(n / 2) - 1], sorted[Math.floor(n / 2)]];
  if (below === undefined || above === undefined) return { n };
  return { median: below + (above - below) / 2, least: sorted[0], most: sorted[n - 1], n };
}

export interface Rate {
  hits: number;
  n: number;
  /** Absent when `n` is 0. */
  share?: number;
  /** 95 % Wilson score interval of the share (Wilson 1927): honest for few cases, never outside 0 to 1. */
  lower?: number;
  upper?: number;
}

export function rateOf(hits: number, n: number): Rate {
  if (n <= 0) return { hits, n };
  const z = 1.959964;
  const share = hits / n;
  const scale = 1 + (z * z) / n;
  const centre = (share + (z * z) / (2 * n)) / scale;
  const half = (z * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n))) / scale;
  return { hits, n, share, lower: Math.max(0, centre - half), upper: Math.min(1, centre + half) };
}

/** Below this many cases a figure is shown with a warning. */
export const fewCases = 5;
