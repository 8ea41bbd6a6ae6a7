import { setTimeout as sleep } from 'node:timers/promises';
import { armRoute, type Answer, type Call, type Core, type Service } from '../service';
import type { InvokeBatch } from './batch';
import { propertiesOf } from './batch-deployments';
import { accepted, setState } from './batch-endpoints';
import { putHeaders, refuseBusy, stateOf } from './deployments';
import { jobService } from './job-service';
import { invocation, jobBody, readAction, type Firing } from './schedule-action';
import { readTrigger } from './schedule-trigger';
import { page } from './versioned';
import {
  invalid,
  isObject,
  notFound,
  object,
  optionalObject,
  optionalText,
  param,
  provider,
  text,
  textMap,
  workspaceId,
  workspacePath,
  type Json,
} from './wire';

const one = `${workspacePath}/schedules/{schedule}`;

/**
 * Schedules (swagger: `Schedules_*`; `trigger` as in api-version 2024-01-01-preview). None fires by itself: a job is made
 * when somebody triggers one.
 */
export function createSchedules(core: Core, invoke: InvokeBatch): Service {
  const schedules = new Schedules(core, invoke);
  return {
    routes: [
      armRoute('PUT', one, (call) => schedules.put(call)),
      armRoute('GET', one, (call) => ({ status: 200, body: schedules.find(call) })),
      armRoute('DELETE', one, (call) => schedules.delete(call)),
      armRoute('GET', `${workspacePath}/schedules`, (call) => schedules.list(call)),
      armRoute('POST', `${one}/trigger`, (call) => schedules.trigger(call)),
    ],
    start: () => {
      schedules.settleLeftovers();
      return Promise.resolve();
    },
  };
}

class Schedules {
  constructor(
    private readonly core: Core,
    private readonly invoke: InvokeBatch,
  ) {}

  settleLeftovers(): void {
    for (const key of this.core.store.keys('/subscriptions/'))
      if (
        /\/schedules\/[^/]+$/i.test(key) &&
        ['Creating', 'Updating', 'Deleting'].includes(stateOf(this.core.store.get(key)))
      )
        setState(this.core, key, 'Failed');
  }

  put(call: Call): Answer {
    const id = this.id(call);
    const existing = this.core.store.get(id);
    refuseBusy(existing, id);
    const document = this.document(call, id, isObject(existing) ? existing : undefined);
    this.core.store.set(id, document);
    const work = async (): Promise<void> => {
      await sleep(50);
      setState(this.core, id, 'Succeeded');
    };
    const started = this.core.operations.start('sc', `${this.core.url}${id}`, work, stateOf(document));
    const headers = { 'azure-asyncoperation': started.asyncOperationUrl, location: call.url.href, ...putHeaders };
    return { status: existing === undefined ? 201 : 200, headers, body: document };
  }

  private document(call: Call, id: string, before: Json | undefined): Json {
    const name = param(call, 'schedule');
    if (!/^[A-Za-z0-9][\w-]{0,254}$/.test(name))
      throw invalid(
        `The schedule name '${name}' may hold letters, digits, dashes and underscores, and starts with a letter or digit.`,
        'InvalidName',
        'name',
      );
    const asked = object(object(call.json(), 'body')['properties'], 'properties');
    const enabled = asked['isEnabled'] ?? true;
    if (typeof enabled !== 'boolean')
      throw invalid('isEnabled must be true or false.', 'ValidationError', 'properties.isEnabled');
    const now = new Date().toISOString();
    return {
      id,
      name,
      type: `${provider}/workspaces/schedules`,
      properties: {
        description: optionalText(asked, 'description', 'properties') ?? null,
        tags: textMap(asked['tags'], 'properties.tags'),
        properties: textMap(asked['properties'], 'properties.properties'),
        displayName: optionalText(asked, 'displayName', 'properties') ?? null,
        isEnabled: enabled,
        trigger: readTrigger(asked['trigger']),
        action: readAction(this.core, workspaceId(call), asked['action']),
        provisioningState: before === undefined ? 'Creating' : 'Updating',
      },
      systemData: {
        ...(before === undefined
          ? { createdAt: now, createdBy: call.caller.objectId, createdByType: 'Application' }
          : optionalObject(before['systemData'], 'systemData')),
        lastModifiedAt: now,
      },
    };
  }

  /** Only a disabled schedule can be deleted, as the service's documentation says. */
  delete(call: Call): Answer {
    const id = this.id(call);
    const document = this.core.store.get(id);
    if (!isObject(document)) return { status: 204 };
    refuseBusy(document, id);
    if (propertiesOf(document)['isEnabled'] === true)
      throw invalid(
        `The schedule '${param(call, 'schedule')}' is enabled: disable it before deleting it.`,
        'ScheduleEnabled',
      );
    setState(this.core, id, 'Deleting');
    const work = (): Promise<void> => {
      this.core.store.delete(id);
      return Promise.resolve();
    };
    return accepted(this.core, 'sc', id, 'Deleting', work, undefined);
  }

  /** Enabled ones unless `listViewType` says otherwise. */
  list(call: Call): Answer {
    const view = (call.query.get('listViewType') ?? 'EnabledOnly').toLowerCase();
    const all = this.core.store.keys(`${workspaceId(call)}/schedules/`).map((key) => this.core.store.get(key));
    const shown = all
      .filter(isObject)
      .filter((one) => view === 'all' || (propertiesOf(one)['isEnabled'] === true) === (view === 'enabledonly'));
    return page(call, shown);
  }

  /** Carries out the action once, for the time that the body names (now when absent). */
  async trigger(call: Call): Promise<Answer> {
    const schedule = this.find(call);
    const properties = propertiesOf(schedule);
    const name = text(schedule, 'name', 'schedule');
    if (properties['isEnabled'] !== true)
      throw invalid(`The schedule '${name}' is disabled: only an enabled one can be triggered.`, 'ScheduleDisabled');
    refuseBusy(schedule, this.id(call));
    const body = call.body.length === 0 ? {} : object(call.json(), 'body');
    const action = object(properties['action'], 'properties.action');
    const workspace = workspaceId(call);
    const firing = this.firing(workspace, name, optionalText(body, 'scheduleTime', 'body'));
    const type = text(action, 'actionType', 'properties.action');
    if (type === 'CreateJob') {
      jobService(this.core).submit(workspace, firing.job, jobBody(action, firing), call.caller.objectId);
    } else if (type === 'InvokeBatchEndpoint') {
      const { endpoint, deployment, body: request } = invocation(this.core, workspace, action, firing);
      await this.invoke(endpoint, deployment, request, call.caller);
    } else {
      throw invalid(`This local workspace keeps schedules with ${type}, but does not carry them out.`, 'NotSupported');
    }
    return { status: 200, body: { scheduleActionType: type, submissionId: firing.job } };
  }

  /** `NAME-20260601T000001Z`, as the documentation shows; a second one of the same second gets a number. */
  private firing(workspace: string, schedule: string, given: string | undefined): Firing {
    const at = given === undefined ? new Date() : new Date(given);
    if (Number.isNaN(at.getTime()))
      throw invalid(`'${given ?? ''}' is not a time (scheduleTime).`, 'ValidationError', 'scheduleTime');
    const time = `${at.toISOString().slice(0, 19)}Z`;
    const base = `${schedule}-${time.replaceAll(/[-:]/g, '')}`;
    const taken = (job: string): boolean => this.core.store.get(`${workspace}/jobs/${job}`) !== undefined;
    let job = base;
    for (let number = 2; taken(job); number++) job = `${base}-${number}`;
    return { schedule, time, job };
  }

  find(call: Call): Json {
    const found = this.core.store.get(this.id(call));
    if (isObject(found)) return found;
    throw notFound('ScheduleNotFound', `The schedule '${param(call, 'schedule')}' was not found.`);
  }

  private id(call: Call): string {
    return `${workspaceId(call)}/schedules/${param(call, 'schedule')}`;
  }
}
