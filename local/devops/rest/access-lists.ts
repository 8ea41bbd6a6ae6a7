import { effective, isWithin, merged, pathOf } from '../access-control';
import type { Context } from '../context';
import { ServiceError } from '../errors';
import { listed, type Call, type Route } from '../http';
import { locations } from '../locations';
import type { AccessList, Identity } from '../model';
import { identityDescriptor } from '../people';
import { demandAdministration, effectiveOf, findList, listAt, listsOf, setEntry, type Namespace } from '../permissions';
import { anything, check, flag, list, map, number, optional, shape, text } from '../shape';
import { namespaceOf } from './security';

const entryShape = shape({
  descriptor: text,
  allow: optional(number),
  deny: optional(number),
  extendedInfo: optional(anything),
});

const entriesBody = shape({ token: text, merge: optional(flag), accessControlEntries: list(entryShape) });

const listsBody = shape({
  value: list(shape({ token: text, inheritPermissions: optional(flag), acesDictionary: map(entryShape) })),
});

/**
 * Access control lists and their entries. As in the service, a token is not checked for what it names: an entry on a folder that
 * does not exist is kept, and says nothing.
 */
export function accessListRoutes(context: Context): Route[] {
  const { collection } = context;
  const change = (call: Call, token: string): Namespace => {
    const namespace = namespaceOf(call.params.securityNamespaceId ?? '');
    demandAdministration(collection, call.caller, namespace, token);
    return namespace;
  };
  return [
    {
      location: locations.accessControlLists,
      method: 'GET',
      handle: (call) => listed(query(context, call, namespaceOf(call.params.securityNamespaceId ?? ''))),
    },
    {
      location: locations.accessControlLists,
      method: 'POST',
      handle: (call) => {
        const { value } = check(listsBody, call.json());
        for (const one of value) change(call, one.token);
        for (const { token, inheritPermissions, acesDictionary } of value) {
          const namespace = namespaceOf(call.params.securityNamespaceId ?? '');
          const target = listAt(collection, namespace, token);
          target.inherits = inheritPermissions ?? true;
          target.entries = [];
          for (const { descriptor, allow = 0, deny = 0 } of Object.values(acesDictionary))
            setEntry(collection, namespace, token, byDescriptor(context, descriptor).id, { allow, deny });
        }
        collection.save();
        return { status: 204 };
      },
    },
    {
      location: locations.accessControlLists,
      method: 'DELETE',
      handle: (call) => {
        const tokens = (call.option('tokens') ?? '').split(',').filter((token) => token !== '');
        const deep = isTrue(call, 'recurse');
        const gone = tokens.flatMap((token) => {
          const namespace = change(call, token);
          return listsOf(collection, namespace).filter(
            (one) => isWithin(one.token, token) && (deep || isWithin(token, one.token)),
          );
        });
        collection.shared.accessLists = collection.shared.accessLists.filter((one) => !gone.includes(one));
        collection.save();
        return { json: gone.length > 0 };
      },
    },
    {
      location: locations.accessControlEntries,
      method: 'POST',
      handle: (call) => {
        const body = check(entriesBody, call.json());
        const { token } = body;
        const namespace = change(call, token);
        const changed = body.accessControlEntries.map(({ descriptor, allow = 0, deny = 0 }) => {
          const identity = byDescriptor(context, descriptor);
          const known = findList(collection, namespace, token)?.entries.find((one) => one.identity === identity.id);
          const wanted = { allow: allow & ~deny, deny };
          const next = body.merge && known ? merged(known, wanted) : wanted;
          setEntry(collection, namespace, token, identity.id, next);
          return { descriptor: identityDescriptor(identity, collection.shared), ...next };
        });
        collection.save();
        return listed(changed);
      },
    },
    {
      location: locations.accessControlEntries,
      method: 'DELETE',
      handle: (call) => {
        const token = needed(call, 'token');
        const namespace = change(call, token);
        const wanted = needed(call, 'descriptors')
          .split(',')
          .map((descriptor) => byDescriptor(context, descriptor).id);
        const found = findList(collection, namespace, token);
        const before = found?.entries.length ?? 0;
        if (found) found.entries = found.entries.filter((one) => !wanted.includes(one.identity));
        collection.save();
        return { json: before > (found?.entries.length ?? 0) };
      },
    },
  ];
}

function query(context: Context, call: Call, namespace: Namespace): Record<string, unknown>[] {
  const { collection } = context;
  const token = call.option('token');
  const people = call
    .option('descriptors')
    ?.split(',')
    .map((descriptor) => byDescriptor(context, descriptor).id);
  const extended = isTrue(call, 'includeExtendedInfo');
  const deep = isTrue(call, 'recurse');
  const lists = listsOf(collection, namespace).filter(
    (one) => token === undefined || (isWithin(one.token, token) && (deep || isWithin(token, one.token))),
  );
  // What is only inherited shows where it was asked for by name.
  if (extended && token !== undefined && !lists.some((one) => isWithin(token, one.token)))
    lists.push({ namespace, token, inherits: true, entries: [] });
  return lists.map((one) => listDocument(context, one, people, extended));
}

function listDocument(
  context: Context,
  one: AccessList,
  people: string[] | undefined,
  extended: boolean,
): Record<string, unknown> {
  const { collection } = context;
  const above = extended
    ? pathOf(one.token).flatMap((token) => findList(collection, one.namespace, token)?.entries ?? [])
    : one.entries;
  const ids = [...new Set(above.map((entry) => entry.identity))].filter((id) => !people || people.includes(id));
  const entries = ids.map((id) => {
    const descriptor = identityDescriptor(collection.identity(id), collection.shared);
    const own = one.entries.find((entry) => entry.identity === id);
    const info = extended ? { extendedInfo: extendedInfo(context, one, id) } : {};
    return [descriptor, { descriptor, allow: own?.allow ?? 0, deny: own?.deny ?? 0, ...info }] as const;
  });
  return {
    inheritPermissions: one.inherits,
    token: one.token,
    acesDictionary: Object.fromEntries(entries),
    includeExtendedInfo: extended,
  };
}

/** What the identity has here in the end, and what of it comes from above. Zero masks are left out, as the service does. */
function extendedInfo(context: Context, one: AccessList, id: string): Record<string, number> {
  const { collection } = context;
  const all = effectiveOf(collection, id, one.namespace, one.token);
  const subjects = new Set([id, ...collection.groupsOf(id).map((group) => group.id)]);
  const parent = one.inherits ? pathOf(one.token)[1] : undefined;
  const inherited =
    parent === undefined ? { allow: 0, deny: 0 } : effective(listsOf(collection, one.namespace), parent, subjects);
  const info = {
    effectiveAllow: all.allow,
    effectiveDeny: all.deny,
    inheritedAllow: inherited.allow,
    inheritedDeny: inherited.deny,
  };
  return Object.fromEntries(Object.entries(info).filter(([, mask]) => mask !== 0));
}

/** By either name of an identity: the one lists are written with, or the subject descriptor of the Graph. */
function byDescriptor({ collection }: Context, descriptor: string): Identity {
  const { shared } = collection;
  const wanted = descriptor.trim().toLowerCase();
  const found = shared.identities.find((one) =>
    [one.descriptor, identityDescriptor(one, shared)].some((name) => name.toLowerCase() === wanted),
  );
  if (found) return found;
  throw new ServiceError(404, 'IdentityNotFoundException', `The identity '${descriptor}' could not be found.`);
}

function needed(call: Call, name: string): string {
  const value = call.option(name);
  if (value === undefined) throw new ServiceError(400, 'ArgumentNullException', `'${name}' is required.`);
  return value;
}

function isTrue(call: Call, name: string): boolean {
  return call.option(name)?.toLowerCase() === 'true';
}
