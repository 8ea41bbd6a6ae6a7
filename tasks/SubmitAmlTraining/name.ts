import { sha256Hex } from '../../lib/agent/hash';
import type { PipelineRun } from '../../lib/agent/pipeline-run';
import { canonicalJson } from '../../lib/evidence/canonical';
import type { PreparedJob } from './job';

/**
 * The key of a step's job: a hash over the run, the step, and what the job is made of. A stage that runs again finds the
 * job of its first attempt by it. Neither the attempt nor anything of the agent's machine belongs to it.
 *
 * @returns 64 hexadecimal digits
 */
export function jobKey(run: PipelineRun, { substance }: PreparedJob): string {
  const { organization, project, pipelineId, runId, stage, job: pipelineJob, step } = run;
  const parts = {
    run: [organization, project, pipelineId, runId, stage, pipelineJob, step],
    // Through JSON: what has no member in the request is no part of the job.
    job: JSON.parse(JSON.stringify(substance)) as unknown,
  };
  return sha256Hex(canonicalJson(parts));
}

/** Name of the Azure ML job of an attempt: `mlops-{20 digits}`, from the second attempt on `mlops-{20 digits}-2`. */
export function jobName(key: string, attempt: number): string {
  const name = `mlops-${key.slice(0, 20)}`;
  return attempt === 1 ? name : `${name}-${attempt}`;
}
