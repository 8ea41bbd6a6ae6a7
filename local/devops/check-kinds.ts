import { ServiceError } from './errors';
import { approvalSettingsShape, type ApprovalSettings, type CheckConfiguration } from './model';
import { anything, check, list, map, oneOf, optional, shape, text } from './shape';

/** The kinds of checks the service has. All can be kept and read; only approvals are carried out here. */

export const approvalCheckType = { id: '8c6f20a7-a545-4486-9777-f762fafe0d4d', name: 'Approval' };
const authorization = { id: 'e1a1fc6c-c278-4492-ae1c-c42f8697612c', name: 'Authorization' };
const exclusiveLock = { id: '2ef31ad6-baa0-403a-8b45-2cbc9b4e5563', name: 'ExclusiveLock' };
const requiredTemplate = { id: '4020e66e-b0f3-47e1-bc88-48f3cc59b5f3', name: 'ExtendsCheck' };
const taskCheck = { id: 'fe1de3ee-a436-41b4-bb20-f6eb4cb879a7', name: 'Task Check' };

const types = [approvalCheckType, authorization, exclusiveLock, requiredTemplate, taskCheck];

const templateSettings = shape({
  extendsChecks: list(
    shape({
      repositoryType: oneOf('git', 'github', 'githubenterprise', 'bitbucket'),
      repositoryName: text,
      repositoryRef: text,
      templatePath: text,
    }),
  ),
});

const taskSettings = shape({
  definitionRef: shape({ id: text, name: optional(text), version: optional(text) }),
  displayName: optional(text),
  inputs: optional(map(anything)),
});

/** The service's own tasks for checks. */
const knownTasks: Record<string, string> = {
  '445fde2f-6c39-441c-807f-8a59ff2e075f': 'Business hours',
  '86b05a0c-73e6-4f7d-b3cf-e38f3b39a75b': 'Branch control',
  '9c3e8943-130d-4c78-ac63-8af81df62dfb': 'Invoke REST API',
};

/** The type by its id, or by its name when no id is given. Throws the service's 400 for another. */
export function checkType(type: { id?: string; name?: string }): { id: string; name: string } {
  const found = types.find((one) =>
    type.id === undefined ? one.name.toLowerCase() === type.name?.toLowerCase() : one.id === type.id.toLowerCase(),
  );
  if (found) return { ...found };
  throw new ServiceError(
    400,
    'InvalidCheckConfigurationException',
    `There is no check of type '${type.name ?? type.id ?? ''}'. The types are ${types.map((one) => one.name).join(', ')}.`,
  );
}

/** The settings as they are kept, after a look whether they fit the type. Throws a `ShapeError` that names the place. */
export function checkSettings(type: { id: string }, settings: unknown): Record<string, unknown> {
  if (type.id === approvalCheckType.id) return check(approvalSettingsShape, settings, '$.settings');
  if (type.id === requiredTemplate.id) check(templateSettings, settings, '$.settings');
  if (type.id === taskCheck.id) check(taskSettings, settings, '$.settings');
  return check(optional(map(anything)), settings, '$.settings') ?? {};
}

export function isApproval(one: Pick<CheckConfiguration, 'type'>): boolean {
  return one.type.id === approvalCheckType.id;
}

export function approvalSettings(one: Pick<CheckConfiguration, 'settings'>): ApprovalSettings {
  return check(approvalSettingsShape, one.settings, '$.settings');
}

/** What a person calls the check: `Branch control`, not `Task Check`. */
export function titleOf(one: Pick<CheckConfiguration, 'type' | 'settings'>): string {
  if (one.type.id === exclusiveLock.id) return 'Exclusive lock';
  if (one.type.id === requiredTemplate.id) return 'Required template';
  if (one.type.id !== taskCheck.id) return one.type.name;
  const { definitionRef, displayName } = check(taskSettings, one.settings, '$.settings');
  return displayName ?? knownTasks[definitionRef.id.toLowerCase()] ?? definitionRef.name ?? one.type.name;
}

/** Every pipeline of the project may use every resource here, so that an authorization is always there. */
export function isCarriedOut(one: Pick<CheckConfiguration, 'type'>): boolean {
  return isApproval(one) || one.type.id === authorization.id;
}

/** Name of the timeline record that stands for a check. */
export function recordType(one: Pick<CheckConfiguration, 'type'>): string {
  const names: Record<string, string> = {
    [approvalCheckType.id]: 'Checkpoint.Approval',
    [authorization.id]: 'Checkpoint.Authorization',
    [exclusiveLock.id]: 'Checkpoint.ExclusiveLock',
    [requiredTemplate.id]: 'Checkpoint.ExtendsCheck',
  };
  return names[one.type.id] ?? 'Checkpoint.TaskCheck';
}
