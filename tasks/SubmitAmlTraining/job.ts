import { TaskError } from '../../lib/agent/errors';
import { isRecord, textAt } from '../../lib/agent/json';
import { jobKinds } from '../../lib/assets/kinds/jobs';
import { settle } from '../../lib/assets/later';
import type { Remote } from '../../lib/assets/remote';
import { readTranslation, resourceOf, settleResource, type Translation } from '../../lib/assets/translate';

/** A job file that is checked; nothing of it is in the workspace yet. */
export interface JobFile extends Translation {
  /** The name in the file; the step's own name is used instead. */
  ownName?: string;
}

/** A job whose code, data, environments and components are in the workspace. */
export interface PreparedJob {
  /** `Command`, `Pipeline`, `Sweep`, … */
  jobType: string;
  /** Members of the request. */
  properties: Record<string, unknown>;
  apiVersion?: string;
  /** What the job is made of: references as the file has them, local things by their content. For its key. */
  substance: unknown;
}

/**
 * Reads a job file of any type.
 *
 * @param root folder that the files it names must lie in
 * @throws TaskError with `file:line:column`
 */
export async function readJobFile(
  file: string,
  workspaceId: string,
  set: readonly string[],
  root?: string,
): Promise<JobFile> {
  const translation = await readTranslation(file, workspaceId, { kinds: jobKinds, set, root });
  return { ...translation, ownName: textAt(translation.values, 'name') };
}

/** Brings everything that the job needs into the workspace; what is there already is used again. */
export async function prepareJob(file: JobFile, remote: Remote): Promise<PreparedJob> {
  const resource = resourceOf(file, '');
  const { body, apiVersion } = await settleResource(resource, remote);
  const properties = isRecord(body) && isRecord(body['properties']) ? body['properties'] : {};
  return {
    jobType: textAt(properties, 'jobType') ?? 'Command',
    properties,
    apiVersion,
    substance: await settle(resource, remote, true),
  };
}

/** A managed identity is no user: the service would refuse, after everything was uploaded. */
export function refuseUserIdentity({ values }: JobFile, file: string): void {
  if (textAt(values, 'identity', 'identityType') !== 'UserIdentity') return;
  throw new TaskError(
    `${file}: the job asks for identity type user_identity, but a pipeline runs as an application and has no user whose rights the job could use.`,
    'Write identity: {type: managed} (the identity of the compute) or leave identity out.',
  );
}
