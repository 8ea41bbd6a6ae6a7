import type { Collection } from '../collection';
import type { Context } from '../context';
import { ServiceError } from '../errors';
import { listed, type Answer, type Call, type Route } from '../http';
import { locations } from '../locations';
import {
  demandAdministration,
  environmentToken,
  findList,
  listAt,
  projectToken,
  setEntry,
  visibleEnvironment,
} from '../permissions';
import { check, list, optional, shape, text } from '../shape';
import { integer } from './values';

const scope = 'distributedtask.environmentreferencerole';

/** The roles of an environment are names of masks in its access control list. */
const roles = [
  { name: 'Administrator', mask: 63, description: 'Administrates the environment, its permissions and its checks.' },
  { name: 'User', mask: 17, description: 'Views the environment and uses it in pipelines.' },
  { name: 'Reader', mask: 1, description: 'Views the environment.' },
  { name: 'Creator', mask: 33, description: 'Views environments and creates them.' },
];

const assignment = shape({ userId: text, roleName: text, uniqueName: optional(text) });

/** Who has which role on an environment, given here or inherited from the project. The address names the project with the environment. */
export function roleRoutes(context: Context): Route[] {
  // Lists and people belong to the organisation: any project finds them.
  const { collection } = context;
  const location = locations.roleAssignments;
  const changed = (call: Call): Place & { token: string } => {
    const place = environmentOf(context, call);
    const token = environmentToken(place.collection, place.id);
    demandAdministration(collection, call.caller, 'environment', token);
    return { ...place, token };
  };
  const assign = (token: string, userId: string, roleName: string): void => {
    const identity = collection.identity(userId);
    const role = roles.find((one) => one.name.toLowerCase() === roleName.toLowerCase());
    if (!role || role.name === 'Creator')
      throw new ServiceError(400, 'RoleNotFoundException', `There is no role '${roleName}' on an environment.`);
    setEntry(collection, 'environment', token, identity.id, { allow: role.mask, deny: 0 });
  };
  const remove = (token: string, ids: string[]): Answer => {
    const found = findList(collection, 'environment', token);
    const gone = ids.map((id) => collection.identity(id).id);
    if (found) found.entries = found.entries.filter((one) => !gone.includes(one.identity));
    collection.save();
    return { status: 204 };
  };
  return [
    {
      location: locations.roleDefinitions,
      method: 'GET',
      handle: (call) => {
        checkScope(call);
        return listed(roles.map((role) => roleDocument(role.name)));
      },
    },
    {
      location,
      method: 'GET',
      handle: (call) => {
        const place = environmentOf(context, call);
        visibleEnvironment(place.collection, call.caller, place.id);
        return listed(assignments(place));
      },
    },
    {
      location,
      method: 'PUT',
      handle: (call) => {
        const { token, ...place } = changed(call);
        const { identityId } = call.params;
        const wanted =
          identityId === undefined
            ? check(list(assignment), call.json())
            : [{ ...check(shape({ roleName: text }), call.json()), userId: identityId }];
        for (const one of wanted) assign(token, one.userId, one.roleName);
        collection.save();
        const ids = wanted.map((one) => collection.identity(one.userId).id);
        const now = assignments(place).filter((one) => one.access === 'assigned' && ids.includes(one.identity.id));
        return identityId === undefined ? listed(now) : { json: now[0] };
      },
    },
    {
      location,
      method: 'PATCH',
      handle: (call) => {
        const { token } = changed(call);
        const inherit = call.option('inheritPermissions');
        if (inherit === undefined) return remove(token, check(list(text), call.json()));
        listAt(collection, 'environment', token).inherits = inherit.toLowerCase() === 'true';
        collection.save();
        return { status: 204 };
      },
    },
    {
      location,
      method: 'DELETE',
      handle: (call) => remove(changed(call).token, [call.params.identityId ?? '']),
    },
  ];
}

interface Assignment {
  identity: { id: string; displayName: string; uniqueName: string };
  role: Record<string, unknown>;
  access: 'assigned' | 'inherited';
  accessDisplayName: string;
}

function assignments({ collection, id }: Place): Assignment[] {
  const own = findList(collection, 'environment', environmentToken(collection, id));
  const project = findList(collection, 'environment', projectToken(collection, 'environment'));
  const of = (entries: { identity: string; allow: number }[], access: Assignment['access']): Assignment[] =>
    entries.flatMap((entry) => {
      const role = roles.find((one) => one.mask === entry.allow);
      // A mask that was written bit by bit is no role: it shows in the access control list only.
      if (!role) return [];
      const { id, displayName, uniqueName } = collection.identity(entry.identity);
      return [
        {
          identity: { id, displayName, uniqueName },
          role: roleDocument(role.name),
          access,
          accessDisplayName: access === 'assigned' ? 'Assigned' : 'Inherited',
        },
      ];
    });
  return [
    ...of(own?.entries ?? [], 'assigned'),
    ...(own?.inherits === false ? [] : of(project?.entries ?? [], 'inherited')),
  ];
}

function roleDocument(name: string): Record<string, unknown> {
  const role = roles.find((one) => one.name === name);
  return {
    displayName: name,
    name,
    allowPermissions: role?.mask ?? 0,
    denyPermissions: 0,
    identifier: `${scope}.${name}`,
    description: role?.description ?? '',
    scope,
  };
}

/** An environment in its project. */
interface Place {
  collection: Collection;
  id: number;
}

function environmentOf({ projects }: Context, call: Call): Place {
  checkScope(call);
  const [project, id] = (call.params.resourceId ?? '').split('_');
  const found = projects.find(({ collection }) => collection.state.projectId === project?.toLowerCase());
  if (!found)
    throw new ServiceError(
      404,
      'ResourceNotFoundException',
      `There is no environment '${call.params.resourceId ?? ''}'.`,
    );
  const { collection } = found;
  return { collection, id: collection.environment(integer(id, 'resourceId')).id };
}

function checkScope(call: Call): void {
  const { scopeId = '' } = call.params;
  if (scopeId.toLowerCase() === scope) return;
  throw new ServiceError(
    404,
    'SecurityRoleScopeNotFoundException',
    `Roles of '${scopeId}' are not kept here; only of '${scope}'.`,
  );
}
