import { cut, displayText } from './display-text';

export interface TextProps {
  /** Text from a run or from the service. */
  value: string;
  /** Longest text shown; the whole of it is in the tooltip. */
  max?: number;
  className?: string;
}

/** Foreign text in one line. */
export function Text({ value, max = 80, className }: TextProps) {
  const whole = displayText(value);
  const shown = cut(whole, max);
  // Isolated: a name written right to left must not reorder what stands beside it.
  return (
    <bdi className={className} title={shown === whole ? undefined : whole}>
      {shown}
    </bdi>
  );
}
