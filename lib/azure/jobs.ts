import type { Agent } from '../agent/agent';
import type { CommandJob, ResolvedJob } from '../assets/command-job';
import { uploadedUri } from '../assets/job-io';
import type { Azure } from './azure';
import { uploadCode } from './codes';
import { ensureEnvironment } from './environments';
import { at, isRecord, stringMap, text, textAt } from './json';
import { uploadData } from './local-data';
import { resolveReference } from './versions';
import { mlApiVersion } from './workspace';

/** First stable api-version that knows `assetName` of a job's output. */
const outputAssetApiVersion = '2025-12-01';

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
export async function putJob(azure: Azure, name: string, body: { properties: Record<string, unknown> }): Promise<Job> {
  const version = registersOutputs(body) ? outputAssetApiVersion : mlApiVersion;
  const answer = await azure.arm.put(jobId(azure, name), version, body);
  return readJob(answer.body, name);
}

/** Jobs_Cancel: 200 or 202, also for a job that ended already. */
export async function cancelJob(azure: Azure, name: string): Promise<void> {
  await azure.arm.post(`${jobId(azure, name)}/cancel`, mlApiVersion);
}

/**
 * Brings everything a job refers to into the workspace: code, environment, local data; `@latest` becomes a version.
 * What is there already (by content hash) is used again.
 */
export async function resolveJob(azure: Azure, agent: Agent, job: CommandJob): Promise<ResolvedJob> {
  const codeId =
    job.code &&
    (job.code.kind === 'local'
      ? await uploadCode(azure, agent, job.code.path)
      : await resolveReference(azure, job.code.reference, 'codes'));
  const environmentId = await ensureEnvironment(azure, agent, job.environment);
  const uris: Record<string, string> = {};
  for (const [name, input] of Object.entries(job.inputs)) {
    if (input.kind === 'asset') uris[name] = await resolveReference(azure, input.reference, input.assetKind);
    if (input.kind === 'local') {
      const { uri } = await uploadData(azure, agent, input.path, `input ${name}`);
      uris[name] = uploadedUri(uri, input.type);
    }
  }
  return { codeId, environmentId, uris };
}

function registersOutputs(body: { properties: Record<string, unknown> }): boolean {
  const outputs = body.properties['outputs'];
  return isRecord(outputs) && Object.values(outputs).some((output) => textAt(output, 'assetName') !== undefined);
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
