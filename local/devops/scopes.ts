import { ServiceError } from './errors';
import type { Location } from './locations';
import type { Method } from './router';

/**
 * Which scopes of an extension's manifest open which operation: any one of those listed, none needed when the list is empty.
 * By area and resource of the service's locations; the lists are the `oauth2` members of the service's OpenAPI description.
 */
type Needs = Partial<Record<Method, readonly string[]>>;

const none = [] as const;
const build: Needs = change(['vso.build'], ['vso.build_execute']);
const checks: Needs = change(['vso.build'], ['vso.build_execute', 'vso.pipelineresources_manage']);
const project: Needs = { GET: ['vso.project'] };
const test: Needs = { GET: ['vso.test'] };
const graph: Needs = { GET: ['vso.graph'] };
/** The older address of environments knows no reading scope. */
const oldEnvironments = change(['vso.environment_manage'], ['vso.environment_manage']);
const managed = ['vso.environment_manage'];

const table: Record<string, Needs> = {
  'location/connectiondata': { GET: none },
  'location/resourceareas': { GET: none },
  'core/projects': project,
  'core/teams': project,
  'core/members': project,
  'build/builds': build,
  'build/definitions': build,
  'build/timeline': build,
  'build/logs': build,
  'build/attachments': build,
  'build/artifacts': build,
  'build/tags': build,
  'build/properties': build,
  'build/buildleases': build,
  'build/leases': build,
  'build/stages': build,
  'build/changes': build,
  'build/retention': build,
  'build/folders': build,
  'pipelines/pipelines': build,
  'pipelines/runs': build,
  'test/runs': test,
  'test/results': test,
  'environments/environments': {
    GET: ['vso.build', ...managed],
    POST: ['vso.build_execute', ...managed],
    PATCH: managed,
    DELETE: managed,
  },
  'environments/environmentdeploymentrecords': { GET: ['vso.build', ...managed] },
  'distributedtask/environments': oldEnvironments,
  'distributedtask/environmentdeploymentrecords': oldEnvironments,
  'distributedtask/variablegroups': change(['vso.variablegroups_read'], ['vso.variablegroups_manage']),
  'approval/approvals': change(['vso.build'], ['vso.build_execute', 'vso.pipelineresources_use']),
  'pipelineschecks/configurations': checks,
  'pipelineschecks/queryconfigurations': { POST: ['vso.build'] },
  'pipelineschecks/runs': change(['vso.build'], ['vso.build_execute']),
  'pipelinepermissions/pipelinepermissions': change(['vso.build'], ['vso.pipelineresources_manage']),
  'serviceendpoint/endpoints': { GET: ['vso.serviceendpoint'] },
  // Reading who may do what needs no scope; changing it does.
  'security/securitynamespaces': { GET: none },
  'security/permissions': { GET: none, DELETE: ['vso.security_manage'] },
  'security/permissionevaluationbatch': { POST: none },
  'security/accesscontrollists': change(none, ['vso.security_manage']),
  'security/accesscontrolentries': change(none, ['vso.security_manage']),
  'securityroles/roleassignments': change(none, ['vso.security_manage']),
  'securityroles/roledefinitions': { GET: none },
  'ims/identities': { GET: ['vso.identity'] },
  'graph/users': graph,
  'graph/groups': graph,
  'graph/memberships': graph,
  'graph/descriptors': graph,
};

/** What a scope brings with it. */
const includes: Record<string, readonly string[]> = {
  'vso.build_execute': ['vso.build'],
  'vso.pipelineresources_manage': ['vso.pipelineresources_use'],
  'vso.project_write': ['vso.project'],
  'vso.project_manage': ['vso.project_write', 'vso.project'],
  'vso.variablegroups_write': ['vso.variablegroups_read'],
  'vso.variablegroups_manage': ['vso.variablegroups_write', 'vso.variablegroups_read'],
  'vso.serviceendpoint_query': ['vso.serviceendpoint'],
  'vso.serviceendpoint_manage': ['vso.serviceendpoint_query', 'vso.serviceendpoint'],
  'vso.test_write': ['vso.test'],
  'vso.graph_manage': ['vso.graph'],
  'vso.identity_manage': ['vso.identity'],
};

function change(read: readonly string[], write: readonly string[]): Needs {
  return { GET: read, POST: write, PUT: write, PATCH: write, DELETE: write };
}

/** The scopes of which one is needed; `undefined` for an operation no extension may call (a job's own, for example). */
export function scopesFor(
  location: Pick<Location, 'area' | 'resourceName'>,
  method: Method,
): readonly string[] | undefined {
  return table[`${location.area}/${location.resourceName}`.toLowerCase()]?.[method];
}

export function covers(granted: readonly string[], needed: readonly string[]): boolean {
  const all = granted.flatMap((scope) => [scope, ...(includes[scope] ?? [])]);
  return needed.length === 0 || needed.some((scope) => all.includes(scope));
}

/** A token that may not do this. The service answers it without CORS headers: a page learns nothing of it. */
export class ScopeError extends ServiceError {
  constructor(who: string) {
    super(403, 'InvalidIdentityException', `TF400813: The user '${who}' is not authorized to access this resource.`);
  }
}

/** Throws unless the scopes open the operation. Unknown operations are closed. */
export function demandScope(granted: readonly string[], location: Location, method: Method, who: string): void {
  const needed = scopesFor(location, method);
  if (needed === undefined || !covers(granted, needed)) throw new ScopeError(who);
}
