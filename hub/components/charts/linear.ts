import { scaleLinear } from 'd3-scale';

/** A linear scale that stands numbers whose difference is beyond what a number can hold: it works in units of the largest. */
export function linear([low, high]: [number, number], range: [number, number]): (value: number) => number {
  const unit = Math.max(Math.abs(low), Math.abs(high)) || 1;
  const scale = scaleLinear([low / unit, high / unit], range);
  return (value) => scale(value / unit);
}
