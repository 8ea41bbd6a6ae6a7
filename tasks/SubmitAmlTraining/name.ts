import type { PipelineRun } from '../../lib/agent/pipeline-run';
import type { CommandJob, ResolvedJob } from '../../lib/assets/command-job';
import { canonicalJson } from '../../lib/evidence/canonical';
import { sha256Hex } from '../../lib/agent/hash';

/**
 * The key of a step's job: a hash over the run, the step, and what the job is made of. A stage that runs again finds the
 * job of its first attempt by it. Neither the attempt nor anything of the agent's machine belongs to it.
 *
 * @returns 64 hexadecimal digits
 */
export function jobKey(run: PipelineRun, job: CommandJob, resolved: ResolvedJob): string {
  const { organization, project, pipelineId, runId, stage, job: pipelineJob, step } = run;
  const parts = {
    run: [organization, project, pipelineId, runId, stage, pipelineJob, step],
    job: substance(job, resolved),
  };
  return sha256Hex(canonicalJson(parts));
}

/** Name of the Azure ML job of an attempt: `mlops-{20 digits}`, from the second attempt on `mlops-{20 digits}-2`. */
export function jobName(key: string, attempt: number): string {
  const name = `mlops-${key.slice(0, 20)}`;
  return attempt === 1 ? name : `${name}-${attempt}`;
}

/**
 * What the job is, independent of folders: local things by their content (the ids of what they became), references as
 * they are written, so that a newer version behind `@latest` does not make it another job.
 */
function substance(job: CommandJob, resolved: ResolvedJob): unknown {
  const { code, environment, inputs, ...rest } = job;
  return {
    ...rest,
    code: code?.kind === 'reference' ? code.reference : resolved.codeId,
    environment: environment.kind === 'reference' ? environment.reference : resolved.environmentId,
    inputs: Object.fromEntries(
      Object.entries(inputs).map(([name, input]) => [
        name,
        input.kind === 'local' ? { ...input, path: resolved.uris[name] } : input,
      ]),
    ),
  };
}
