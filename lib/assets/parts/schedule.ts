import { isList, list, tagged, union } from '../shape/collections';
import { optional, record, required, withDefault } from '../shape/record';
import { integer, integerIn, text, words } from '../shape/scalars';
import { refine, type Shape } from '../shape/shape';

/** When something runs. Service: CronTrigger, RecurrenceTrigger. */

const isoTime =
  /^(\d{4})-(\d{1,2})-(\d{1,2})[T ](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.\d+)?)?(?:Z|[+-]\d{2}(?::?\d{2})?)?$/;

/** A time as the service wants it, without its zone: that is the trigger's. */
const time = refine(text, (value, at) => {
  const written: (string | undefined)[] = isoTime.exec(value)?.slice(1, 7) ?? [];
  const [year, month, day, hour, minute, second] = written.map((part) => (part ?? '0').padStart(2, '0'));
  const [date, clock] = [`${year}-${month}-${day}`, `${hour}:${minute}:${second}`];
  const instant = Date.parse(`${date}T${clock}Z`);
  const isReal = !Number.isNaN(instant) && new Date(instant).toISOString().startsWith(`${date}T${clock}`);
  if (isReal) return `${date} ${clock}`;
  throw at.error(`${at.path} is "${value}", which is no time`, 'Write "2026-07-10T10:00:00".');
});

const common = {
  start_time: optional(time),
  end_time: optional(time),
  time_zone: withDefault(text, () => 'UTC'),
};

/** Minute, hour, day of month, month, day of week. */
const cron = refine(text, (value, at) => {
  if (/^\S+(?:\s+\S+){4}$/.test(value.trim())) return value;
  throw at.error(
    `${at.path} is "${value}", which has not the five fields of a cron expression`,
    'Write minute, hour, day of the month, month and day of the week: "0 3 * * *".',
  );
});

/** One, or several. */
function some<T>(item: Shape<T>): Shape<T[]> {
  return union<T[]>('a value or a list of them', [
    { when: isList, shape: list(item) },
    { when: () => true, shape: refine(item, (one) => [one]) },
  ]);
}

const weekDay = words('Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday');

const pattern = record({
  hours: required(some(integerIn(0, 23))),
  minutes: required(some(integerIn(0, 59))),
  week_days: optional(some(weekDay)),
  month_days: optional(some(integer)),
});

export interface Trigger {
  triggerType: string;
  /** Of recurrences. */
  frequency?: string;
  interval?: number;
}

export const trigger: Shape<Trigger> = tagged<Trigger>('type', {
  cron: record({ ...common, type: required(words('Cron'), { as: 'triggerType' }), expression: required(cron) }),
  recurrence: record({
    ...common,
    type: required(words('Recurrence'), { as: 'triggerType' }),
    frequency: required(words('Minute', 'Hour', 'Day', 'Week', 'Month')),
    interval: required(integerIn(1)),
    schedule: withDefault<{ hours: number[]; minutes: number[] }>(pattern, () => ({ hours: [], minutes: [] })),
  }),
});
