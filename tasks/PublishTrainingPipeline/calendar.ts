import type { Zone } from './zones';

/** A day of a calendar. */
export interface Day {
  year: number;
  /** 1–12 */
  month: number;
  /** 1–31 */
  day: number;
  /** 0 is Sunday. */
  weekday: number;
  /** Days since 1 January 1970. */
  number: number;
}

/** Times of days that come again. */
export interface Pattern {
  isOn: (day: Day) => boolean;
  /** Minutes of the day at which it fires, in order, each once. */
  minutes: readonly number[];
  /** It goes through the hours of the clock: when the clock is put back, it fires in both of the equal hours. */
  isHourly: boolean;
}

/** From (included) to (excluded), in milliseconds since 1970. */
export interface Span {
  from: number;
  to: number;
}

const dayMs = 86_400_000;
const minuteMs = 60_000;

export function dayOf(number: number): Day {
  const date = new Date(number * dayMs);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    weekday: date.getUTCDay(),
    number,
  };
}

/** The day that a zone's calendar shows at an instant, and the minute of it. */
export function localTime(instant: number, zone: Zone): { day: Day; minute: number } {
  const local = instant + zone.offsetAt(instant) * minuteMs;
  const number = Math.floor(local / dayMs);
  return { day: dayOf(number), minute: Math.floor((local - number * dayMs) / minuteMs) };
}

/**
 * How often a pattern fires in a span by a zone's clock. A time that the clock jumps over fires after the jump; one that it
 * shows twice fires once, or twice if the pattern goes through the hours.
 */
export function countFires(pattern: Pattern, zone: Zone, span: Span): number {
  let count = 0;
  const last = localTime(span.to, zone).day.number;
  for (let number = localTime(span.from, zone).day.number; number <= last; number++) {
    if (!pattern.isOn(dayOf(number))) continue;
    const isWhole = startOf(number, zone) >= span.from && startOf(number + 1, zone) <= span.to;
    count +=
      isWhole && !hasJump(number, zone)
        ? pattern.minutes.length
        : instantsOn(number, pattern, zone).filter((instant) => instant >= span.from && instant < span.to).length;
  }
  return count;
}

/** The first instants at or after `from` at which a pattern fires. */
export function nextFires(pattern: Pattern, zone: Zone, span: Span, most: number): number[] {
  const found: number[] = [];
  const last = localTime(span.to, zone).day.number;
  for (let number = localTime(span.from, zone).day.number; number <= last && found.length < most; number++) {
    if (!pattern.isOn(dayOf(number))) continue;
    found.push(...instantsOn(number, pattern, zone).filter((instant) => instant >= span.from && instant < span.to));
  }
  return found.slice(0, most);
}

function startOf(number: number, zone: Zone): number {
  return instantsAt(number, 0, zone)[0] ?? number * dayMs;
}

/** Is the clock changed on this day? */
function hasJump(number: number, zone: Zone): boolean {
  return startOf(number + 1, zone) - startOf(number, zone) !== dayMs;
}

function instantsOn(number: number, { minutes, isHourly }: Pattern, zone: Zone): number[] {
  const all = minutes.flatMap((minute) => {
    const instants = instantsAt(number, minute, zone);
    return isHourly ? instants : instants.slice(0, 1);
  });
  return [...new Set(all)].sort((a, b) => a - b);
}

/** The instants at which the clock shows a minute of a day: one, two when it is put back, or the one after a jump. */
export function instantsAt(number: number, minute: number, zone: Zone): number[] {
  const local = number * dayMs + minute * minuteMs;
  const offsets = [zone.offsetAt(local - dayMs), zone.offsetAt(local + dayMs)];
  const candidates = [...new Set(offsets)].map((offset) => local - offset * minuteMs);
  const exact = candidates.filter((instant) => instant + zone.offsetAt(instant) * minuteMs === local);
  if (exact.length > 0) return exact.sort((a, b) => a - b);
  return [Math.max(...candidates)];
}

/** The instant of a local time. */
export function instantOf(number: number, minute: number, zone: Zone): number {
  return instantsAt(number, minute, zone)[0] ?? number * dayMs + minute * minuteMs;
}
