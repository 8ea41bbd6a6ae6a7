import type { Command } from './command';
import { DevOpsClient, userNamed, type Approval, type User } from './devops-client';
import { Failure } from './errors';
import { boundComment, evidenceLines, evidenceOf } from './evidence';
import { stateFolder } from './paths';
import { findRunning, type Running } from './running';

export const approve = decision('approve', 'approved', 'Approve a stage that waits');
export const reject = decision('reject', 'rejected', 'Reject a stage that waits');

function decision(name: string, verdict: 'approved' | 'rejected', summary: string): Command {
  return {
    name,
    summary,
    usage: '[RUN | APPROVAL]',
    positionals: 1,
    options: {
      as: { type: 'string' },
      comment: { type: 'string' },
      state: { type: 'string' },
      json: { type: 'boolean' },
    },
    help: {
      'as USER': 'who decides (default: the first user who may)',
      'comment TEXT': `why${verdict === 'approved' ? '; the digest of the evidence is added to it' : ''}`,
      'state DIR': 'folder of the state (default: .mlops)',
      json: 'print the decided approval as JSON',
    },
    async run(args, output) {
      const running = findRunning(stateFolder(args.value('state')));
      if (!running) throw new Failure('Nothing is running here, so nothing waits for a decision.');
      const as = args.value('as');
      const person = as === undefined ? undefined : userNamed(running.devops, as);
      const { approval, user } = await choose(running, args.positionals[0], person);
      const client = new DevOpsClient(running.devops, user);
      const evidence =
        verdict === 'approved' ? await evidenceOf(client, approval.pipeline.owner.id, approval) : undefined;
      const typed = args.value('comment') ?? '';
      const decided = await client.decide(approval.id, verdict, evidence ? boundComment(typed, evidence) : typed);
      if (output.json)
        output.document({
          id: decided.id,
          status: decided.status,
          by: user.displayName,
          run: decided.pipeline.owner.name,
          evidence: evidence ?? null,
        });
      const rest = decided.status === 'pending' ? ' More approvers are needed.' : '';
      output.line(
        `${user.displayName} ${verdict} run ${decided.pipeline.owner.name} of ${decided.pipeline.name}.${rest}`,
      );
      for (const line of evidence ? evidenceLines(evidence) : []) output.line(line);
      return 0;
    },
  };
}

/** The approval that is meant, and who decides it. Without a name there must be exactly one that waits. */
async function choose(
  running: Running,
  wanted: string | undefined,
  person: User | undefined,
): Promise<{ approval: Approval; user: User }> {
  const reader = person ?? running.devops.users[0];
  if (!reader) throw new Failure('Azure DevOps has no users.');
  const pending = await new DevOpsClient(running.devops, reader).approvals('state=pending');
  const meant = pending.filter(
    ({ id, pipeline: { owner } }) =>
      wanted === undefined || [id.toLowerCase(), owner.name, String(owner.id)].includes(wanted.toLowerCase()),
  );
  const [approval] = meant;
  if (!approval) {
    const waiting = pending.map((one) => one.pipeline.owner.name).join(', ');
    throw new Failure(
      wanted === undefined || waiting === ''
        ? 'No approval is waiting.'
        : `No approval of '${wanted}' is waiting. Waiting are those of run ${waiting}.`,
    );
  }
  if (meant.length > 1)
    throw new Failure(`Several approvals wait; say which one: ${meant.map((one) => one.id).join(', ')}.`);
  return { approval, user: person ?? (await firstWhoMay(running, approval)) };
}

export async function firstWhoMay(running: Running, approval: Approval): Promise<User> {
  for (const user of running.devops.users) {
    const [seen] = await new DevOpsClient(running.devops, user).approvals(`approvalIds=${approval.id}`);
    if (/\bupdate\b/.test(seen?.permissions ?? '')) return user;
  }
  const who = approval.steps.map((step) => step.assignedApprover.displayName).join(', ');
  throw new Failure(`No user may decide approval ${approval.id}; its approvers are ${who}.`);
}
