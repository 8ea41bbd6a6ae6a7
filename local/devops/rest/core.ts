import { shortName } from '../collection';
import type { Context } from '../context';
import { ServiceError } from '../errors';
import { listed, type Route } from '../http';
import { locations } from '../locations';
import type { Identity } from '../model';
import { defaultTeamId, identityDescriptor } from '../people';
import { noProject, teamReference, teamRoutes } from './teams';

/** Connection, projects, teams, and who is who. */
export function coreRoutes(context: Context): Route[] {
  return [...connectionRoutes(context), ...teamRoutes(context), ...identityRoutes(context)];
}

function connectionRoutes(context: Context): Route[] {
  const { collection, documents } = context;
  const { state } = collection;
  const defaultTeam = (): Record<string, unknown> | undefined => {
    const id = defaultTeamId(state.projectId);
    return state.teams.filter((one) => one.id === id).map((one) => teamReference(context, one))[0];
  };
  return [
    {
      location: locations.connectionData,
      method: 'GET',
      handle: ({ caller }) => {
        const { id, descriptor, displayName, uniqueName } = caller.identity;
        const user = {
          id,
          descriptor: identityDescriptor(caller.identity, state),
          subjectDescriptor: descriptor,
          providerDisplayName: displayName,
          isActive: true,
          properties: { Account: { $type: 'System.String', $value: uniqueName } },
          resourceVersion: 2,
          metaTypeId: 0,
        };
        return {
          json: {
            authenticatedUser: user,
            authorizedUser: user,
            instanceId: state.collectionId,
            deploymentId: state.collectionId,
            deploymentType: 'hosted',
            locationServiceData: {
              serviceOwner: '00025394-6065-48ca-87d9-7f5672854ef7',
              defaultAccessMappingMoniker: 'PublicAccessMapping',
              lastChangeId: 1,
              lastChangeId64: 1,
            },
          },
        };
      },
    },
    // None listed: a client then asks the collection's own address for every area.
    {
      location: locations.resourceAreas,
      method: 'GET',
      handle: (call) => (call.params.areaId === undefined ? listed([]) : { json: null }),
    },
    {
      location: locations.projects,
      method: 'GET',
      handle: (call) => {
        const wanted = call.params.projectId?.toLowerCase();
        if (wanted === undefined) return listed([documents.project()]);
        if (wanted !== state.projectId && wanted !== state.projectName.toLowerCase()) throw noProject(wanted);
        return {
          json: {
            ...documents.project(),
            ...(call.option('includeCapabilities') === 'true'
              ? {
                  capabilities: {
                    versioncontrol: { sourceControlType: 'Git', gitEnabled: 'True', tfvcEnabled: 'False' },
                  },
                }
              : {}),
            _links: {
              self: { href: `${collection.url}/_apis/projects/${state.projectId}` },
              web: { href: `${collection.url}/${state.projectName}` },
            },
            defaultTeam: defaultTeam(),
          },
        };
      },
    },
  ];
}

function identityRoutes({ collection }: Context): Route[] {
  const { state } = collection;
  const byDescriptor = (descriptor: string | undefined): Identity => {
    const found = state.identities.find((one) => one.descriptor === descriptor);
    if (!found)
      throw new ServiceError(
        404,
        'GraphSubjectNotFoundException',
        `VS860016: Could not find the subject with descriptor '${descriptor ?? ''}'.`,
      );
    return found;
  };
  const graph = (one: Identity): Record<string, unknown> => ({
    subjectKind: one.kind === 'group' ? 'group' : 'user',
    displayName: one.displayName,
    principalName: one.kind === 'group' ? one.displayName : one.uniqueName,
    mailAddress: one.kind === 'user' ? one.uniqueName : null,
    origin: one.kind === 'user' ? 'aad' : 'vsts',
    originId: one.id,
    descriptor: one.descriptor,
    url: `${collection.url}/_apis/Graph/${one.kind === 'group' ? 'Groups' : 'Users'}/${one.descriptor}`,
  });
  return [
    {
      location: locations.identities,
      method: 'GET',
      handle: (call) => {
        const lists = ['identityIds', 'descriptors', 'subjectDescriptors'].flatMap(
          (name) => call.option(name)?.split(',') ?? [],
        );
        const filter = call.option('filterValue')?.toLowerCase();
        const wanted = call.params.identityId === undefined ? lists : [call.params.identityId];
        if (wanted.length === 0 && filter === undefined)
          throw new ServiceError(
            400,
            'ArgumentException',
            'Say which identities: identityIds, descriptors, or searchFilter with filterValue.',
          );
        const found = state.identities.filter((one) =>
          filter === undefined
            ? wanted.some(
                (key) => key.toLowerCase() === one.id || [one.descriptor, identityDescriptor(one, state)].includes(key),
              )
            : [one.displayName, one.uniqueName, shortName(one)].some((name) => name.toLowerCase().startsWith(filter)),
        );
        const documents = found.map((one) => ({
          id: one.id,
          descriptor: identityDescriptor(one, state),
          subjectDescriptor: one.descriptor,
          providerDisplayName: one.displayName,
          isActive: true,
          isContainer: one.kind === 'group',
          members: [],
          memberOf: [],
          properties: {
            Account: { $type: 'System.String', $value: one.uniqueName },
            Mail: { $type: 'System.String', $value: one.uniqueName },
          },
          resourceVersion: 2,
          metaTypeId: 0,
        }));
        return call.params.identityId === undefined ? listed(documents) : { json: documents[0] ?? null };
      },
    },
    {
      location: locations.graphUsers,
      method: 'GET',
      handle: (call) => {
        if (call.params.userDescriptor !== undefined) return { json: graph(byDescriptor(call.params.userDescriptor)) };
        return listed(state.identities.filter((one) => one.kind === 'user').map(graph));
      },
    },
    {
      location: locations.graphGroups,
      method: 'GET',
      handle: (call) => {
        if (call.params.groupDescriptor !== undefined)
          return { json: graph(byDescriptor(call.params.groupDescriptor)) };
        return listed(state.identities.filter((one) => one.kind === 'group').map(graph));
      },
    },
    {
      location: locations.graphMemberships,
      method: 'GET',
      handle: (call) => {
        const subject = byDescriptor(call.params.subjectDescriptor);
        const down = call.option('direction')?.toLowerCase() === 'down';
        const containers = state.identities.filter((one) => one.members?.includes(subject.id));
        const pairs = down
          ? (subject.members ?? []).map((id) => ({
              containerDescriptor: subject.descriptor,
              memberDescriptor: collection.identity(id).descriptor,
            }))
          : containers.map((one) => ({ containerDescriptor: one.descriptor, memberDescriptor: subject.descriptor }));
        return listed(pairs);
      },
    },
    {
      location: locations.graphDescriptors,
      method: 'GET',
      handle: (call) => ({ json: { value: collection.identity(call.params.storageKey ?? '').descriptor } }),
    },
  ];
}
