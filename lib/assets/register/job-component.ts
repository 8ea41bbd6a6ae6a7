import { textAt } from '../../agent/json';
import type { Remote } from '../remote';

/**
 * Registers the component that a finished pipeline job is made into, and returns its ARM id. Name and version are those of the
 * Python SDK.
 *
 * Operation: ComponentVersions_CreateOrUpdate.
 *
 * @param job name of the job, or its ARM id
 */
export async function componentOfJob(remote: Remote, job: string): Promise<string> {
  const path = `${remote.workspaceId}/components/azureml_anonymous/versions/1`;
  const componentSpec = {
    _source: 'CLASS',
    name: 'azureml_anonymous',
    version: '1',
    type: 'pipeline',
    jobs: {},
    sourceJobId: job,
    source_job_id: job,
  };
  const body = { properties: { componentSpec, isAnonymous: true, properties: {}, tags: {} } };
  return remote.once(`component of job ${job}`, async () => textAt(await remote.put(path, body), 'id') ?? path);
}
