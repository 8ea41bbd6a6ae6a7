import type { Azure } from './azure';
import { at, isRecord, stringMap, text, textAt } from '../agent/json';
import { mlApiVersion } from './workspace';

/** Statuses of Jobs_Get (JobStatus, 2024-10-01). */
export type JobStatus =
  | 'NotStarted' | 'Starting' | 'Provisioning' | 'Preparing' | 'Queued' | 'Running' | 'Finalizing' | 'CancelRequested'
  | 'Completed' | 'Failed' | 'Canceled' | 'NotResponding' | 'Paused' | 'Unknown'; // prettier-ignore

/** A job as its GET describes it. */
export interface Job {
  name: string;
  /** As the service spells it; normally a `JobStatus`. */
  status: string;
  experimentName?: string;
  displayName?: string;
  studioUrl?: string;
  /** ARM id of the environment that a command job runs in. */
  environmentId?: string;
  tags: Record<string, string>;
  properties: Record<string, string>;
  /** Where each output lies: `azureml://datastores/…`. */
  outputs: Record<string, string>;
}

export function jobId(azure: Azure, name: string): string {
  return `${azure.workspace.id}/jobs/${name}`;
}

/** Jobs_Get; `undefined` when there is no such job. */
export async function getJob(azure: Azure, name: string): Promise<Job | undefined> {
  const found = await azure.arm.getIfExists(jobId(azure, name), mlApiVersion);
  return found === undefined ? undefined : readJob(found, name);
}

/**
 * Jobs_CreateOrUpdate. For a name that exists the service answers 200 with the old job, unchanged: whoever wants a new run
 * needs a new name.
 */
export async function putJob(azure: Azure, name: string, body: unknown, apiVersion = mlApiVersion): Promise<Job> {
  const answer = await azure.arm.put(jobId(azure, name), apiVersion, body);
  return readJob(answer.body, name);
}

/** Jobs_Cancel: 200 or 202, also for a job that ended already. */
export async function cancelJob(azure: Azure, name: string): Promise<void> {
  await azure.arm.post(`${jobId(azure, name)}/cancel`, mlApiVersion);
}

function readJob(resource: unknown, name: string): Job {
  const properties = at(resource, 'properties');
  const outputs = at(properties, 'outputs');
  return {
    name: textAt(resource, 'name') ?? name,
    status: textAt(properties, 'status') ?? 'Unknown',
    experimentName: textAt(properties, 'experimentName'),
    displayName: textAt(properties, 'displayName'),
    studioUrl: textAt(properties, 'services', 'Studio', 'endpoint'),
    environmentId: textAt(properties, 'environmentId'),
    tags: stringMap(at(properties, 'tags')),
    properties: stringMap(at(properties, 'properties')),
    outputs: stringMap(
      isRecord(outputs)
        ? Object.fromEntries(Object.entries(outputs).map(([key, output]) => [key, text(at(output, 'uri'))]))
        : {},
    ),
  };
}
