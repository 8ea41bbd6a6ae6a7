import type { Agent } from '../../lib/agent/agent';
import { CancelledError, TaskError, errorText } from '../../lib/agent/errors';
import { sha256Hex } from '../../lib/agent/hash';
import { isRun, isRunId } from '../../lib/agent/pipeline-run';
import type { TimelineRecord } from '../../lib/agent/run-answers';
import { openRunService, RunServiceError, type RunService } from '../../lib/agent/run-service';
import type { DeploymentApproval, EvidenceKind } from '../../lib/evidence/types';
import { aboutOf, type Intended } from './about';
import { approvalIds, ForeignRun, judgeGate, ownStage, unapproved, type Gate, type RunEvidence } from './gate';
import type { ApprovalPolicy } from './inputs';

/** A type of attachment counts as evidence when it is one of these. */
const kinds = Object.keys({
  'mlops.data-sanity.v1': true,
  'mlops.training.v1': true,
  'mlops.evaluation.v1': true,
  'mlops.model-version.v1': true,
  'mlops.package.v1': true,
  'mlops.deployment.v1': true,
  'mlops.smoke.v1': true,
} satisfies Record<EvidenceKind, true>);

/**
 * Re-reads the approvals of this stage and the evidence they were given on, before anything is changed in Azure.
 *
 * @param intended what the step deploys if it may
 * @returns the approval that let the stage in, where it needs one
 * @throws TaskError when the stage must not deploy, or that cannot be told and the policy does not allow it
 */
export async function checkApproval(
  agent: Agent,
  policy: ApprovalPolicy,
  intended: Intended,
  open: (agent: Agent) => RunService = openRunService,
): Promise<DeploymentApproval | undefined> {
  const stage = agent.variable('System.StageName');
  if (stage === undefined || !isRun(agent)) {
    if (policy === 'required') throw unapproved(stage ?? '(none)');
    return undefined;
  }
  const gate = await readable(agent, policy, stage, () => readGate(agent, stage, open));
  if (gate === undefined) return undefined;
  const { approval, notes } = judgeGate(gate, policy, intended);
  for (const note of notes) agent.print(note);
  return approval;
}

async function readable(
  agent: Agent,
  policy: ApprovalPolicy,
  stage: string,
  read: () => Promise<Gate>,
): Promise<Gate | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof CancelledError) throw error;
    if (error instanceof ForeignRun) {
      const said = `Whether and by whom stage ${stage} was approved cannot be told: ${error.message}\nNothing was changed in Azure.`;
      throw new TaskError(said, error.advice, { cause: error });
    }
    const said = `Whether and by whom stage ${stage} was approved cannot be read: ${errorText(error)}`;
    if (policy === 'unbound') {
      agent.warn(`${said}\nThe approvalPolicy unbound lets it pass.`);
      return undefined;
    }
    throw new TaskError(
      `${said}\nNothing was changed in Azure.`,
      `Give the build service of project ${agent.variable('System.TeamProject') ?? ''} the permission "View builds" on this pipeline, or set approvalPolicy to unbound to deploy without this check.`,
      { cause: error },
    );
  }
}

async function readGate(agent: Agent, name: string, open: (agent: Agent) => RunService): Promise<Gate> {
  const id = agent.variable('Build.BuildId') ?? '';
  if (!isRunId(id)) throw new ForeignRun(`Build.BuildId is "${id}", which is no run.`);
  const service = open(agent);
  const attempt = Number(agent.variable('System.StageAttempt') ?? Number.NaN);
  const [records] = await Promise.all([service.timeline(), refuseForeignRun(agent, service)]).catch(unlessGone(id));
  const stage = ownStage(records, {
    stage: name,
    attempt: Number.isInteger(attempt) ? attempt : undefined,
    jobId: agent.variable('System.JobId'),
  });
  const ids = approvalIds(records, stage);
  const common = { runId: service.runId, stage, records };
  if (ids.length === 0) return { ...common, approvals: [], requesters: [], evidence: [] };
  const [approvals, requesters, evidence] = await Promise.all([
    service.approvals(ids),
    service.requesters(),
    readEvidence(service, records),
  ]);
  const missing = ids.filter((id) => !approvals.some((approval) => approval.id === id));
  if (missing.length > 0) throw new TaskError(`Azure DevOps does not show approval ${missing.join(', ')}.`);
  return { ...common, approvals: approvals.filter(({ id }) => ids.includes(id)), requesters, evidence };
}

/**
 * The id of a job comes from the names of its stage and its own: it is the same in every run, also of another pipeline. Only the
 * plan is this run's alone, and no step can change the variable that names it.
 */
async function refuseForeignRun(agent: Agent, service: RunService): Promise<void> {
  const plan = agent.variable('System.PlanId')?.toLowerCase();
  if (plan === undefined || (await service.plans()).includes(plan)) return;
  throw new ForeignRun(`Run ${service.runId}, which Build.BuildId names, is not the one that this job works in.`);
}

/** The job's own run is there as long as the job works: what is not there, or not for this token to see, is another. */
function unlessGone(id: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof RunServiceError) || error.status !== 404) throw error;
    throw new ForeignRun(
      `Run ${id}, which Build.BuildId names, cannot be seen with the token of this job: ${error.message} Its build service needs the permission "View builds" on this pipeline.`,
    );
  };
}

/** The records of the current timeline's steps, with digest and content of the bytes that are there now. */
async function readEvidence(service: RunService, records: readonly TimelineRecord[]): Promise<RunEvidence[]> {
  const current = new Set(records.map(({ id }) => id));
  const lists = await Promise.all(kinds.map((kind) => service.attachments(kind)));
  const attachments = lists.flat().filter(({ recordId }) => current.has(recordId));
  return Promise.all(
    attachments.map(async (attachment) => {
      const { type, name, recordId } = attachment;
      const bytes = await service.content(attachment);
      return { kind: type, name, recordId, sha256: sha256Hex(bytes), about: aboutOf(type, bytes) };
    }),
  );
}
