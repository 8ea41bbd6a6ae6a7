import { answered } from './answered';
import { isoDuration } from '../python';
import { list, mapOf, tagged } from '../shape/collections';
import { dropped, optional, record, required, withDefault } from '../shape/record';
import { integer, integerIn, plainData, text, word } from '../shape/scalars';
import { refine, shape, type Shape } from '../shape/shape';

/** What only compute instances have: schedules, scripts, applications. */

const timing = { start_time: optional(text), time_zone: withDefault(text, () => 'UTC') };

const cron = refine(
  record({ ...timing, type: dropped(word({ cron: 'Cron' })), expression: required(text) }),
  (trigger) => ({ triggerType: 'Cron', cron: { ...trigger, triggerType: 'Cron' } }),
);

const pattern = record({
  hours: required(list(integerIn(0, 23))),
  minutes: required(list(integerIn(0, 59))),
  week_days: optional(
    list(
      word({
        sunday: 'Sunday',
        monday: 'Monday',
        tuesday: 'Tuesday',
        wednesday: 'Wednesday',
        thursday: 'Thursday',
        friday: 'Friday',
        saturday: 'Saturday',
      }),
    ),
  ),
});

const recurrence = refine(
  record({
    ...timing,
    type: dropped(word({ recurrence: 'Recurrence' })),
    frequency: required(word({ minute: 'Minute', hour: 'Hour', day: 'Day', week: 'Week', month: 'Month' })),
    interval: required(integerIn(1)),
    // The service wants the lists, also when they say nothing.
    schedule: withDefault(pattern, () => ({ hours: [], minutes: [] })),
  }),
  (trigger) => ({ triggerType: 'Recurrence', recurrence: { ...trigger, triggerType: 'Recurrence' } }),
);

const startStop = refine(
  record({
    action: required(word({ start: 'Start', stop: 'Stop' })),
    // As the other clients send it: a word of the file goes out in lower case, the default does not.
    state: withDefault<string, 'status'>(word({ enabled: 'enabled', disabled: 'disabled' }), () => 'Enabled', {
      as: 'status',
    }),
    trigger: required(tagged<object>('type', { cron, recurrence })),
    schedule_id: answered,
    provisioning_state: answered,
  }),
  ({ action, status, trigger }) => ({ action, status, ...trigger }),
);

/** When the instance starts and stops by itself. */
export const schedules = record({ compute_start_stop: withDefault(list(startStop), () => []) });

const script = record({
  path: optional(text, { as: 'scriptData' }),
  command: optional(text, { as: 'scriptArguments' }),
  timeout_minutes: optional(
    refine(integerIn(1), (minutes) => `${minutes}m`),
    { as: 'timeout' },
  ),
});
const stored = refine(script, (value) => ({ scriptSource: 'workspaceStorage', ...value }));

/** What runs once, and at each start. */
export const setupScripts = refine(
  record({ creation_script: optional(stored), startup_script: optional(stored) }),
  (scripts) => ({ scripts }),
);

/** Ports below are the system's. */
const port = integerIn(1026, 65534);

const application = refine(
  record({
    name: required(text),
    type: withDefault(word({ docker: 'docker' }), () => 'docker' as const),
    image: required(refine(record({ reference: required(text) }), (image) => ({ type: 'docker', ...image }))),
    endpoints: required(
      list(
        refine(record({ target: required(port), published: required(port) }), (ports) => ({
          name: 'connect',
          ...ports,
          protocol: 'http',
        })),
      ),
    ),
    environment_variables: optional(
      mapOf(refine(shape({}, plainData), (value) => ({ type: 'local', value }))) as Shape<Record<string, unknown>>,
    ),
    bind_mounts: optional(
      list(
        refine(record({ source: required(text), target: required(text) }), (mount) => ({
          type: 'bind',
          readOnly: false,
          ...mount,
        })),
      ),
      { as: 'volumes' },
    ),
  }),
  (value) => ({ ...value, docker: { privileged: true } }),
);

/** Programs of one's own beside the notebooks. Names and ports are unique. */
export const applications = refine(list(application), (all, at) => {
  const seen = new Set<string | number>();
  for (const [index, { name, endpoints }] of all.entries()) {
    for (const one of [name, ...endpoints.map(({ published }) => published)]) {
      if (seen.has(one)) throw (at.asList()[index] ?? at).error(`two applications have the name or port ${one}`);
      seen.add(one);
    }
  }
  return all;
});

/** Minutes without use after which the instance stops. 0 is: never. */
export const idleMinutes = refine(integer, (minutes) => (minutes === 0 ? undefined : `PT${minutes}M`));

/** The older form, a duration of ISO 8601; one that is none is refused. */
export const idleDuration = refine(text, (value, at) => {
  if (/^P(?!$)(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+S)?)?$/.test(value)) return value;
  throw at.error(`${at.path} is "${value}", which is no duration`, `Write for example ${isoDuration(1800)}.`);
});
