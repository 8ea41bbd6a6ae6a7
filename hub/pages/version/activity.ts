import { verdictOf } from '../../components/Verdict';
import { isRequester } from '../../data/approvals';
import type { Approval, Run } from '../../data/types';
import type { Known } from './known';

export interface Activity {
  at: string;
  text: string;
  run: Run;
  /** The approval that it is about. */
  approval?: string;
  comment?: string;
}

/** What happened to a version, newest first. Decisions come from the approvals alone; the rest from the index. */
export function activityOf(known: Known, approvals: readonly Approval[]): Activity[] {
  const { version, registrations, packages, deployments, smokeTests } = known;
  const runs = new Set(runsOf(known).map(({ id }) => id));
  const registered = registrations.map(({ run, registration }): Activity => ({
    at: registration.at,
    run,
    text: `Registered by ${run.requestedFor.displayName}'s run`,
  }));
  const evaluated =
    version.evaluation === undefined
      ? []
      : [
          {
            at: version.evaluation.at,
            run: version.run,
            text: `Evaluated: ${verdictOf(version.evaluation.decision).text}`,
          },
        ];
  const packed = packages.map(({ run, entry }): Activity => ({
    at: entry.at,
    run,
    text: `Packaged as ${entry.image}`,
  }));
  const deployed = deployments.map(({ run, entry, environment, at }): Activity => ({
    at,
    run,
    text: `Deployed to ${environment}${entry.deployment === undefined ? '' : ` as ${entry.deployment}`}`,
    approval: entry.approval,
  }));
  const tested = smokeTests.map(({ run, entry }): Activity => ({
    at: entry.at,
    run,
    text: `Smoke test: ${verdictOf(entry.verdict).text}`,
  }));
  const decided = approvals.filter(({ run }) => runs.has(run.id)).flatMap(decisionsOf);
  return [...registered, ...evaluated, ...packed, ...deployed, ...tested, ...decided].sort(
    (one, other) => Date.parse(other.at) - Date.parse(one.at),
  );
}

/** The runs that registered or deployed the version, each once, the newest first. */
export function runsOf({ registrations, deployments }: Pick<Known, 'registrations' | 'deployments'>): Run[] {
  const runs = new Map([...registrations, ...deployments].map(({ run }) => [run.id, run]));
  return [...runs.values()].sort((one, other) => other.id - one.id);
}

/** Who decided what; of an approval that ended without anybody's decision, that it did. */
export function decisionsOf(approval: Approval): Activity[] {
  const { id, run, changedAt, steps } = approval;
  const stage = approval.stage === undefined ? '' : ` for ${approval.stage}`;
  const decided = steps.flatMap(({ actual, status, changedAt: at = changedAt, comment }): Activity[] => {
    if (actual === undefined) return [];
    const requester = isRequester(run, actual) ? ', who requested the run' : '';
    const text = `${verdictOf(status).text}${stage} by ${actual.displayName}${requester}`;
    return [{ at, run, text, approval: id, comment }];
  });
  if (decided.length > 0) return decided;
  return [{ at: changedAt, run, text: `Approval${stage} ended: ${verdictOf(approval.status).text}`, approval: id }];
}
