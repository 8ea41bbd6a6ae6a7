import { ArmFault } from '../service';
import type { CommandOptions } from './job-command';
import type { JobControl, JobEnd } from './job-control';
import { newCommandJob } from './job-document';
import type { JobHost } from './job-host';
import { recordJob } from './job-record';
import { TrackingStore } from './tracking-store';
import { errorMessage, isObject, optionalObject, optionalText, type Json } from './wire';

/** What a child takes over from the job that it is part of. */
export interface Parentage {
  userId: string;
  experimentName: string;
  computeId?: string;
}

/** Reads from a stored job what its children take over. */
export function parentage(host: JobHost, control: JobControl): Parentage {
  const stored = host.core.store.get(control.id);
  const properties = isObject(stored) ? optionalObject(stored['properties'], 'properties') : {};
  const computeId = optionalText(properties, 'computeId', 'properties');
  return {
    userId: new TrackingStore(host.core, control.workspace).run(control.name)?.userId ?? '',
    experimentName: optionalText(properties, 'experimentName', 'properties') ?? 'Default',
    ...(computeId === undefined ? {} : { computeId }),
  };
}

export interface CommandChild {
  name: string;
  /** `properties` of a request for a command job; experiment and compute are the parent's unless given. */
  properties: Json;
  componentId?: string;
  params?: Record<string, string>;
  tags?: Record<string, string>;
  command?: CommandOptions['command'];
}

/** Makes a command job that is part of another and starts it; it waits for a free core. A job that is not valid has failed. */
export function startCommand(host: JobHost, parent: JobControl, child: CommandChild): Promise<JobEnd> {
  return attempt(() => begin(host, parent, child));
}

/** How a child ends, also when it cannot even begin. */
export async function attempt(start: () => Promise<JobEnd>): Promise<JobEnd> {
  try {
    return await start();
  } catch (error) {
    const detail = error instanceof ArmFault ? error.more.details?.[0]?.message : undefined;
    return { status: 'Failed', error: { code: 'UserError', message: detail ?? errorMessage(error) } };
  }
}

function begin(host: JobHost, parent: JobControl, child: CommandChild): Promise<JobEnd> {
  const { userId, experimentName, computeId } = parentage(host, parent);
  const { core } = host;
  const properties = {
    experimentName,
    ...(computeId === undefined ? {} : { computeId }),
    ...child.properties,
    ...(child.componentId === undefined ? {} : { componentId: child.componentId }),
  };
  const document = newCommandJob(core, parent.workspace, child.name, { properties }, userId);
  recordJob(core, parent.workspace, document, { userId, parent: parent.name, params: child.params, tags: child.tags });
  const id = `${parent.workspace}/jobs/${child.name}`;
  return host.runner.start(id, host.commands.work(id, { isChild: true, command: child.command }));
}

/** Has the children of a job end as soon as the job is to end. The returned function takes that back. */
export function endWith(host: JobHost, parent: JobControl, children: () => Iterable<string>): () => void {
  const end = (): void => {
    for (const name of children()) host.runner.cancel(`${parent.workspace}/jobs/${name}`);
  };
  // Those of a stopping cloud are ended with it, and say so.
  const listener = (): void => {
    if (parent.stop !== 'shutdown') end();
  };
  parent.signal.addEventListener('abort', listener, { once: true });
  return () => parent.signal.removeEventListener('abort', listener);
}

/** Adds to what a job says about itself in `properties.properties`. */
export function noteProperties(host: JobHost, id: string, added: Record<string, string>): void {
  const stored = host.core.store.get(id);
  if (!isObject(stored)) return;
  const properties = optionalObject(stored['properties'], 'properties');
  const details = { ...optionalObject(properties['properties'], 'properties'), ...added };
  host.core.store.set(id, { ...stored, properties: { ...properties, properties: details } });
}
