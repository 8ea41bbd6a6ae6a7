import { isoDuration } from '../python';
import { integerIn } from '../shape/scalars';
import { refine, type Shape } from '../shape/shape';

/** Numbers of seconds and milliseconds as ISO 8601 durations. As with the other clients, 0 means: as the service likes it. */

export const seconds: Shape<string | undefined> = refine(integerIn(0), (value) =>
  value === 0 ? undefined : isoDuration(value),
);

export const milliseconds: Shape<string | undefined> = refine(integerIn(0), (value) =>
  value === 0 ? undefined : isoMilliseconds(value),
);

/** `PT1M30S`, `PT1.5S`: as Python's isodate prints it, a fraction at the seconds. */
function isoMilliseconds(value: number): string {
  const rest = value % 1000;
  const whole = isoDuration((value - rest) / 1000);
  if (rest === 0) return whole;
  const fraction = (rest / 1000).toFixed(3).slice(1).replace(/0+$/, '');
  if (/\dS$/.test(whole)) return whole.replace(/S$/, `${fraction}S`);
  return `${whole === 'P0D' ? 'PT' : whole.includes('T') ? whole : `${whole}T`}0${fraction}S`;
}
