import { effective, isWithin, type Effective } from './access-control';
import { ServiceError } from './errors';
import type { Caller } from './caller';
import type { AccessList, Definition, Environment, Identity, ProjectState, SharedState, StoredRun } from './model';

/** What rights are decided from. The collection is that; it is not named here because it plants its first rights itself. */
export interface Holdings {
  readonly state: ProjectState;
  readonly shared: SharedState;
  readonly remembered: { access: Map<string, Effective>; views: Map<string, boolean> };
  readonly buildService: Identity;
  identity(id: string): Identity;
  groupsOf(identityId: string): Identity[];
  /** Whether an identity is of this project or of all. */
  isHere(identity: Identity): boolean;
  isInGroup(identityId: string, group: string): boolean;
  definition(id: number): Definition;
  noDefinition(id: number): ServiceError;
  environment(id: number): Environment;
  noEnvironment(id: number): ServiceError;
}

/** Security namespaces of the service, with the bits that matter here. */
export const namespaces = {
  build: { id: '33344d9c-fc72-4d6f-aba5-fa317101a7e9', name: 'Build', read: 1, write: 16384 },
  environment: { id: '83d4c2e6-e57d-4d6e-892b-b87222b7ad20', name: 'Environment', read: 1, write: 8 },
  library: { id: 'b7e84409-6553-448a-bbb2-af228e07cbeb', name: 'Library', read: 1, write: 2 },
  endpoints: { id: '49b48001-ca20-4adc-8111-5b60c903a50c', name: 'ServiceEndpoints', read: 16, write: 2 },
  project: { id: '52d39943-cb85-4d7f-8fa8-c6baac873819', name: 'Project', read: 1, write: 2 },
} as const;
export type Namespace = AccessList['namespace'];

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
    deleteDefinition: 4096,
    administer: 16384,
  },
  environment: { view: 1, manage: 2, administer: 8, use: 16, create: 32 },
  library: { view: 1, administer: 2, create: 4, use: 16 },
} as const;

/** Names of the bits, lowest first. */
export const actions: Record<Namespace, readonly string[]> = {
  build: [
    'ViewBuilds',
    'EditBuildQuality',
    'RetainIndefinitely',
    'DeleteBuilds',
    'ManageBuildQualities',
    'DestroyBuilds',
    'UpdateBuildInformation',
    'QueueBuilds',
    'ManageBuildQueue',
    'StopBuilds',
    'ViewBuildDefinition',
    'EditBuildDefinition',
    'DeleteBuildDefinition',
    'OverrideBuildCheckInValidation',
    'AdministerBuildPermissions',
  ],
  environment: ['View', 'Manage', 'ManageHistory', 'Administer', 'Use', 'Create'],
  library: ['View', 'Administer', 'Create', 'ViewSecrets', 'Use', 'Owner'],
  endpoints: ['Use', 'Administer', 'Create', 'ViewAuthorization', 'ViewEndpoint'],
  project: ['GENERIC_READ', 'GENERIC_WRITE'],
};

const everything: Record<Namespace, number> = { build: 32767, environment: 63, library: 63, endpoints: 31, project: 3 };

/** What each group may do in a new project, by the service's own defaults. */
const defaults: Record<string, Partial<Record<Namespace, number>>> = {
  'Project Administrators': everything,
  'Project Collection Administrators': everything,
  Contributors: {
    build: 1 | 2 | 4 | 64 | 128 | 256 | 512 | 1024 | 2048,
    // The role Creator.
    environment: 1 | 32,
    library: 1 | 4 | 16,
    endpoints: 17,
    project: 1,
  },
  Readers: { build: 1 | 1024, environment: 1, library: 1, endpoints: 16, project: 1 },
  'Project Valid Users': { environment: 1, library: 1, endpoints: 16, project: 1 },
};

/** What the identity of jobs may do on every pipeline until somebody takes it away. */
const jobs =
  bits.build.view |
  bits.build.viewDefinition |
  bits.build.editQuality |
  bits.build.updateInformation |
  bits.build.retain;

/** Token of the whole project in a namespace. */
export function projectToken(collection: Holdings, namespace: Namespace): string {
  const { projectId } = collection.state;
  const roots: Record<Namespace, string> = {
    build: projectId,
    environment: `Environments/${projectId}`,
    library: `Library/${projectId}`,
    endpoints: `endpoints/${projectId}`,
    project: `$PROJECT:vstfs:///Classification/TeamProject/${projectId}`,
  };
  return roots[namespace];
}

/** Token of a folder of pipelines in the Build namespace. */
export function folderToken(collection: Holdings, path: string): string {
  return [collection.state.projectId, ...path.split('\\').filter((part) => part !== '')].join('/');
}

/** Token of a pipeline in the Build namespace: project, folders, id. */
export function buildToken(collection: Holdings, definition: Pick<Definition, 'id' | 'path'>): string {
  return `${folderToken(collection, definition.path)}/${definition.id}`;
}

export function environmentToken(collection: Holdings, environmentId: number): string {
  return `${projectToken(collection, 'environment')}/${environmentId}`;
}

/** The entries a new project has. */
export function addDefaultAccess(collection: Holdings): void {
  const { environments } = collection.state;
  const groups = collection.shared.identities.filter((one) => one.kind === 'group' && collection.isHere(one));
  for (const namespace of ['build', 'environment', 'library', 'endpoints', 'project'] as const) {
    const token = projectToken(collection, namespace);
    for (const one of groups) {
      const allow = defaults[one.displayName.replace(/^\[[^\]]*\]\\/, '')]?.[namespace];
      if (allow !== undefined) setEntry(collection, namespace, token, one.id, { allow, deny: 0 });
    }
  }
  setEntry(collection, 'build', projectToken(collection, 'build'), collection.buildService.id, {
    allow: jobs,
    deny: 0,
  });
  for (const { id, createdBy } of environments) administerOwn(collection, id, createdBy);
}

/** The person who creates an environment administers it. */
export function administerOwn(collection: Holdings, environmentId: number, createdBy: string): void {
  if (collection.identity(createdBy).kind !== 'user') return;
  const all = { allow: everything.environment, deny: 0 };
  setEntry(collection, 'environment', environmentToken(collection, environmentId), createdBy, all);
}

/** The list of a token; made when it is not there yet. */
export function listAt(collection: Holdings, namespace: Namespace, token: string): AccessList {
  const { accessLists } = collection.shared;
  const known = findList(collection, namespace, token);
  if (known) return known;
  const list: AccessList = { namespace, token: token.replace(/^\/+|\/+$/g, ''), inherits: true, entries: [] };
  accessLists.push(list);
  return list;
}

export function findList(collection: Holdings, namespace: Namespace, token: string): AccessList | undefined {
  return listsOf(collection, namespace).find((one) => isWithin(one.token, token) && isWithin(token, one.token));
}

export function listsOf(collection: Holdings, namespace: Namespace): AccessList[] {
  return collection.shared.accessLists.filter((one) => one.namespace === namespace);
}

/** Writes the entry of an identity; an entry that says nothing is removed. The caller saves. */
export function setEntry(
  collection: Holdings,
  namespace: Namespace,
  token: string,
  identity: string,
  { allow, deny }: Effective,
): void {
  const list = listAt(collection, namespace, token);
  list.entries = list.entries.filter((entry) => entry.identity !== identity);
  if ((allow | deny) !== 0) list.entries.push({ identity, allow: allow & ~deny, deny });
}

/** Entries stay with what they are on when it moves (a pipeline to another folder). */
export function moveLists(collection: Holdings, namespace: Namespace, from: string, to: string): void {
  for (const list of listsOf(collection, namespace)) {
    if (isWithin(list.token, from)) list.token = `${to}${list.token.slice(from.length)}`;
  }
}

/** Removes the lists of a token and of those below it. The caller saves. */
export function dropLists(collection: Holdings, namespace: Namespace, token: string): void {
  const gone = new Set(listsOf(collection, namespace).filter((one) => isWithin(one.token, token)));
  collection.shared.accessLists = collection.shared.accessLists.filter((one) => !gone.has(one));
}

/** Bits that an identity holds at a token, by its own entries and those of the groups it is in. */
export function effectiveOf(collection: Holdings, identityId: string, namespace: Namespace, token: string): Effective {
  return remember(collection.remembered.access, `${identityId}|${namespace}|${token}`, () => {
    const subjects = new Set([identityId, ...collection.groupsOf(identityId).map((one) => one.id)]);
    return effective(listsOf(collection, namespace), token, subjects);
  });
}

/** `at` is a token, or an environment's id; the whole project when absent. */
export function permissionsOf(
  collection: Holdings,
  caller: Caller,
  namespace: Namespace,
  at?: string | number,
): number {
  const token = typeof at === 'number' ? environmentToken(collection, at) : (at ?? projectToken(collection, namespace));
  return effectiveOf(collection, caller.identity.id, namespace, token).allow;
}

export function allows(
  collection: Holdings,
  caller: Caller,
  namespace: Namespace,
  wanted: number,
  at?: string | number,
): boolean {
  return (permissionsOf(collection, caller, namespace, at) & wanted) === wanted;
}

/** Throws the service's 403 when the caller lacks the permission. */
export function demand(
  collection: Holdings,
  caller: Caller,
  namespace: Namespace,
  wanted: number,
  what: string,
  at?: string | number,
): void {
  if (allows(collection, caller, namespace, wanted, at)) return;
  throw denied(`${caller.identity.displayName} needs ${what} permissions to perform the action.`);
}

/** The same for a pipeline, in the words the service has for it. */
export function demandOn(
  collection: Holdings,
  caller: Caller,
  definition: Definition,
  wanted: number,
  what: string,
): void {
  if (allows(collection, caller, 'build', wanted, buildToken(collection, definition))) return;
  const where = `build pipeline ${definition.id}:${definition.name} in team project ${collection.state.projectName}`;
  throw new ServiceError(
    403,
    'AccessDeniedException',
    `TF215106: Access denied. ${caller.identity.displayName} needs ${what} permissions for ${where} to perform the action. For more information, contact the Azure DevOps administrator.`,
  );
}

/** To whoever may not read a project it is not there. */
export function mayViewProject(collection: Holdings, caller: Caller): boolean {
  return allows(collection, caller, 'project', namespaces.project.read);
}

/** Whether the caller may see the run and what hangs on it: `ViewBuilds` on its pipeline. */
export function mayView(collection: Holdings, caller: Caller, run: StoredRun): boolean {
  return remember(collection.remembered.views, `${caller.identity.id}|${run.definitionId}`, () => {
    const definition = collection.state.definitions.find((one) => one.id === run.definitionId);
    const token = definition ? buildToken(collection, definition) : projectToken(collection, 'build');
    return allows(collection, caller, 'build', bits.build.view, token);
  });
}

/** The run, for a caller who may see it. To others it does not exist, as in the service. */
export function visibleRun(collection: Holdings, caller: Caller, run: StoredRun): StoredRun {
  if (mayView(collection, caller, run)) return run;
  throw new ServiceError(404, 'BuildNotFoundException', `The requested build ${run.id} could not be found.`);
}

export function mayViewDefinition(collection: Holdings, caller: Caller, definition: Definition): boolean {
  return allows(collection, caller, 'build', bits.build.viewDefinition, buildToken(collection, definition));
}

/** The environment, for a caller who may see it. To others it does not exist. */
export function visibleEnvironment(collection: Holdings, caller: Caller, id: number): Environment {
  const environment = collection.environment(id);
  if (mayViewEnvironment(collection, caller, id)) return environment;
  throw collection.noEnvironment(id);
}

/** The pipeline, for a caller who may see it. */
export function visibleDefinition(collection: Holdings, caller: Caller, id: number): Definition {
  const definition = collection.definition(id);
  if (mayViewDefinition(collection, caller, definition)) return definition;
  throw collection.noDefinition(id);
}

export function mayViewEnvironment(collection: Holdings, caller: Caller, environmentId: number): boolean {
  return allows(collection, caller, 'environment', bits.environment.view, environmentId);
}

/** A collection administrator changes permissions even where the lists deny it; others need the namespace's own bit. */
export function demandAdministration(collection: Holdings, caller: Caller, namespace: Namespace, token: string): void {
  if (isAdministrator(collection, caller)) return;
  demand(collection, caller, namespace, namespaces[namespace].write, 'Administer permissions', token);
}

export function isAdministrator(collection: Holdings, caller: Caller): boolean {
  return collection.isInGroup(caller.identity.id, 'Project Collection Administrators');
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

function remember<T>(known: Map<string, T>, key: string, make: () => T): T {
  const found = known.get(key);
  if (found !== undefined) return found;
  const made = make();
  known.set(key, made);
  return made;
}

function denied(reason: string): ServiceError {
  return new ServiceError(
    403,
    'AccessDeniedException',
    `Access denied. ${reason} For more information, contact the Azure DevOps Server administrator.`,
  );
}
