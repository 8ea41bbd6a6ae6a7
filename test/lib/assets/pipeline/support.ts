import path from 'node:path';
import { at, isRecord } from '../../../../lib/agent/json';
import { plan } from '../../../../lib/assets/plan';
import { folderOf } from '../component/support';

export const workspaceId =
  '/subscriptions/0/resourceGroups/group/providers/Microsoft.MachineLearningServices/workspaces/workspace';

/** A file that pipelines here run: everything about it is declared. */
export const step = `type: command
name: step
inputs:
  data: {type: uri_folder}
  rate: {type: number, default: 0.5}
  rounds: {type: integer, optional: true}
outputs:
  result: {type: mlflow_model}
  table: {type: uri_file}
command: echo \${{inputs.data}}
environment: azureml:own:1
resources: {instance_count: 2}
distribution: {type: pytorch, process_count_per_instance: 4}
`;

const head = 'type: pipeline\nexperiment_name: x\n';

/** The calls for a pipeline job, and what it consists of. `files` lie beside it. */
export async function planned(job: string, files: Record<string, string> = {}) {
  const folder = folderOf({ 'job.yml': `${head}${job}`, 'step.yml': step, 'code/run.py': '', ...files });
  const { calls } = await plan(path.join(folder, 'job.yml'), { id: workspaceId, location: 'westeurope' }, []);
  const bodies = calls.flatMap((call) => ('body' in call ? [{ path: call.path, body: call.body }] : []));
  const specs = bodies.map(({ body }) => at(body, 'properties', 'componentSpec')).filter(isRecord);
  return { bodies, specs, job: at(bodies.at(-1)?.body, 'properties') };
}

/** A node of a pipeline job as it goes out. */
export async function nodeOf(job: string, name: string, files?: Record<string, string>): Promise<unknown> {
  return at((await planned(job, files)).job, 'jobs', name);
}

/** Why a pipeline job is refused: `line:column: problem`. */
export async function refusal(job: string, files?: Record<string, string>): Promise<string> {
  try {
    await planned(job, files);
  } catch (error) {
    return error instanceof Error ? error.message.replaceAll(/\S*\/([^/]+\.yml)/g, '$1') : String(error);
  }
  throw new Error('it was accepted');
}
