import { anything, flag, list, map, number, oneOf, optional, shape, text, type Check, type Of } from './shape';

/** The state that is kept on disk, as checks (a state file is read like any other foreign document) and as types. */

/** A member that older state files do not have yet. */
function since<T>(shape: Check<T>, before: () => T): Check<T> {
  return (value, where) => (value === undefined || value === null ? before() : shape(value, where));
}

export const results = ['succeeded', 'succeededWithIssues', 'failed', 'canceled', 'skipped', 'abandoned'] as const;
const result = oneOf(...results);

export const identityShape = shape({
  id: text,
  kind: oneOf('user', 'group', 'service'),
  displayName: text,
  uniqueName: text,
  descriptor: text,
  /** Ids of the members, of a group. */
  members: optional(list(text)),
});
export type Identity = Of<typeof identityShape>;

export const environmentShape = shape({
  id: number,
  name: text,
  description: text,
  createdBy: text,
  createdOn: text,
  lastModifiedBy: text,
  lastModifiedOn: text,
});
export type Environment = Of<typeof environmentShape>;

export const approvalSettingsShape = shape({
  approvers: list(shape({ id: text, displayName: optional(text) })),
  executionOrder: optional(oneOf('anyOrder', 'inSequence')),
  /** 0: all of them. */
  minRequiredApprovers: optional(number),
  instructions: optional(text),
  blockedApprovers: optional(list(shape({ id: text, displayName: optional(text) }))),
  requesterCannotBeApprover: optional(flag),
  definitionRef: optional(shape({ id: text })),
});
export type ApprovalSettings = Of<typeof approvalSettingsShape>;

export const checkConfigurationShape = shape({
  id: number,
  version: number,
  type: shape({ id: text, name: text }),
  resource: shape({ type: text, id: text, name: optional(text) }),
  /** As they were sent: their shape follows from the type, see check-kinds.ts. */
  settings: map(anything),
  /** Minutes. */
  timeout: number,
  isDisabled: optional(flag),
  createdBy: text,
  createdOn: text,
  modifiedBy: text,
  modifiedOn: text,
});
export type CheckConfiguration = Of<typeof checkConfigurationShape>;

export const variableGroupShape = shape({
  id: number,
  name: text,
  description: text,
  type: text,
  variables: map(shape({ value: text, isSecret: flag })),
  createdBy: text,
  createdOn: text,
  modifiedBy: text,
  modifiedOn: text,
});
export type StoredVariableGroup = Of<typeof variableGroupShape>;

export const definitionShape = shape({
  id: number,
  name: text,
  path: text,
  yamlFile: text,
  createdDate: text,
  createdBy: text,
  repository: shape({ name: text, url: text, branch: text }),
  revision: since(number, () => 1),
});
export type Definition = Of<typeof definitionShape>;

export const folderShape = shape({
  /** `\mlops\team-a`. The root is not kept. */
  path: text,
  description: text,
  createdBy: text,
  createdOn: text,
  lastChangedBy: text,
  lastChangedDate: text,
});
export type Folder = Of<typeof folderShape>;

/** Permissions on one token of a security namespace. */
export const accessListShape = shape({
  /** The namespace by our name, see permissions.ts. */
  namespace: oneOf('build', 'environment', 'library', 'endpoints', 'project'),
  token: text,
  inherits: flag,
  /** One an identity; `identity` is its id. */
  entries: list(shape({ identity: text, allow: number, deny: number })),
});
export type AccessList = Of<typeof accessListShape>;

/** A team is a group whose id is the team's. */
export const teamShape = shape({ id: text, name: text, description: text });
export type Team = Of<typeof teamShape>;

export const leaseShape = shape({
  leaseId: number,
  runId: number,
  definitionId: number,
  ownerId: text,
  protectPipeline: flag,
  createdOn: text,
  validUntil: text,
});
export type Lease = Of<typeof leaseShape>;

export const deploymentShape = shape({
  id: number,
  environmentId: number,
  runId: number,
  stageName: text,
  jobName: text,
  stageAttempt: number,
  jobAttempt: number,
  queueTime: text,
  startTime: text,
  finishTime: text,
  result,
});
export type Deployment = Of<typeof deploymentShape>;

const projectMembers = {
  projectId: text,
  projectName: text,
  createdOn: text,
  environments: list(environmentShape),
  checks: list(checkConfigurationShape),
  variableGroups: list(variableGroupShape),
  definitions: list(definitionShape),
  folders: since(list(folderShape), () => []),
  teams: since(list(teamShape), () => []),
  deployments: list(deploymentShape),
  leases: list(leaseShape),
};
const projectShape = shape(projectMembers);
export type ProjectState = Of<typeof projectShape>;

export const organizationShape = shape({
  collectionId: text,
  /** Signs OIDC tokens. PKCS #8, PEM. */
  signingKey: text,
  port: optional(number),
  /** People, and the groups and job identities of all projects. */
  identities: list(identityShape),
  /** Personal access tokens by identity id. */
  tokens: map(text),
  accessLists: since(list(accessListShape), () => []),
  /** `counter()` values, and the next ids of everything that is numbered: no two projects have the same build. */
  counters: map(number),
  /** The first project. */
  ...projectMembers,
  /** Those that came later; older state files have none. */
  projects: since(list(projectShape), () => []),
});
export type OrganizationState = Of<typeof organizationShape>;
/** What belongs to no project in particular. */
export type SharedState = Omit<OrganizationState, keyof ProjectState | 'projects'>;

export const recordShape = shape({
  id: text,
  parentId: optional(text),
  type: text,
  name: text,
  identifier: optional(text),
  refName: optional(text),
  state: optional(oneOf('pending', 'inProgress', 'completed')),
  result: optional(result),
  startTime: optional(text),
  finishTime: optional(text),
  order: optional(number),
  attempt: optional(number),
  percentComplete: optional(number),
  currentOperation: optional(text),
  workerName: optional(text),
  task: optional(shape({ id: text, name: text, version: text })),
  issues: optional(list(shape({ type: oneOf('error', 'warning'), message: text, data: optional(map(text)) }))),
  errorCount: optional(number),
  warningCount: optional(number),
  variables: optional(map(shape({ value: text, isSecret: flag }))),
  logId: optional(number),
  changeId: optional(number),
  lastModified: optional(text),
});
export type StoredRecord = Of<typeof recordShape>;

export const testRunShape = shape({
  id: number,
  title: text,
  recordId: text,
  createdDate: text,
  tests: list(
    shape({
      suite: text,
      name: text,
      outcome: oneOf('Passed', 'Failed', 'NotExecuted'),
      durationMs: number,
      message: optional(text),
    }),
  ),
});
export type StoredTestRun = Of<typeof testRunShape>;

export const runShape = shape({
  id: number,
  number: text,
  revision: number,
  definitionId: number,
  planId: text,
  timelineId: text,
  state: oneOf('notStarted', 'inProgress', 'cancelling', 'completed'),
  result: optional(result),
  queueTime: text,
  startTime: optional(text),
  finishTime: optional(text),
  lastChangedDate: text,
  lastChangedBy: text,
  requestedFor: text,
  requestedBy: text,
  reason: text,
  repository: shape({ name: text, url: text, branch: text, commit: text }),
  templateParameters: map(anything),
  variables: map(text),
  tags: list(text),
  properties: map(anything),
  logs: list(shape({ id: number, recordId: text, lineCount: number, createdOn: text, lastChangedOn: text })),
  attachments: list(shape({ recordId: text, type: text, name: text, file: text })),
  artifacts: list(shape({ id: number, name: text, source: text, size: number })),
  testRuns: list(testRunShape),
  /** Counts the changes of the timeline. */
  changeId: number,
  records: list(recordShape),
  /** It waits at a gate and no agent belongs to it: a restart leaves it as it is. */
  waiting: optional(flag),
  /** When and by whom the run was deleted. */
  deleted: optional(shape({ on: text, by: text })),
});
export type StoredRun = Of<typeof runShape>;

export const stepStatuses = [
  'uninitiated',
  'pending',
  'approved',
  'rejected',
  'skipped',
  'canceled',
  'timedOut',
  'deferred',
] as const;

export const approvalShape = shape({
  id: text,
  runId: number,
  stage: shape({ name: text, recordId: text, attempt: number }),
  /** Id of the Checkpoint record: the check suite. */
  checkpointId: text,
  configurationId: number,
  environment: shape({ id: number, name: text }),
  status: oneOf(...stepStatuses),
  createdOn: text,
  lastModifiedOn: text,
  /** When it times out. */
  expiresOn: text,
  executionOrder: oneOf('anyOrder', 'inSequence'),
  minRequiredApprovers: number,
  instructions: text,
  blockedApprovers: list(text),
  bypassed: optional(flag),
  bypassedBy: optional(text),
  steps: list(
    shape({
      order: number,
      assignedApprover: text,
      actualApprover: optional(text),
      status: oneOf(...stepStatuses),
      comment: text,
      deferredTo: optional(text),
      initiatedOn: optional(text),
      lastModifiedOn: text,
      lastModifiedBy: text,
      history: list(shape({ assignedTo: text, createdBy: text, createdOn: text, comment: text })),
    }),
  ),
});
export type Approval = Of<typeof approvalShape>;
export type ApprovalStep = Approval['steps'][number];
