import { TaskError } from '../../lib/agent/errors';
import type { Pattern } from './calendar';

const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

interface Field {
  name: string;
  least: number;
  most: number;
  words?: readonly string[];
}

const fields: readonly Field[] = [
  { name: 'minute', least: 0, most: 59 },
  { name: 'hour', least: 0, most: 23 },
  { name: 'day of month', least: 1, most: 31 },
  { name: 'month', least: 1, most: 12 },
  { name: 'day of week', least: 0, most: 7, words: weekdays },
];

/**
 * Reads a cron expression of five fields as Azure ML does. The service ignores the day of the month and the month: an
 * expression that names them would fire far more often than it says, and is refused.
 *
 * @param where the input or file, for the error
 */
export function readCron(expression: string, where: string): Pattern {
  const parts = expression.trim().split(/\s+/);
  const fail = (problem: string, advice?: string): TaskError =>
    new TaskError(`${where}: the cron expression "${expression}" ${problem}.`, advice);
  if (parts.length !== fields.length) {
    throw fail(`has ${parts.length} fields`, 'Write minute, hour, day of month, month, day of week: 0 4 * * 1');
  }
  const values = fields.map((field, index) => readField(parts[index] ?? '', field, fail));
  if (parts[2] !== '*' || parts[3] !== '*') {
    throw fail(
      'names days of the month or months, which Azure ML ignores: it would fire in every month, on every day',
      'Use a schedule file with a trigger of type recurrence (frequency: month, schedule.month_days).',
    );
  }
  const [minutes = [], hours = [], , , days = []] = values;
  const onDays = new Set(days.map((day) => day % 7));
  return {
    isOn: ({ weekday }) => onDays.has(weekday),
    minutes: hours.flatMap((hour) => minutes.map((minute) => hour * 60 + minute)),
    isHourly: (parts[1] ?? '').startsWith('*'),
  };
}

type Fail = (problem: string, advice?: string) => TaskError;

function readField(text: string, field: Field, fail: Fail): number[] {
  const found = new Set<number>();
  for (const item of text.split(',')) {
    const [, range = '', stepText] = /^([^/]+)(?:\/(\d+))?$/.exec(item) ?? [];
    const step = stepText === undefined ? 1 : Number(stepText);
    const [from, to] = rangeOf(range, field, stepText !== undefined);
    if (from === undefined || to === undefined || from > to || step < 1) {
      throw fail(`has "${item}" as ${field.name}`, `Write ${field.least}–${field.most}, *, a-b, a,b or */n.`);
    }
    for (let value = from; value <= to; value += step) found.add(value);
  }
  return [...found].sort((a, b) => a - b);
}

/** `a/n` means from a on. */
function rangeOf(text: string, field: Field, hasStep: boolean): [number?, number?] {
  if (text === '*') return [field.least, field.words ? 6 : field.most];
  const [first = '', second] = text.split('-', 2);
  const from = numberOf(first, field);
  if (second === undefined) return [from, hasStep ? (field.words ? 6 : field.most) : from];
  return [from, numberOf(second, field)];
}

function numberOf(text: string, { least, most, words }: Field): number | undefined {
  const index = words?.indexOf(text.toLowerCase()) ?? -1;
  const value = index >= 0 ? index : /^\d+$/.test(text) ? Number(text) : NaN;
  return value >= least && value <= most ? value : undefined;
}
