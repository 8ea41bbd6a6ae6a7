import type { Collection } from './collection';
import { ServiceError } from './errors';
import type { Caller } from './http';

/** Security namespaces of the service, with the bits that matter here. */
export const namespaces = {
  build: { id: '33344d9c-fc72-4d6f-aba5-fa317101a7e9', name: 'Build' },
  environment: { id: '83d4c2e6-e57d-4d6e-892b-b87222b7ad20', name: 'Environment' },
  library: { id: 'b7e84409-6553-448a-bbb2-af228e07cbeb', name: 'Library' },
  endpoints: { id: '49b48001-ca20-4adc-8111-5b60c903a50c', name: 'ServiceEndpoints' },
  project: { id: '52d39943-cb85-4d7f-8fa8-c6baac873819', name: 'Project' },
} as const;
export type Namespace = keyof typeof namespaces;

export const bits = {
  build: {
    view: 1,
    editQuality: 2,
    retain: 4,
    delete: 8,
    updateInformation: 64,
    queue: 128,
    stop: 512,
    viewDefinition: 1024,
    editDefinition: 2048,
  },
  environment: { view: 1, manage: 2, administer: 8, use: 16, create: 32 },
  library: { view: 1, administer: 2, create: 4, use: 16 },
} as const;

/** What each default group may do, per namespace, by the service's own defaults. */
const granted: Record<string, Record<Namespace, number>> = {
  'Project Administrators': { build: 32767, environment: 63, library: 63, endpoints: 31, project: 3 },
  'Project Collection Administrators': { build: 32767, environment: 63, library: 63, endpoints: 31, project: 3 },
  Contributors: {
    build: 1 | 2 | 4 | 64 | 128 | 256 | 512 | 1024 | 2048,
    environment: 17 | 32,
    library: 1 | 4 | 16,
    endpoints: 17,
    project: 1,
  },
  Readers: { build: 1 | 1024, environment: 1, library: 1, endpoints: 16, project: 1 },
  'Project Valid Users': { build: 1 | 1024, environment: 1, library: 1, endpoints: 16, project: 1 },
};

/** Bits of a caller in a namespace: the union over the groups. The creator of an environment administers it. */
export function permissionsOf(
  collection: Collection,
  caller: Caller,
  namespace: Namespace,
  environmentId?: number,
): number {
  const groups = collection.groupsOf(caller.identity.id).map((one) => one.displayName.replace(/^\[[^\]]*\]\\/, ''));
  let sum = groups.reduce((value, group) => value | (granted[group]?.[namespace] ?? 0), 0);
  if (caller.runId !== undefined && namespace === 'build')
    sum |= bits.build.editQuality | bits.build.updateInformation | bits.build.retain;
  const created = collection.state.environments.find((one) => one.id === environmentId)?.createdBy;
  if (namespace === 'environment' && created === caller.identity.id) sum |= 63;
  return sum;
}

export function allows(
  collection: Collection,
  caller: Caller,
  namespace: Namespace,
  wanted: number,
  environmentId?: number,
): boolean {
  return (permissionsOf(collection, caller, namespace, environmentId) & wanted) === wanted;
}

/** Throws the service's 403 when the caller lacks the permission. */
export function demand(
  collection: Collection,
  caller: Caller,
  namespace: Namespace,
  wanted: number,
  what: string,
  environmentId?: number,
): void {
  if (allows(collection, caller, namespace, wanted, environmentId)) return;
  throw new ServiceError(
    403,
    'AccessDeniedException',
    `Access denied. ${caller.identity.displayName} needs ${what} permissions to perform the action. For more information, contact the Azure DevOps Server administrator.`,
  );
}

/** A job's token changes nothing but its own run. */
export function demandOwnRun(caller: Caller, runId: number): void {
  if (caller.runId === undefined || caller.runId === runId) return;
  throw new ServiceError(
    403,
    'AccessDeniedException',
    `Access denied. The job access token of build ${caller.runId} cannot change build ${runId}.`,
  );
}

/** Something only a person may do. */
export function demandPerson(caller: Caller, what: string): void {
  if (caller.runId === undefined) return;
  throw new ServiceError(403, 'AccessDeniedException', `Access denied. A job access token cannot ${what}.`);
}
