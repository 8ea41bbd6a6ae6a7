import type { Agent, Outcome } from '../../lib/agent/agent';
import { at, isRecord, textAt } from '../../lib/agent/json';
import { Later, settle } from '../../lib/assets/later';
import { carryOut, type Step } from '../../lib/assets/reconcile/plan';
import type { Remote } from '../../lib/assets/remote';
import { Rehearsal } from '../../lib/assets/reconcile/rehearsal';
import { showPlan, tally } from '../../lib/assets/reconcile/report';
import { workThrough } from '../../lib/assets/reconcile/work';
import type { Azure } from '../../lib/azure/azure';
import { azureRemote } from '../../lib/azure/remote';
import { mlApiVersion } from '../../lib/azure/workspace';
import { checkBudget, nodeHours, round, spendingOf, UnknownHours, type Spending } from './budget';
import { alertText, callOf, printCall } from './call';
import { checkComputesExist } from './computes';
import type { Inputs } from './inputs';
import { readPipeline, type Pipeline } from './pipeline';
import { planPublication, type Publication } from './plan';
import { readSchedule, type Schedule } from './schedule';

export interface Collaborators {
  agent: Agent;
  azure: Azure;
  /** Milliseconds since 1970. */
  now: number;
}

/**
 * Publishes a pipeline for retraining, unless its yearly budget would not hold. Nothing is made before all of it is checked.
 *
 * @throws TaskError for what files or inputs say wrongly, and when the budget would not hold
 */
export async function publishPipeline(inputs: Inputs, { agent, azure, now }: Collaborators): Promise<Outcome> {
  const { id, location } = azure.workspace;
  const rehearsal = new Rehearsal(id, location, (path, version = mlApiVersion) => azure.arm.getIfExists(path, version));
  const pipeline = await readPipeline(inputs, id);
  const schedule = await readSchedule(inputs, rehearsal);
  await checkComputesExist(pipeline.computes, rehearsal);
  const publication = await planPublication(inputs, pipeline, schedule, rehearsal);
  const spending = await spend(inputs, publication, schedule, rehearsal, now);
  agent.print(spending.text);
  checkBudget(spending, inputs.yearlyBudgetHours);
  if (schedule) agent.print(`Trigger: ${schedule.trigger.text}; next ${nextTimes(schedule, now)}.`);
  if (!schedule || schedule.monitor) warnOfLost(agent, pipeline);
  const table = showPlan(agent, publication.steps);

  const remote = azureRemote(azure, agent, inputs.timeoutMinutes * 60_000);
  const runInputs = await apply(publication.steps, pipeline, remote, agent);
  const summary = ['### Training pipeline', '', table, '', spending.text, ''];
  const url = await invokeUrl(inputs, azure);
  if (inputs.endpoint && url !== undefined) {
    const { deployment, makeDefault } = inputs.endpoint;
    const outputs = await settle(pipeline.job['outputs'], remote);
    const call = callOf(url, inputsOf(publication), runInputs, outputs, makeDefault ? undefined : deployment);
    summary.push(printCall(agent, call, azure.cloud.resources.machineLearning), '');
  } else if (schedule) {
    const text = `The schedule ${publication.scheduleName ?? ''} starts the pipeline; by hand: POST ${azure.cloud.arm}${id}/schedules/${publication.scheduleName ?? ''}/trigger`;
    agent.print(text);
    summary.push(text, '');
  }
  if (schedule?.monitor) {
    const lines = alertText(id, publication.scheduleName ?? '');
    agent.print(lines.join('\n'));
    summary.push(lines.join(' '), '');
  }
  agent.summary('training pipeline', summary.join('\n'));
  setOutputs(agent, inputs, publication, spending, url);
  const { created, updated, unchanged } = tally(publication.steps);
  return { result: 'succeeded', message: `${created} created, ${updated} updated, ${unchanged} unchanged.` };
}

async function spend(
  { maxRunMinutes, trigger, yearlyBudgetHours }: Inputs,
  { spec }: Publication,
  schedule: Schedule | undefined,
  rehearsal: Rehearsal,
  now: number,
): Promise<Spending> {
  const otherwise = maxRunMinutes === undefined ? undefined : maxRunMinutes / 60;
  const find = (component: string): Promise<unknown> => rehearsal.get(component);
  const nodes = await nodeHours(spec, find, {}, otherwise).catch((error: unknown) => {
    if (error instanceof UnknownHours && yearlyBudgetHours === undefined) return error;
    throw error;
  });
  const starts = { none: undefined, calendar: 'The calendar', drift: 'Drift, looked for by the calendar,' }[trigger];
  return spendingOf(nodes, schedule?.trigger.firesPerYear(now) ?? 0, starts);
}

/** A deployment runs the component; what only a job has goes to a schedule that starts one. */
function warnOfLost(agent: Agent, { jobOnly }: Pipeline): void {
  if (jobOnly.length === 0) return;
  agent.warn(
    `No schedule runs the job of the file, and a call of the endpoint does not take all of it. Left out: ${jobOnly.join(', ')}.`,
  );
}

function nextTimes({ trigger }: Schedule, now: number): string {
  const times = trigger
    .next(now, 3)
    .map((time) => `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')} UTC`);
  return times.length > 0 ? times.join(', ') : 'never within a year';
}

/**
 * Uploads the data of the inputs, then carries out the plan.
 *
 * @returns the values that the file gives the inputs of a run
 */
async function apply(
  steps: readonly Step[],
  pipeline: Pipeline,
  remote: Remote,
  agent: Agent,
): Promise<Record<string, unknown>> {
  const data = {
    ...dataStep,
    path: `${remote.workspaceId}/datastores`,
    resource: { path: '', body: {} },
    scope: pipeline.scope,
  };
  await workThrough(
    agent,
    hasLater(pipeline.inputs) ? [data, ...steps] : steps,
    async (step) => {
      await (step === data ? settle(pipeline.inputs, remote) : carryOut(step, remote));
    },
    () => remote.made ?? [],
  );
  const inputs = await settle(pipeline.inputs, remote);
  return isRecord(inputs) ? inputs : {};
}

/** No resource of the plan, but work that takes its time: it can be cancelled, and is named when it fails. */
const dataStep = { what: 'data of the inputs', action: 'update', changes: [] } as const;

function hasLater(value: unknown): boolean {
  return value instanceof Later || (isRecord(value) && Object.values(value).some(hasLater));
}

function inputsOf({ spec }: Publication): unknown {
  return at(spec, 'inputs');
}

/** The address that the endpoint is started at. */
async function invokeUrl({ endpoint }: Inputs, { arm, workspace }: Azure): Promise<string | undefined> {
  if (!endpoint) return undefined;
  const found = await arm.get(`${workspace.id}/batchEndpoints/${endpoint.name}`, mlApiVersion);
  return textAt(found, 'properties', 'scoringUri');
}

function setOutputs(
  agent: Agent,
  { endpoint }: Inputs,
  { componentId, scheduleName = '' }: Publication,
  { runsPerYear, hoursPerYear }: Spending,
  url: string | undefined,
): void {
  agent.output('componentId', componentId);
  agent.output('endpointName', endpoint?.name ?? '');
  agent.output('deploymentName', endpoint?.deployment ?? '');
  agent.output('scheduleName', scheduleName);
  agent.output('invokeUrl', url ?? '');
  agent.output('runsPerYear', String(runsPerYear));
  agent.output('hoursPerYear', hoursPerYear === undefined ? '' : round(hoursPerYear));
}
