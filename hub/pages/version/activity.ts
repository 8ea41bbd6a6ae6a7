import type { Approval } from '../../data/types';
import type { Run } from '../../data/types';
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
  const runs = new Set([...registrations, ...deployments].map(({ run }) => run.id));
  const registered = registrations.map(({ run, registration }): Activity => ({
    at: registration.at,
    run,
    text: `Registered by ${run.requestedFor.displayName}'s run`,
  }));
  const evaluated =
    version.evaluation === undefined
      ? []
      : [{ at: version.evaluation.at, run: version.run, text: `Evaluated: ${version.evaluation.decision}` }];
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
    text: `Smoke test ${entry.verdict}`,
  }));
  const decided = approvals.filter(({ run }) => runs.has(run.id)).flatMap(decisionsOf);
  return [...registered, ...evaluated, ...packed, ...deployed, ...tested, ...decided].sort(
    (one, other) => Date.parse(other.at) - Date.parse(one.at),
  );
}

function decisionsOf(approval: Approval): Activity[] {
  return approval.steps.flatMap((step) => {
    if (step.actual === undefined) return [];
    const stage = approval.stage === undefined ? '' : ` for ${approval.stage}`;
    return {
      at: step.changedAt ?? approval.changedAt,
      run: approval.run,
      text: `${step.status}${stage} by ${step.actual.displayName}`,
      approval: approval.id,
      comment: step.comment,
    };
  });
}
