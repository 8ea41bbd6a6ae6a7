import type { Context } from '../context';
import { ServiceError } from '../errors';
import { listed, type Route } from '../http';
import { locations } from '../locations';
import { namespaces, permissionsOf, type Namespace } from '../permissions';
import type { Caller } from '../http';
import { anything, check, flag, list, number, optional, shape, text } from '../shape';
import { integer } from './values';

const batch = shape({
  alwaysAllowAdministrators: optional(flag),
  evaluations: list(shape({ securityNamespaceId: text, token: text, permissions: number, value: optional(anything) })),
});

/** Evaluation of the caller's own permissions. They follow from the default groups; they cannot be changed here. */
export function securityRoutes({ collection }: Context): Route[] {
  const evaluate = (caller: Caller, namespaceId: string, token: string, permissions: number): boolean => {
    const environment = /^Environments\/[^/]+\/(\d+)$/i.exec(token)?.[1];
    const held = permissionsOf(
      collection,
      caller,
      namespaceOf(namespaceId),
      environment === undefined ? undefined : Number(environment),
    );
    return (held & permissions) === permissions;
  };
  return [
    {
      location: locations.permissionBatch,
      method: 'POST',
      handle: (call) => {
        const body = check(batch, call.json());
        const evaluations = body.evaluations.map((one) => ({
          ...one,
          value: evaluate(call.caller, one.securityNamespaceId, one.token, one.permissions),
        }));
        return { json: { alwaysAllowAdministrators: body.alwaysAllowAdministrators ?? false, evaluations } };
      },
    },
    {
      location: locations.permissions,
      method: 'GET',
      handle: (call) => {
        const { securityNamespaceId = '', permissions } = call.params;
        const tokens = (call.option('tokens') ?? '').split(call.option('delimiter') ?? ',');
        const wanted = integer(permissions, 'permissions');
        return listed(tokens.map((token) => evaluate(call.caller, securityNamespaceId, token, wanted)));
      },
    },
    {
      location: locations.securityNamespaces,
      method: 'GET',
      handle: (call) => {
        const wanted = call.params.securityNamespaceId?.toLowerCase();
        const found = Object.values(namespaces).filter((one) => wanted === undefined || one.id === wanted);
        return listed(found.map(({ id, name }) => ({ namespaceId: id, name, displayName: name })));
      },
    },
  ];
}

function namespaceOf(id: string): Namespace {
  for (const name of ['build', 'environment', 'library', 'endpoints', 'project'] as const) {
    if (namespaces[name].id === id.toLowerCase()) return name;
  }
  throw new ServiceError(404, 'InvalidSecurityNamespaceException', `Security namespace ${id} does not exist.`);
}
