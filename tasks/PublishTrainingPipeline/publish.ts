import type { Agent, Outcome } from '../../lib/agent/agent';
import { at, isRecord, textAt } from '../../lib/agent/json';
import { settle } from '../../lib/assets/later';
import { carryOut, type Step } from '../../lib/assets/reconcile/plan';
import type { Remote } from '../../lib/assets/remote';
import { Rehearsal } from '../../lib/assets/reconcile/rehearsal';
import { showPlan, tally } from '../../lib/assets/reconcile/report';
import { workThrough } from '../../lib/assets/reconcile/work';
import type { Azure } from '../../lib/azure/azure';
import { azureRemote } from '../../lib/azure/remote';
import { mlApiVersion } from '../../lib/azure/workspace';
import { checkBudget, nodeHours, round, spendingOf, type Spending } from './budget';
import { alertText, callOf, printCall } from './call';
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
  const publication = await planPublication(inputs, pipeline, schedule, rehearsal);
  const spending = await spend(inputs, publication, schedule, rehearsal, now);
  agent.print(spending.text);
  checkBudget(spending, inputs.yearlyBudgetHours);
  if (schedule) agent.print(`Trigger: ${schedule.trigger.text}; next ${nextTimes(schedule, now)}.`);
  const table = showPlan(agent, publication.steps);

  const remote = azureRemote(azure, agent, inputs.timeoutMinutes * 60_000);
  const runInputs = await apply(publication.steps, pipeline, remote, agent);
  const summary = ['### Training pipeline', '', table, '', spending.text, ''];
  const url = await invokeUrl(inputs, azure);
  if (inputs.endpoint && url !== undefined) {
    const { deployment, makeDefault } = inputs.endpoint;
    const call = callOf(url, inputsOf(publication), runInputs, makeDefault ? undefined : deployment);
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
  { maxRunMinutes, trigger }: Inputs,
  { spec }: Publication,
  schedule: Schedule | undefined,
  rehearsal: Rehearsal,
  now: number,
): Promise<Spending> {
  const otherwise = maxRunMinutes === undefined ? undefined : maxRunMinutes / 60;
  const nodes = await nodeHours(spec, (component) => rehearsal.get(component), {}, otherwise);
  const starts = { none: 'No trigger', calendar: 'The calendar', drift: 'Drift, looked for by the calendar,' }[trigger];
  return spendingOf(nodes, schedule?.trigger.firesPerYear(now) ?? 0, starts);
}

function nextTimes({ trigger }: Schedule, now: number): string {
  const times = trigger
    .next(now, 3)
    .map((time) => `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')} UTC`);
  return times.length > 0 ? times.join(', ') : 'never within a year';
}

/** @returns the values that the file gives the inputs of a run, their data uploaded */
async function apply(
  steps: readonly Step[],
  pipeline: Pipeline,
  remote: Remote,
  agent: Agent,
): Promise<Record<string, unknown>> {
  await workThrough(
    agent,
    steps,
    async (step) => {
      await carryOut(step, remote);
    },
    () => remote.made ?? [],
  );
  const inputs = await settle(pipeline.inputs, remote);
  return isRecord(inputs) ? inputs : {};
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
