import { schedule } from '../../lib/assets/kinds/schedule';
import { TaskError } from '../../lib/agent/errors';
import { at, isRecord, textAt } from '../../lib/agent/json';
import type { Resource } from '../../lib/assets/kinds/kind';
import type { Soon } from '../../lib/assets/later';
import type { Scope } from '../../lib/assets/shape/shape';
import type { Rehearsal } from '../../lib/assets/reconcile/rehearsal';
import { resourceOf, readTranslation, settleResource } from '../../lib/assets/translate';
import type { Inputs } from './inputs';
import { cronTrigger, readTrigger, type Trigger } from './trigger';

/** What starts the pipeline by itself. */
export interface Schedule {
  trigger: Trigger;
  /** Name in the file. */
  name?: string;
  /** A monitor: the whole schedule of the file. Otherwise the schedule runs the pipeline. */
  monitor?: { resource: Soon<Resource>; scope: Scope };
  /** Members of the file's schedule besides trigger and action. */
  members: Record<string, unknown>;
}

/**
 * Reads the schedule that the inputs describe; `undefined` without one.
 *
 * @throws TaskError for a file that is no schedule, or of the other kind
 */
export async function readSchedule(inputs: Inputs, rehearsal: Rehearsal): Promise<Schedule | undefined> {
  const { scheduleFile, cron, timeZone, trigger } = inputs;
  if (trigger === 'none') return undefined;
  if (scheduleFile === undefined) return { trigger: cronTrigger(cron ?? '', timeZone), members: {} };
  const translation = await readTranslation(scheduleFile, rehearsal.workspaceId, {
    kinds: [schedule],
    root: inputs.root,
  });
  if (translation.kind.name !== 'schedule') {
    throw translation.reader.error(`this is the file of a ${translation.kind.name}`, 'Name the file of a schedule.');
  }
  const enabled = translation.reader.optional('is_enabled');
  if (enabled && !enabled.isNull && !enabled.asBoolean()) {
    throw enabled.error(
      'the schedule is not enabled: it would never start the pipeline',
      'Leave is_enabled out, or write trigger: none.',
      true,
    );
  }
  const resource = resourceOf(translation, '');
  const { body } = await settleResource(resource, rehearsal);
  const properties = at(body, 'properties');
  const isMonitor = textAt(properties, 'action', 'actionType') === 'CreateMonitor';
  if (trigger === 'drift' && !isMonitor) {
    throw translation.reader.error(
      'the schedule has no create_monitor, and the trigger is drift',
      'Describe the monitor, or write trigger: calendar.',
    );
  }
  const given = at(properties, 'trigger');
  if (!isRecord(given)) throw new TaskError(`${scheduleFile} has no trigger.`);
  return {
    trigger: readTrigger(given, scheduleFile),
    name: textAt(translation.values, 'name'),
    monitor: isMonitor && trigger === 'drift' ? { resource, scope: translation.scope } : undefined,
    members: ownMembers(properties),
  };
}

function ownMembers(properties: unknown): Record<string, unknown> {
  const members = ['displayName', 'description', 'tags'].map((key): [string, unknown] => [key, at(properties, key)]);
  return Object.fromEntries(members.filter(([, value]) => value !== undefined));
}
