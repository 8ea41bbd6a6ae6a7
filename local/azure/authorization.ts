import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { asList, asObject, asString } from './json';
import { accountPath, groupPath, type Principal } from './seed';
import type { Caller } from './service';

type Scope = 'workspace' | 'registry' | 'resourceGroup' | 'cluster';

interface Permission {
  name: string;
  scope: Scope;
}

interface Permissions {
  actions: Permission[];
  dataActions: Permission[];
}

const none: Permissions = { actions: [], dataActions: [] };

/** Paths that each scope of a permissions.json covers. The workspace's own storage account counts to the workspace. */
const scopes: Record<Scope, string[]> = {
  workspace: [`${groupPath}/providers/Microsoft.MachineLearningServices/workspaces`, accountPath],
  registry: [`${groupPath}/providers/Microsoft.ContainerRegistry/registries`],
  cluster: [`${groupPath}/providers/Microsoft.ContainerService/managedClusters`],
  resourceGroup: [groupPath],
};

/** Actions that Azure lists under data actions; all others are control-plane actions. */
const dataActions = [
  /^Microsoft\.Storage\/storageAccounts\/blobServices\/containers\/blobs\//i,
  /^Microsoft\.ContainerService\/managedClusters\/(?!read$|write$|delete$|list\w+\/action$|runCommand)/i,
  /^Microsoft\.ContainerRegistry\/registries\/repositories\//i,
];

/**
 * Who may do what. A principal with role `owner` may do everything; one with role `tasks` may do what any task's
 * permissions.json lists, and with a token that names a task only what that task's own file lists.
 */
export class Authorization {
  private readonly cache = new Map<string, { modified: number; permissions: Permissions }>();

  /** Without a folder of tasks there are no lists to hold anyone to: every known principal may do everything. */
  constructor(
    private readonly principals: Principal[],
    private readonly tasksDir: string | undefined,
  ) {}

  principal(objectId: string): Principal | undefined {
    return this.principals.find((one) => one.objectId === objectId);
  }

  /** `scope` is the ARM id of what is acted on. An empty action is allowed to everyone who is known here. */
  allows(caller: Caller, action: string, scope: string): boolean {
    const principal = this.principal(caller.objectId);
    if (principal === undefined) return false;
    if (action === '') return true;
    const byRole = principal.role === 'owner' || this.tasksDir === undefined || this.anyTaskLists(action, scope);
    return (
      byRole && (caller.task === undefined || this.tasksDir === undefined || this.taskLists(caller.task, action, scope))
    );
  }

  /** The task's name as it is written; clients lower-case the address they were given, and with it the name in it. */
  taskName(given: string): string {
    return this.tasks().find((task) => task.toLowerCase() === given.toLowerCase()) ?? given;
  }

  private tasks(): string[] {
    return this.tasksDir === undefined || !existsSync(this.tasksDir) ? [] : readdirSync(this.tasksDir);
  }

  private anyTaskLists(action: string, scope: string): boolean {
    return this.tasks().some((task) => this.taskLists(task, action, scope));
  }

  private taskLists(task: string, action: string, scope: string): boolean {
    const permissions = this.read(task);
    const isData = dataActions.some((pattern) => pattern.test(action));
    return (isData ? permissions.dataActions : permissions.actions).some(
      (one) => one.name.toLowerCase() === action.toLowerCase() && covers(one.scope, scope),
    );
  }

  private read(task: string): Permissions {
    if (this.tasksDir === undefined || !/^\w+$/.test(task)) return none;
    // Clients write the path of the metadata service, and with it the task's name, in lower case.
    const folder = readdirSync(this.tasksDir).find((name) => name.toLowerCase() === task.toLowerCase());
    const file = join(this.tasksDir, folder ?? task, 'permissions.json');
    if (!existsSync(file)) return none;
    const modified = statSync(file).mtimeMs;
    const cached = this.cache.get(file);
    if (cached?.modified === modified) return cached.permissions;
    const document = asObject(JSON.parse(readFileSync(file, 'utf8')));
    const permissions = {
      actions: readPermissions(document['actions'], file),
      dataActions: readPermissions(document['dataActions'], file),
    };
    this.cache.set(file, { modified, permissions });
    return permissions;
  }
}

function readPermissions(value: unknown, file: string): Permission[] {
  return asList(value).map((entry) => {
    const name = asString(asObject(entry)['name']);
    const scope = asString(asObject(entry)['scope']);
    if (name === undefined || scope === undefined || !isScope(scope)) {
      throw new Error(`${file}: each permission needs a "name" and a "scope" (${Object.keys(scopes).join(', ')}).`);
    }
    return { name, scope };
  });
}

function isScope(text: string): text is Scope {
  return Object.hasOwn(scopes, text);
}

function covers(scope: Scope, path: string): boolean {
  const lower = path.toLowerCase();
  return scopes[scope].some((start) => lower === start.toLowerCase() || lower.startsWith(`${start.toLowerCase()}/`));
}

/**
 * The Azure action of an ARM request and the id of what it acts on: `GET` reads, `PUT` and `PATCH` write, `DELETE` deletes,
 * and the last part of a `POST` names its action.
 */
export function armAction(method: string, path: string): { action: string; scope: string } {
  const parts = path.replace(/\/+$/, '').split('/').slice(1);
  const provider = parts.findLastIndex((part) => part.toLowerCase() === 'providers');
  const namespace = provider === -1 ? undefined : parts[provider + 1];
  if (namespace === undefined || parts[provider + 2] === undefined) return resourcesAction(method, parts);
  const rest = parts.slice(provider + 2);
  const verb = method === 'POST' ? `${rest.at(-1) ?? ''}/action` : verbs[method];
  const typed = method === 'POST' ? rest.slice(0, -1) : rest;
  const types = typed.filter((_, index) => index % 2 === 0);
  // A list and an action belong to the resource they are asked of.
  const whole = typed.length % 2 === 0 ? typed : typed.slice(0, -1);
  const scope = whole.length === 0 ? parts.slice(0, provider) : [...parts.slice(0, provider + 2), ...whole];
  return { action: [namespace, ...types, verb].join('/'), scope: `/${scope.join('/')}` };
}

const verbs: Record<string, string> = { GET: 'read', HEAD: 'read', PUT: 'write', PATCH: 'write', DELETE: 'delete' };

/** Subscriptions, resource groups and what is listed in them. */
function resourcesAction(method: string, parts: string[]): { action: string; scope: string } {
  const types = parts.filter((_, index) => index % 2 === 0);
  const verb = method === 'POST' ? `${parts.at(-1) ?? ''}/action` : verbs[method];
  const scope = parts.length % 2 === 0 ? parts : parts.slice(0, -1);
  return { action: ['Microsoft.Resources', ...types, verb].join('/'), scope: `/${scope.join('/')}` };
}
