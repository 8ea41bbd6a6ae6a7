import type { Client } from './client';
import { envelope, fields, id, type Fields, type Reader } from './read';

const apiVersion = '7.1-preview.1';

/** A check that stands before an environment. */
export interface CheckConfiguration {
  environmentId: number;
  kind: 'approval' | 'exclusiveLock' | 'template' | 'branch' | 'other';
  /** The service's name of it. */
  name: string;
  isDisabled: boolean;
  createdOn?: string;
  /** Of an approval. */
  approval?: { approvers: string[]; requesterCannotBeApprover: boolean; minRequiredApprovers: number };
  /** Of a required template: `project/repository: path`. */
  templates: string[];
  /** Of a branch control. */
  branch?: { allowed: string; ensureProtection: boolean };
}

/** Types of checks and of task checks, by the ids that the service gives them everywhere. */
const checkTypes: Record<string, CheckConfiguration['kind']> = {
  '8c6f20a7-a545-4486-9777-f762fafe0d4d': 'approval',
  '2ef31ad6-baa0-403a-8b45-2cbc9b4e5563': 'exclusiveLock',
  '4020e66e-b0f3-47e1-bc88-48f3cc59b5f3': 'template',
};
const branchControl = '86b05a0c-73e6-4f7d-b3cf-e38f3b39a75b';

/** The checks of all these environments by one request. */
export async function queryChecks(
  client: Client,
  environmentIds: readonly number[],
  signal?: AbortSignal,
): Promise<CheckConfiguration[]> {
  if (environmentIds.length === 0) return [];
  const answer = await client.send({
    method: 'POST',
    path: 'pipelines/checks/queryconfigurations',
    query: { $expand: 'settings' },
    apiVersion,
    body: environmentIds.map((environmentId) => ({ type: 'environment', id: String(environmentId) })),
    repeatable: true,
    read: envelope(configuration, 'checks'),
    signal,
  });
  return answer.value;
}

const configuration: Reader<CheckConfiguration> = (value, where) => {
  const read = fields(value, where);
  const type = read.required('type', fields);
  const settings = read.maybeFields('settings');
  const definition = settings?.maybeFields('definitionRef')?.maybeText('id')?.toLowerCase();
  const known = checkTypes[(type.maybeText('id') ?? '').toLowerCase()];
  const kind = known ?? (definition === branchControl ? 'branch' : 'other');
  return {
    environmentId: read.required('resource', fields).required('id', id),
    kind,
    name: settings?.maybeText('displayName') ?? type.maybeText('name') ?? 'Check',
    isDisabled: read.maybeFlag('isDisabled') ?? false,
    createdOn: read.maybeText('createdOn'),
    approval: kind === 'approval' && settings ? approvalSettings(settings) : undefined,
    templates: settings?.list('extendsChecks', template) ?? [],
    branch: kind === 'branch' && settings ? branchSettings(settings) : undefined,
  };
};

function approvalSettings(settings: Fields): CheckConfiguration['approval'] {
  return {
    approvers: settings.list('approvers', (value, where) => {
      const approver = fields(value, where);
      return approver.maybeText('displayName') ?? approver.maybeText('id') ?? 'unknown';
    }),
    requesterCannotBeApprover: settings.maybeFlag('requesterCannotBeApprover') ?? false,
    minRequiredApprovers: settings.maybeNumber('minRequiredApprovers') ?? 0,
  };
}

const template: Reader<string> = (value, where) => {
  const read = fields(value, where);
  return `${read.maybeText('repositoryName') ?? '?'}: ${read.maybeText('templatePath') ?? '?'}`;
};

/** Inputs of a task are texts, also where they mean true or false. */
function branchSettings(settings: Fields): CheckConfiguration['branch'] {
  const inputs = settings.maybeFields('inputs');
  const ensure = inputs?.value('ensureProtectionOfBranch');
  return {
    allowed: inputs?.maybeText('allowedBranches') ?? '',
    ensureProtection: ensure === true || (typeof ensure === 'string' && ensure.toLowerCase() === 'true'),
  };
}

/** One check of a stage of a run, as it went. */
export interface CheckRun {
  id: string;
  typeName: string;
  status: string;
  message: string;
  /** Name of the environment whose check it is. */
  environment?: string;
  /** What else the check stands before: a service connection, an agent pool. */
  elsewhere?: string;
}

/** How the checks before a stage went. @param suiteId id of the stage's `Checkpoint` record */
export async function getCheckRuns(client: Client, suiteId: string, signal?: AbortSignal): Promise<CheckRun[]> {
  const answer = await client.send({
    path: `pipelines/checks/runs/${encodeURIComponent(suiteId)}`,
    query: { $expand: 'resources' },
    apiVersion,
    read: (value) => fields(value, 'check suite').list('checkRuns', checkRun),
    signal,
  });
  return answer.value;
}

const checkRun: Reader<CheckRun> = (value, where) => {
  const read = fields(value, where);
  const resource = read.maybeFields('checkConfigurationRef')?.maybeFields('resource');
  const [type, name] = [resource?.maybeText('type'), resource?.maybeText('name')];
  return {
    environment: type === 'environment' ? name : undefined,
    elsewhere: type === undefined || type === 'environment' ? undefined : `${type} ${name ?? 'without a name'}`,
    id: (read.maybeText('id') ?? '').toLowerCase(),
    typeName: read.maybeFields('checkConfigurationRef')?.maybeFields('type')?.maybeText('name') ?? 'Check',
    status: read.maybeText('status') ?? '',
    message: read.maybeText('resultMessage') ?? '',
  };
};
