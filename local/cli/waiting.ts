import { DevOpsClient, type Approval, type User } from './devops-client';
import { stateOption } from './paths';
import type { Running } from './running';

/** An approval that waits, and who may decide it now: nobody, when it waits for people who are not here. */
export interface Waiting {
  approval: Approval;
  deciders: User[];
}

/** What anybody sees, each once, with everybody who sees it: teams may be kept apart, and who runs the command line is all of them. */
export async function seenByAnybody<T extends { id: string | number }>(
  { devops }: Running,
  ask: (client: DevOpsClient) => Promise<T[]>,
  users: User[] = devops.users,
): Promise<{ one: T; by: { user: User; as: T }[] }[]> {
  const found = new Map<T['id'], { one: T; by: { user: User; as: T }[] }>();
  for (const user of users) {
    for (const as of await ask(new DevOpsClient(devops, user))) {
      const known = found.get(as.id) ?? { one: as, by: [] };
      known.by.push({ user, as });
      found.set(as.id, known);
    }
  }
  return [...found.values()];
}

/** The approvals that wait, as anybody sees them, or only these people. */
export async function waitingApprovals(running: Running, users?: User[]): Promise<Waiting[]> {
  const seen = await seenByAnybody(running, (client) => client.approvals('state=pending'), users);
  return seen.map(({ one, by }) => ({
    approval: one,
    deciders: by.filter(({ as }) => mayDecide(as)).map(({ user }) => user),
  }));
}

export interface Hint {
  /** Command that decides; `approve` when absent. */
  verb?: string;
  /** What `--state` was given. */
  state: string | undefined;
}

/** `mlops approve 12 --as ben`: the run's id, or the approval's where the run waits at several gates, and somebody who may. */
export function decideHint(
  { approval, deciders }: Waiting,
  all: Waiting[],
  { verb = 'approve', state }: Hint,
): string | undefined {
  const [decider] = deciders;
  if (!decider) return undefined;
  const run = approval.pipeline.owner.id;
  const gates = all.filter((one) => one.approval.pipeline.owner.id === run);
  return `mlops ${verb} ${gates.length > 1 ? approval.id : run} --as ${decider.shortName}${stateOption(state)}`;
}

/** What a person reads of an approval that waits: for whom, and what to type. */
export function waitingLine(waiting: Waiting, all: Waiting[], typed: Hint): string {
  const who = approversOf(waiting.approval).join(', ');
  const hint = decideHint(waiting, all, typed);
  return hint === undefined ? `waits for ${who}` : `waits for ${who}: ${hint}`;
}

/** The same for an approval that has just begun to wait. */
export async function waitingLineOf(running: Running, { id }: Approval, typed: Hint): Promise<string | undefined> {
  const all = await waitingApprovals(running);
  const waiting = all.find(({ approval }) => approval.id === id);
  return waiting && waitingLine(waiting, all, typed);
}

export function approversOf({ steps }: Approval): string[] {
  return steps.map((step) => step.assignedApprover.displayName);
}

/** Whether the service says to the person who asked that they may. */
function mayDecide({ permissions = '' }: Approval): boolean {
  return /\bupdate\b/.test(permissions);
}
