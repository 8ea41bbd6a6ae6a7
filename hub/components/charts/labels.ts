import { widthOf } from './text';

/** A text that wants to stand centred at `x`; the lowest `rank` is placed first. */
export interface Wanted {
  id: string;
  text: string;
  x: number;
  rank: number;
}

export interface Placed extends Wanted {
  /** Left edge in pixels; the text begins here. */
  left: number;
}

/**
 * Places texts in one line so that none overlaps another and none leaves the box: by rank, each is moved inside the box, and
 * left out when its place is taken.
 *
 * @param width of the box in pixels
 */
export function placeLabels(wanted: readonly Wanted[], width: number, gap = 6): Placed[] {
  const placed: Placed[] = [];
  for (const label of [...wanted].sort((one, other) => one.rank - other.rank)) {
    const size = widthOf(label.text);
    if (size > width || !Number.isFinite(label.x)) continue;
    const left = Math.min(Math.max(label.x - size / 2, 0), width - size);
    const isFree = placed.every(
      (other) => left + size + gap <= other.left || other.left + widthOf(other.text) + gap <= left,
    );
    if (isFree) placed.push({ ...label, left });
  }
  return placed.sort((one, other) => one.left - other.left);
}
