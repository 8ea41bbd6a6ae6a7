/** Text as Python prints it: the Azure ML clients are Python, and hashes and texts of theirs must come out alike. */

/** `str(float)`: shortest digits, always with a point or an exponent, exponent from 1e-05 and 1e+16 on. */
export function pythonFloat(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf';
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const [mantissa = '', exponentText = '0'] = value.toExponential().split('e');
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 16) {
    return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  const plain = exponent < 0 ? value.toFixed(fraction(mantissa) - exponent) : trimmed(value, mantissa, exponent);
  return plain.includes('.') ? plain : `${plain}.0`;
}

function fraction(mantissa: string): number {
  return mantissa.split('.')[1]?.length ?? 0;
}

function trimmed(value: number, mantissa: string, exponent: number): string {
  return value.toFixed(Math.max(0, fraction(mantissa) - exponent));
}

/** `True` or `False`. */
export function pythonBoolean(value: boolean): string {
  return value ? 'True' : 'False';
}

/**
 * An ISO 8601 duration as Python's isodate prints it: `PT1H`, `PT1H30M30S`, `P1D`, `P1DT2H`; zero is `P0D`.
 *
 * @param seconds whole seconds, not negative
 */
export function isoDuration(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor((seconds % 86_400) / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const part = (amount: number, unit: string): string => (amount > 0 ? `${amount}${unit}` : '');
  const time = part(hours, 'H') + part(minutes, 'M') + part(seconds % 60, 'S');
  const text = part(days, 'D') + (time ? `T${time}` : '');
  return `P${text || '0D'}`;
}
