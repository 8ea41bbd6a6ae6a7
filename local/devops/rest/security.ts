import type { Context } from '../context';
import { ServiceError } from '../errors';
import type { Caller } from '../caller';
import { listed, type Route } from '../http';
import { locations } from '../locations';
import { actions, allows, isAdministrator, namespaces, type Namespace } from '../permissions';
import { anything, check, flag, list, number, optional, shape, text } from '../shape';
import { integer } from './values';

const batch = shape({
  alwaysAllowAdministrators: optional(flag),
  evaluations: list(shape({ securityNamespaceId: text, token: text, permissions: number, value: optional(anything) })),
});

/** Evaluation of the caller's own permissions, and the namespaces they are in. */
export function securityRoutes({ collection }: Context): Route[] {
  /** With `always`, a collection administrator is told yes whatever the lists say. */
  const evaluate = (
    caller: Caller,
    namespaceId: string,
    token: string,
    permissions: number,
    always: boolean,
  ): boolean => {
    const namespace = namespaceOf(namespaceId);
    return (always && isAdministrator(collection, caller)) || allows(collection, caller, namespace, permissions, token);
  };
  return [
    {
      location: locations.permissionBatch,
      method: 'POST',
      handle: (call) => {
        const body = check(batch, call.json());
        const always = body.alwaysAllowAdministrators ?? false;
        const evaluations = body.evaluations.map((one) => ({
          ...one,
          value: evaluate(call.caller, one.securityNamespaceId, one.token, one.permissions, always),
        }));
        return { json: { alwaysAllowAdministrators: always, evaluations } };
      },
    },
    {
      location: locations.permissions,
      method: 'GET',
      handle: (call) => {
        const { securityNamespaceId = '', permissions } = call.params;
        const tokens = (call.option('tokens') ?? '').split(call.option('delimiter') ?? ',');
        const wanted = integer(permissions, 'permissions');
        const always = call.option('alwaysAllowAdministrators')?.toLowerCase() === 'true';
        return listed(tokens.map((token) => evaluate(call.caller, securityNamespaceId, token, wanted, always)));
      },
    },
    {
      location: locations.securityNamespaces,
      method: 'GET',
      handle: (call) => {
        const wanted = call.params.securityNamespaceId;
        const found = wanted === undefined ? names : [namespaceOf(wanted)];
        return listed(found.map(namespaceDocument));
      },
    },
  ];
}

const names = ['build', 'environment', 'library', 'endpoints', 'project'] as const;

/** Our name of a namespace of the service. Throws its 404. */
export function namespaceOf(id: string): Namespace {
  const found = names.find((name) => namespaces[name].id === id.toLowerCase());
  if (found) return found;
  throw new ServiceError(404, 'InvalidSecurityNamespaceException', `Security namespace ${id} does not exist.`);
}

function namespaceDocument(namespace: Namespace): Record<string, unknown> {
  const { id, name, read, write } = namespaces[namespace];
  return {
    namespaceId: id,
    name,
    displayName: name,
    separatorValue: namespace === 'project' ? ':' : '/',
    elementLength: -1,
    writePermission: write,
    readPermission: read,
    dataspaceCategory: 'Default',
    structureValue: 1,
    actions: actions[namespace].map((action, index) => ({
      bit: 2 ** index,
      name: action,
      displayName: action,
      namespaceId: id,
    })),
  };
}
