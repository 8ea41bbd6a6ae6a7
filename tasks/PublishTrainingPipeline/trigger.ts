import { TaskError } from '../../lib/agent/errors';
import { at, isRecord, number, textAt } from '../../lib/agent/json';
import { countFires, instantOf, localTime, nextFires, type Day, type Pattern, type Span } from './calendar';
import { readCron } from './cron';
import { readZone, type Zone } from './zones';

const dayMs = 86_400_000;
const year = 365;

/** A trigger of a schedule, in the members of the service, and when it fires. */
export interface Trigger {
  /** TriggerBase of Schedules_CreateOrUpdate. */
  body: Record<string, unknown>;
  /** In words: `0 4 * * 1 (W. Europe Standard Time)` */
  text: string;
  /** How often it fires in the 365 days from an instant on. */
  firesPerYear(now: number): number;
  next(now: number, most: number): number[];
}

/** A cron expression from the inputs. */
export function cronTrigger(expression: string, timeZone: string): Trigger {
  const zone = readZone(timeZone, 'Input "timeZone"');
  readCron(expression, 'Input "cron"');
  return readTrigger({ triggerType: 'Cron', expression, timeZone: zone.windowsName }, 'Input "cron"');
}

/**
 * Reads a trigger in the service's members: when does it fire?
 *
 * @param where the file it comes from, for the errors
 */
export function readTrigger(body: Record<string, unknown>, where: string): Trigger {
  const zone = readZone(textAt(body, 'timeZone') ?? 'UTC', where);
  const window = (now: number): Span => ({
    from: Math.max(now, timeAt(body, 'startTime', zone, where) ?? now),
    to: Math.min(now + year * dayMs, timeAt(body, 'endTime', zone, where) ?? Infinity),
  });
  const fires = firesOf(body, zone, where);
  return {
    body: { ...body, timeZone: zone.windowsName },
    text: textOf(body, zone),
    firesPerYear: (now) => {
      const span = window(now);
      return span.from < span.to ? fires.count(span, now) : 0;
    },
    next: (now, most) => {
      const span = window(now);
      return span.from < span.to ? fires.next(span, now, most) : [];
    },
  };
}

interface Fires {
  count(span: Span, now: number): number;
  next(span: Span, now: number, most: number): number[];
}

function firesOf(body: Record<string, unknown>, zone: Zone, where: string): Fires {
  const pattern =
    textAt(body, 'triggerType')?.toLowerCase() === 'cron'
      ? readCron(textAt(body, 'expression') ?? '', where)
      : undefined;
  if (pattern) return ofPattern(() => pattern, zone);
  const start = (now: number): number => timeAt(body, 'startTime', zone, where) ?? now;
  const frequency = (textAt(body, 'frequency') ?? '').toLowerCase();
  const interval = number(at(body, 'interval')) ?? 1;
  if (!Number.isInteger(interval) || interval < 1) throw new TaskError(`${where}: the interval is ${interval}.`);
  if (frequency === 'minute' || frequency === 'hour') {
    return ofPeriod(start, interval * (frequency === 'hour' ? 3_600_000 : 60_000));
  }
  if (!['day', 'week', 'month'].includes(frequency)) {
    throw new TaskError(`${where}: the frequency is "${frequency}".`, 'Write minute, hour, day, week or month.');
  }
  return ofPattern((now) => recurrence(body, frequency, interval, localTime(start(now), zone)), zone);
}

function ofPattern(pattern: (now: number) => Pattern, zone: Zone): Fires {
  return {
    count: (span, now) => countFires(pattern(now), zone, span),
    next: (span, now, most) => nextFires(pattern(now), zone, span, most),
  };
}

function ofPeriod(start: (now: number) => number, period: number): Fires {
  const first = (span: Span, now: number): number =>
    start(now) + Math.max(0, Math.ceil((span.from - start(now)) / period)) * period;
  return {
    count: (span, now) => Math.max(0, Math.ceil((span.to - first(span, now)) / period)),
    next: (span, now, most) =>
      Array.from({ length: most }, (_, index) => first(span, now) + index * period).filter((time) => time < span.to),
  };
}

const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

/** Days, weeks and months are counted from the one of the start; what the schedule leaves open is as at the start. */
function recurrence(
  body: Record<string, unknown>,
  frequency: string,
  interval: number,
  start: ReturnType<typeof localTime>,
): Pattern {
  const schedule = at(body, 'schedule');
  const hours = numbers(at(schedule, 'hours'), Math.floor(start.minute / 60));
  const minutes = numbers(at(schedule, 'minutes'), start.minute % 60);
  const times = hours.flatMap((hour) => minutes.map((minute) => hour * 60 + minute));
  return {
    isOn: dayRule(frequency, interval, start.day, schedule),
    minutes: [...new Set(times)].sort((a, b) => a - b),
    isHourly: false,
  };
}

function dayRule(frequency: string, interval: number, start: Day, schedule: unknown): (day: Day) => boolean {
  if (frequency === 'day') return (day) => isTurn(day.number - start.number, interval);
  if (frequency === 'week') {
    const named = texts(at(schedule, 'weekDays')).map((name) => weekdays.indexOf(name.toLowerCase()));
    const on = named.length > 0 ? named : [start.weekday];
    return (day) => on.includes(day.weekday) && isTurn(weekOf(day) - weekOf(start), interval);
  }
  const on = numbers(at(schedule, 'monthDays'), start.day);
  return (day) => {
    const isLast = new Date(Date.UTC(day.year, day.month, 0)).getUTCDate() === day.day;
    // A day that the month does not have counts on its last one: rather once too often than once too few.
    const isOn = on.includes(day.day) || (isLast && on.some((one) => one > day.day));
    return isOn && isTurn(monthOf(day) - monthOf(start), interval);
  };
}

const isTurn = (distance: number, interval: number): boolean => distance >= 0 && distance % interval === 0;
/** 1970 began on a Thursday; weeks begin on Sunday. */
const weekOf = (day: Day): number => Math.floor((day.number + 4) / 7);
const monthOf = (day: Day): number => day.year * 12 + day.month;

function numbers(value: unknown, otherwise: number): number[] {
  const list = (Array.isArray(value) ? (value as unknown[]) : [value]).filter((item) => typeof item === 'number');
  return list.length > 0 ? list : [otherwise];
}

function texts(value: unknown): string[] {
  return (Array.isArray(value) ? (value as unknown[]) : [value]).filter((item) => typeof item === 'string');
}

/** `2026-07-10 10:00:00`, by the trigger's own clock unless it ends with Z or an offset. */
function timeAt(body: unknown, key: string, zone: Zone, where: string): number | undefined {
  const text = textAt(body, key);
  if (text === undefined) return undefined;
  const parts = /^(\d{4})-(\d\d?)-(\d\d?)(?:[T ](\d\d?):(\d\d)(?::\d\d(?:\.\d+)?)?)?\s*(Z|[+-]\d\d:?\d\d)?$/i.exec(
    text,
  );
  if (!parts) throw new TaskError(`${where}: ${key} is "${text}".`, 'Write it like 2026-07-10T10:00:00.');
  const part = (index: number): number => Number(parts[index] ?? 0);
  const local = Date.UTC(part(1), part(2) - 1, part(3));
  const minute = part(4) * 60 + part(5);
  const offset = parts[6];
  if (offset === undefined) return instantOf(local / dayMs, minute, zone);
  const [, sign = '+', hours = 0, minutes = 0] = /^([+-])(\d\d):?(\d\d)$/.exec(offset) ?? [];
  const shift = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -1 : 1);
  return local + (minute - shift) * 60_000;
}

function textOf(body: Record<string, unknown>, zone: Zone): string {
  const expression = textAt(body, 'expression');
  if (expression !== undefined) return `${expression} (${zone.windowsName})`;
  const schedule = isRecord(body['schedule']) ? body['schedule'] : {};
  const details = Object.entries(schedule)
    .filter(([, value]) => Array.isArray(value) && value.length > 0)
    .map(([key, value]) => `${key} ${String(value)}`);
  const every = `every ${number(at(body, 'interval')) ?? 1} ${textAt(body, 'frequency') ?? ''}`;
  return `${[every, ...details].join(', ')} (${zone.windowsName})`;
}
