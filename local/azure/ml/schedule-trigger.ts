import { invalid, object, optionalText, text, type Json } from './wire';

const at = 'properties.trigger';
const frequencies = ['Minute', 'Hour', 'Day', 'Week', 'Month'];
const days = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];

/** The five fields of an NCronTab expression: smallest and largest number, and the names (also their first three letters) that stand for numbers. */
const fields: { name: string; least: number; most: number; words: string[] }[] = [
  { name: 'minute', least: 0, most: 59, words: [] },
  { name: 'hour', least: 0, most: 23, words: [] },
  { name: 'day of month', least: 1, most: 31, words: [] },
  {
    name: 'month',
    least: 1,
    most: 12,
    words: [
      ...['january', 'february', 'march', 'april', 'may', 'june', 'july', 'august'],
      ...['september', 'october', 'november', 'december'],
    ],
  },
  {
    name: 'day of week',
    least: 0,
    most: 6,
    words: ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'],
  },
];

/** Checks a schedule's trigger (swagger: `CronTrigger`, `RecurrenceTrigger`) and spells its enumerations as the service does. Throws 400. */
export function readTrigger(value: unknown): Json {
  const asked = object(value, at);
  const type = text(asked, 'triggerType', at).toLowerCase();
  const common = {
    startTime: time(asked, 'startTime'),
    endTime: time(asked, 'endTime'),
    timeZone: timeZone(optionalText(asked, 'timeZone', at) ?? 'UTC'),
  };
  if (type === 'cron') {
    const expression = text(asked, 'expression', at);
    checkCron(expression);
    return { ...common, triggerType: 'Cron', expression };
  }
  if (type === 'recurrence') return { ...common, triggerType: 'Recurrence', ...recurrence(asked) };
  throw wrong(`'${type}' is not a triggerType; there are Cron and Recurrence.`, 'triggerType');
}

function recurrence(asked: Json): Json {
  const interval = asked['interval'];
  if (typeof interval !== 'number' || !Number.isInteger(interval) || interval < 1)
    throw wrong('interval must be a whole number above 0.', 'interval');
  const schedule = asked['schedule'];
  return {
    frequency: oneOf(text(asked, 'frequency', at), frequencies, 'frequency'),
    interval,
    schedule: schedule === undefined || schedule === null ? null : pattern(object(schedule, `${at}.schedule`)),
  };
}

function pattern(asked: Json): Json {
  const weekDays = list(asked['weekDays'], 'weekDays').map((day) =>
    typeof day === 'string' ? oneOf(day, days, 'weekDays') : oneOf(String(day), days, 'weekDays'),
  );
  return {
    hours: numbers(asked, 'hours', 0, 23),
    minutes: numbers(asked, 'minutes', 0, 59),
    weekDays: asked['weekDays'] === undefined || asked['weekDays'] === null ? null : weekDays,
    monthDays:
      asked['monthDays'] === undefined || asked['monthDays'] === null ? null : numbers(asked, 'monthDays', 1, 31),
  };
}

function numbers(asked: Json, key: string, least: number, most: number): number[] {
  return list(asked[key], key).map((one) => {
    if (typeof one === 'number' && Number.isInteger(one) && one >= least && one <= most) return one;
    throw wrong(`${key} must hold whole numbers from ${least} to ${most}.`, `schedule.${key}`);
  });
}

function list(value: unknown, key: string): unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw wrong(`${key} must be a list.`, `schedule.${key}`);
}

/** `* * * * *`: numbers, names of months and days, lists, ranges and steps. */
function checkCron(expression: string): void {
  const parts = expression.trim().split(/\s+/);
  if (parts.length !== fields.length)
    throw wrong(
      `The cron expression '${expression}' must have five fields: minute, hour, day of month, month, day of week.`,
      'expression',
    );
  for (const [index, field] of fields.entries()) {
    const part = parts[index] ?? '';
    if (!part.split(',').every((term) => isTerm(term, field)))
      throw wrong(`'${part}' is not a ${field.name} of a cron expression ('${expression}').`, 'expression');
  }
}

function isTerm(term: string, { least, most, words }: (typeof fields)[number]): boolean {
  const [range = '', step, ...more] = term.split('/');
  if (more.length > 0 || (step !== undefined && !/^[1-9]\d*$/.test(step))) return false;
  if (range === '*') return true;
  const number = (given: string): number => {
    const word = words.findIndex((one) => [one, one.slice(0, 3)].includes(given.toLowerCase()));
    if (word !== -1) return word + least;
    return /^\d+$/.test(given) ? Number(given) : Number.NaN;
  };
  const ends = range.split('-').map(number);
  return ends.length <= 2 && ends.every((end) => end >= least && end <= most) && (ends[1] ?? most) >= (ends[0] ?? 0);
}

/** Times have no offset: the time zone is a member of its own. */
function time(asked: Json, key: string): string | null {
  const given = optionalText(asked, key, at);
  if (given === undefined) return null;
  if (
    /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?$/.test(given) &&
    !Number.isNaN(Date.parse(given.replace(' ', 'T')))
  )
    return given;
  throw wrong(`'${given}' is not a time of the form 2026-06-01T00:00:01, without an offset.`, key);
}

/** Names are those of Windows: `W. Europe Standard Time`. */
function timeZone(given: string): string {
  if (/^(UTC([+-]\d\d)?|[A-Za-z][A-Za-z. ]* Standard Time( \([A-Za-z ]+\))?)$/.test(given)) return given;
  throw wrong(`'${given}' is not a Windows time zone, such as 'UTC' or 'W. Europe Standard Time'.`, 'timeZone');
}

function oneOf(given: string, allowed: string[], key: string): string {
  const found = allowed.find((one) => one.toLowerCase() === given.toLowerCase());
  if (found !== undefined) return found;
  throw wrong(`'${given}' is not a value of ${key}; there are ${allowed.join(', ')}.`, key);
}

function wrong(message: string, key: string): Error {
  return invalid(message, 'ValidationError', `${at}.${key}`);
}
