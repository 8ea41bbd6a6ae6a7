import type { Agent, Outcome } from '../../lib/agent/agent';
import { TaskError } from '../../lib/agent/errors';
import { inFile } from '../../lib/assets/place';
import { carryOut, planResource, type Step } from '../../lib/assets/reconcile/plan';
import type { Remote } from '../../lib/assets/remote';
import { Rehearsal } from '../../lib/assets/reconcile/rehearsal';
import { planJson, showPlan, tally, type Tally } from '../../lib/assets/reconcile/report';
import { secretValues, textsIn } from '../../lib/assets/reconcile/rules';
import { workThrough } from '../../lib/assets/reconcile/work';
import { Problems, problemsOf } from '../../lib/assets/shape/gather';
import { resourceOf, settleResource, type Translation } from '../../lib/assets/translate';
import type { Subscription } from '../../lib/azure/open';
import { acceptedText, azureRemote } from '../../lib/azure/remote';
import { mlApiVersion } from '../../lib/azure/workspace';
import type { Inputs } from './inputs';
import { readFiles, type Wanted } from './read';
import { carryOutWorkspace, planWorkspace, type WorkspacePlan } from './workspace';

export interface Collaborators {
  agent: Agent;
  subscription: Subscription;
}

/**
 * Makes a workspace and what belongs into it as the files say: a plan first, then what differs.
 *
 * @throws TaskError for what files or inputs say wrongly, and when Azure refuses: then with what was done until there
 */
export async function provision(inputs: Inputs, collaborators: Collaborators): Promise<Outcome> {
  const { agent, subscription } = collaborators;
  const wanted = await readFiles(inputs, subscription.workspaceId);
  agent.progress(5, 'comparing with what is there');
  const workspace = await planWorkspace(wanted.workspace, subscription);
  const steps = await planAll(wanted.resources, workspace, collaborators);
  const all = workspace.step ? [workspace.step, ...steps] : steps;
  const table = showPlan(agent, all);
  const title = inputs.planOnly ? '### Plan for the workspace (nothing was changed)' : '### Workspace';
  agent.summary('workspace', [title, '', table, ''].join('\n'));
  const counts = tally(all);
  publish(agent, counts, all, subscription.workspaceId);
  const { created, updated, unchanged } = counts;
  if (inputs.planOnly) {
    return {
      result: 'succeeded',
      message: `Plan: ${created} to create, ${updated} to update, ${unchanged} unchanged.`,
    };
  }
  await apply(all, wanted, workspace, inputs.timeoutMinutes * 60_000, collaborators);
  agent.progress(100, 'done');
  return { result: 'succeeded', message: `${created} created, ${updated} updated, ${unchanged} unchanged.` };
}

function publish(agent: Agent, counts: Tally, steps: readonly Step[], workspaceId: string): void {
  agent.output('workspaceId', workspaceId);
  agent.output('created', String(counts.created));
  agent.output('updated', String(counts.updated));
  agent.output('unchanged', String(counts.unchanged));
  agent.output('plan', planJson(steps));
}

/** The workspace comes first: the others are sent to it. */
async function apply(
  steps: readonly Step[],
  wanted: Wanted,
  workspace: WorkspacePlan,
  timeoutMs: number,
  { agent, subscription }: Collaborators,
): Promise<void> {
  let found = workspace.found;
  let remote: Remote | undefined;
  const accepted: string[] = [];
  await workThrough(
    agent,
    steps,
    async (step) => {
      if (step === workspace.step) {
        found = await carryOutWorkspace(workspace, wanted.workspace, subscription, timeoutMs, () =>
          accepted.push(acceptedText(step.what)),
        );
      } else {
        remote ??= azureRemote(subscription.enter(found), agent, timeoutMs);
        await carryOut(step, remote);
      }
    },
    () => [...accepted, ...(remote?.made ?? [])],
  );
}

async function planAll(
  resources: readonly Translation[],
  { found, location }: WorkspacePlan,
  { agent, subscription: { arm, workspaceId } }: Collaborators,
): Promise<Step[]> {
  const look = (path: string, version = mlApiVersion): Promise<unknown> => arm.getIfExists(path, version);
  const rehearsal = new Rehearsal(workspaceId, location, look, found === undefined);
  const steps: Step[] = [];
  const problems: TaskError[] = [];
  const seen = new Map<string, Translation>();
  for (const translation of resources) {
    try {
      await mask(agent, translation, rehearsal);
      const resource = resourceOf(translation, '');
      const step = await planResource(translation.kind.name, resource, rehearsal, translation.scope);
      refuseTwice(seen, step, translation);
      steps.push(step);
    } catch (error) {
      if (!(error instanceof TaskError)) throw error;
      problems.push(...problemsOf(error).map((problem) => inFile(translation.scope, problem)));
    }
  }
  const [first, ...rest] = problems;
  if (first) throw rest.length > 0 ? new Problems(problems) : first;
  return steps;
}

/** Secrets of the files are masked before anything of them is compared or sent. */
async function mask(agent: Agent, translation: Translation, rehearsal: Rehearsal): Promise<void> {
  if (!['compute', 'connection', 'datastore'].includes(translation.kind.name)) return;
  const { path, body } = await settleResource(resourceOf(translation, ''), rehearsal);
  for (const text of textsIn(secretValues(path, body))) if (text.length >= 8) agent.secret(text);
}

function refuseTwice(seen: Map<string, Translation>, { path, what }: Step, translation: Translation): void {
  const key = path.toLowerCase();
  const other = seen.get(key);
  seen.set(key, translation);
  if (other) throw translation.reader.error(`${what} is described by ${other.reader.where} too`, 'Keep one of them.');
}
