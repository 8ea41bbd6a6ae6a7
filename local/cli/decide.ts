import type { Command } from './command';
import { DevOpsClient, userNamed, type Approval, type User } from './devops-client';
import { Failure } from './errors';
import { boundComment, evidenceLines, evidenceOf } from './evidence';
import { stateFolder } from './paths';
import { findRunning, type Running } from './running';
import { approversOf, decideHint, waitingApprovals, type Hint, type Waiting } from './waiting';

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
      const { approval, user } = await choose(running, args.positionals[0], person, {
        verb: name,
        state: args.value('state'),
      });
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
  typed: Hint,
): Promise<{ approval: Approval; user: User }> {
  const all = await waitingApprovals(running, person && [person]);
  const meant = wanted === undefined ? all : named(all, wanted.toLowerCase());
  const [first] = meant;
  if (!first) throw new Failure(noneOf(all, wanted, person));
  if (meant.length > 1) {
    const hints = meant.map((one) => decideHint(one, all, typed) ?? one.approval.id);
    throw new Failure(`Several approvals wait; say which one: ${hints.join(', ')}.`);
  }
  return { approval: first.approval, user: person ?? whoMay(first) };
}

/** By the id of the approval or of its run; numbers of runs come last, because those of two pipelines may be the same. */
function named(all: Waiting[], wanted: string): Waiting[] {
  const by = (key: (approval: Approval) => string): Waiting[] =>
    all.filter(({ approval }) => key(approval).toLowerCase() === wanted);
  const ways = [
    by(({ id }) => id),
    by(({ pipeline }) => String(pipeline.owner.id)),
    by(({ pipeline }) => pipeline.owner.name),
  ];
  return ways.find((found) => found.length > 0) ?? [];
}

function noneOf(all: Waiting[], wanted: string | undefined, person: User | undefined): string {
  const where = person ? ` where ${person.displayName} sees it` : '';
  if (wanted === undefined || all.length === 0) return `No approval is waiting${where}.`;
  const runs = new Set(all.map(({ approval: { pipeline } }) => `${pipeline.owner.id} (${pipeline.owner.name})`));
  return `No approval of '${wanted}' is waiting${where}. Waiting are those of run ${[...runs].join(', ')}.`;
}

/** The first user who may decide. */
export function whoMay({ approval, deciders: [first] }: Waiting): User {
  if (first) return first;
  throw new Failure(
    `No user may decide approval ${approval.id}; its approvers are ${approversOf(approval).join(', ')}.`,
  );
}
