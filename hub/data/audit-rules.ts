import type { CheckConfiguration } from '../devops/checks';
import type { AuditFinding } from './results';

/** What the checks of an environment are worth, rule by rule, in words. */
export function findingsOf(checks: readonly CheckConfiguration[]): AuditFinding[] {
  const active = checks.filter(({ isDisabled }) => !isDisabled);
  const of = (kind: CheckConfiguration['kind']): CheckConfiguration[] => active.filter((check) => check.kind === kind);
  return [
    approvalFinding(of('approval')),
    requesterFinding(of('approval')),
    templateFinding(of('template')),
    lockFinding(of('exclusiveLock')),
    branchFinding(of('branch')),
  ];
}

export function approversOf(checks: readonly CheckConfiguration[]): string[] {
  return [...new Set(checks.flatMap(({ approval }) => approval?.approvers ?? []))];
}

function approvalFinding(approvals: readonly CheckConfiguration[]): AuditFinding {
  const approvers = approversOf(approvals);
  if (approvers.length === 0) {
    return {
      rule: 'approval',
      met: false,
      text: 'Nobody has to approve: any pipeline that may use this environment deploys to it. Add an approval check.',
    };
  }
  return { rule: 'approval', met: true, text: `A deployment waits for approval by ${approvers.join(', ')}.` };
}

function requesterFinding(approvals: readonly CheckConfiguration[]): AuditFinding {
  // Every approval check has to be passed: one that excludes the requester is enough.
  const met = approvals.some(({ approval }) => approval?.requesterCannotBeApprover === true);
  const text = met
    ? 'Whoever queued the run cannot approve it.'
    : 'Whoever queues a run can approve it too. Clear "Allow approvers to approve their own runs" in the approval check.';
  return { rule: 'requester', met, text };
}

function templateFinding(checks: readonly CheckConfiguration[]): AuditFinding {
  const templates = checks.flatMap((check) => check.templates);
  const met = templates.length > 0;
  const text = met
    ? `Pipelines have to extend ${templates.join(', ')}.`
    : 'A pipeline may be written in any way, one that forges evidence included. Add a required template.';
  return { rule: 'template', met, text };
}

function lockFinding(checks: readonly CheckConfiguration[]): AuditFinding {
  const met = checks.length > 0;
  const text = met
    ? 'One run at a time may deploy.'
    : 'Two runs may deploy at the same time and overwrite each other. Add an exclusive lock.';
  return { rule: 'exclusiveLock', met, text };
}

function branchFinding(checks: readonly CheckConfiguration[]): AuditFinding {
  const limits = checks.flatMap(({ branch }) => branch ?? []).filter(({ allowed }) => isLimit(allowed));
  const [limit] = limits;
  if (limit === undefined) {
    return {
      rule: 'branch',
      met: false,
      text: 'Code of any branch may be deployed. Add branch control with the branches that are reviewed.',
    };
  }
  if (!limits.some(({ ensureProtection }) => ensureProtection)) {
    return {
      rule: 'branch',
      met: false,
      text: `Only ${limit.allowed} may be deployed, but nothing says that these branches are protected. Tick "Verify branch protection".`,
    };
  }
  return { rule: 'branch', met: true, text: `Only ${limit.allowed} may be deployed, and only while protected.` };
}

function isLimit(allowed: string): boolean {
  const branches = allowed.split(',').map((branch) => branch.trim());
  return branches.some((branch) => branch !== '') && !branches.includes('*');
}
