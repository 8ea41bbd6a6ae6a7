/**
 * Compares two ISO 8601 times of the service by all their digits: it writes ten-millionths of a second, of which `Date` keeps
 * thousandths only. Negative when `left` is earlier.
 */
export function compareTimes(left: string, right: string): number {
  const difference = wholeSeconds(left) - wholeSeconds(right);
  return difference !== 0 ? difference : Math.sign(fraction(left) - fraction(right));
}

const fractionPattern = /\.(\d+)/;

function wholeSeconds(time: string): number {
  return Date.parse(time.replace(fractionPattern, ''));
}

/** Ten-millionths. */
function fraction(time: string): number {
  return Number((fractionPattern.exec(time)?.[1] ?? '').slice(0, 7).padEnd(7, '0'));
}
