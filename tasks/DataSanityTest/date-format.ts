import { escapeRegExp } from '../../lib/agent/pattern';

/** Reads a date, time or timestamp; the number orders them (milliseconds), `undefined` when the text is not one. */
export type InstantReader = (text: string) => Instant | undefined;

export interface Instant {
  /** Milliseconds since 1970-01-01T00:00:00Z, or since midnight for a time; finer parts as a fraction. */
  ms: number;
  hasZone: boolean;
}

interface Parts {
  year?: string;
  month?: string;
  day?: string;
  hour?: string;
  minute?: string;
  second?: string;
  fraction?: string;
  zone?: string;
}

const iso = {
  date: /^(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)$/,
  time: /^(?<hour>\d\d):(?<minute>\d\d)(?::(?<second>\d\d)(?:\.(?<fraction>\d{1,9}))?)?$/,
  timestamp:
    /^(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)[T ](?<hour>\d\d):(?<minute>\d\d)(?::(?<second>\d\d)(?:\.(?<fraction>\d{1,9}))?)?(?<zone>Z|[+-]\d\d(?::?\d\d)?)?$/,
};

/** ISO 8601 in the extended form: 2026-11-21, 13:45:10.5, 2026-11-21T13:45:10Z. Days must exist. */
export function isoReader(kind: 'date' | 'time' | 'timestamp'): InstantReader {
  return readerFor(iso[kind]);
}

/** Letters of java.time.format.DateTimeFormatter that a format may use. */
const letters: Record<string, string> = {
  yyyy: '(?<year>\\d{4})',
  uuuu: '(?<year>\\d{4})',
  MM: '(?<month>\\d\\d)',
  M: '(?<month>\\d{1,2})',
  dd: '(?<day>\\d\\d)',
  d: '(?<day>\\d{1,2})',
  HH: '(?<hour>\\d\\d)',
  H: '(?<hour>\\d{1,2})',
  mm: '(?<minute>\\d\\d)',
  ss: '(?<second>\\d\\d)',
  X: '(?<zone>Z|[+-]\\d\\d(?:\\d\\d)?)',
  XX: '(?<zone>Z|[+-]\\d{4})',
  XXX: '(?<zone>Z|[+-]\\d\\d:\\d\\d)',
};

/**
 * A reader for a format in the letters of Java's DateTimeFormatter, as ODCS prescribes.
 *
 * @returns the reader, or the part of the format that is not supported
 */
export function formatReader(format: string): { reader: InstantReader } | { unsupported: string } {
  const parts = format.match(/([A-Za-z])\1*|'(?:[^']|'')*'|[^A-Za-z']+|'/g) ?? [];
  const used = new Set<string>();
  let source = '';
  for (const part of parts) {
    const first = part[0] ?? '';
    if (/[A-Za-z]/.test(first)) {
      const pattern = /^S+$/.test(part) ? `(?<fraction>\\d{${part.length}})` : letters[part];
      const name = pattern && /<(\w+)>/.exec(pattern)?.[1];
      if (!pattern || !name || used.has(name)) return { unsupported: part };
      used.add(name);
      source += pattern;
    } else if (first === "'") {
      if (part.length < 2) return { unsupported: part };
      source += escapeRegExp(part === "''" ? "'" : part.slice(1, -1).replace(/''/g, "'"));
    } else {
      if (/[[\]{}#]/.test(part)) return { unsupported: part };
      source += escapeRegExp(part);
    }
  }
  return used.size === 0 ? { unsupported: format } : { reader: readerFor(new RegExp(`^${source}$`)) };
}

function readerFor(pattern: RegExp): InstantReader {
  return (text) => {
    const found = pattern.exec(text);
    return found ? instant(found.groups ?? {}) : undefined;
  };
}

function instant(parts: Parts): Instant | undefined {
  const [year, month, day] = [Number(parts.year ?? 1970), Number(parts.month ?? 1), Number(parts.day ?? 1)];
  const [hour, minute, second] = [Number(parts.hour ?? 0), Number(parts.minute ?? 0), Number(parts.second ?? 0)];
  const offset = zoneMinutes(parts.zone);
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined;
  if (hour > 23 || minute > 59 || second > 59 || offset === undefined) return undefined;
  const start = new Date(0);
  // Date.UTC would take the years 0 to 99 for 1900 to 1999.
  start.setUTCFullYear(year, month - 1, day);
  start.setUTCHours(hour, minute - offset, second);
  const fraction = parts.fraction === undefined ? 0 : Number(`0.${parts.fraction}`) * 1000;
  return { ms: start.getTime() + fraction, hasZone: parts.zone !== undefined };
}

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** Minutes east of UTC; no zone counts as UTC. */
function zoneMinutes(zone: string | undefined): number | undefined {
  if (zone === undefined || zone === 'Z') return 0;
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(3).replace(':', '') || 0)];
  if (hours > 18 || minutes > 59) return undefined;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}
