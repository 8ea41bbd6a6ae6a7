/**
 * What pages read and do. All of it with the viewer's own rights; every hook gives what it has, what is wrong (`problemText`)
 * and a way to ask again.
 */
export { DataProvider, useThrottled, type DataProviderProps } from './context';
export { useRegistrations } from './registrations';
export { useDeploymentEvents } from './deployment-events';
export { useApproval, useApprovals, useWaitingByRun } from './approvals';
export { useChanges, useRun, useRunEvidence } from './runs';
export { useGate } from './use-gate';
export { useRunGates } from './stage-gates';
export { useDecide } from './decide';
export { useModelVersion } from './model-version';
export { useBypasses } from './bypasses';
export { useAsksApproval, type AsksApproval } from './environment-checks';
export { useEnvironmentAudit, useTeams } from './environment-audit';
export { recordsOf } from './records';
export { evidenceProblemText } from './evidence-problems';
export { problemText, type Problem } from '../devops/problems';
export type * from './results';
