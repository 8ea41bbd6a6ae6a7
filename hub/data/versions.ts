/**
 * Order of version names: parts of digits by their value (`10` after `9`, `1.10` after `1.9`), the rest by code unit. Equal only
 * for equal texts, so that a sort is the same everywhere.
 */
export function compareVersions(left: string, right: string): number {
  const one = partsOf(left);
  const other = partsOf(right);
  for (let index = 0; index < Math.min(one.length, other.length); index++) {
    const order = comparePart(one[index] ?? '', other[index] ?? '');
    if (order !== 0) return order;
  }
  return one.length - other.length || compareText(left, right);
}

export function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function partsOf(version: string): string[] {
  return version.match(/\d+|\D+/g) ?? [];
}

/** Digits of any length: a version may be a time stamp longer than a number is exact. */
function comparePart(left: string, right: string): number {
  if (!/^\d/.test(left) || !/^\d/.test(right)) return compareText(left, right);
  const [one, other] = [left.replace(/^0+(?=\d)/, ''), right.replace(/^0+(?=\d)/, '')];
  return one.length - other.length || compareText(one, other);
}
