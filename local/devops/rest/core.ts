import { shortName } from '../collection';
import type { Context } from '../context';
import { ServiceError } from '../errors';
import { listed, type Route } from '../http';
import { locations } from '../locations';
import type { Identity } from '../model';
import { defaultTeamId, identityDescriptor } from '../people';
import { projectNamed, teamReference, teamRoutes, visibleProjects } from './teams';

/** Connection, projects, teams, and who is who. */
export function coreRoutes(context: Context): Route[] {
  return [...connectionRoutes(context), ...teamRoutes(context), ...identityRoutes(context)];
}

function connectionRoutes(context: Context): Route[] {
  const { shared } = context.collection;
  return [
    {
      location: locations.connectionData,
      method: 'GET',
      handle: ({ caller }) => {
        const { id, descriptor, displayName, uniqueName } = caller.identity;
        const user = {
          id,
          descriptor: identityDescriptor(caller.identity, shared),
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
            instanceId: shared.collectionId,
            deploymentId: shared.collectionId,
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
        const { projectId } = call.params;
        if (projectId === undefined)
          return listed(visibleProjects(context, call).map(({ documents }) => documents.project()));
        const project = projectNamed(context, call, projectId);
        const { url, state } = project.collection;
        return {
          json: {
            ...project.documents.project(),
            ...(call.option('includeCapabilities') === 'true'
              ? {
                  capabilities: {
                    versioncontrol: { sourceControlType: 'Git', gitEnabled: 'True', tfvcEnabled: 'False' },
                  },
                }
              : {}),
            _links: {
              self: { href: `${url}/_apis/projects/${state.projectId}` },
              web: { href: `${url}/${state.projectName}` },
            },
            defaultTeam: defaultTeam(project),
          },
        };
      },
    },
  ];
}

function defaultTeam(project: Context): Record<string, unknown> | undefined {
  const { teams, projectId } = project.collection.state;
  const found = teams.find((one) => one.id === defaultTeamId(projectId));
  return found && teamReference(project, found);
}

function identityRoutes({ collection }: Context): Route[] {
  const { shared } = collection;
  const byDescriptor = (descriptor: string | undefined): Identity => {
    const found = shared.identities.find((one) => one.descriptor === descriptor);
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
        const found = shared.identities.filter((one) =>
          filter === undefined
            ? wanted.some(
                (key) =>
                  key.toLowerCase() === one.id || [one.descriptor, identityDescriptor(one, shared)].includes(key),
              )
            : [one.displayName, one.uniqueName, shortName(one)].some((name) => name.toLowerCase().startsWith(filter)),
        );
        const documents = found.map((one) => ({
          id: one.id,
          descriptor: identityDescriptor(one, shared),
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
        return listed(shared.identities.filter((one) => one.kind === 'user').map(graph));
      },
    },
    {
      location: locations.graphGroups,
      method: 'GET',
      handle: (call) => {
        if (call.params.groupDescriptor !== undefined)
          return { json: graph(byDescriptor(call.params.groupDescriptor)) };
        return listed(shared.identities.filter((one) => one.kind === 'group').map(graph));
      },
    },
    {
      location: locations.graphMemberships,
      method: 'GET',
      handle: (call) => {
        const subject = byDescriptor(call.params.subjectDescriptor);
        const down = call.option('direction')?.toLowerCase() === 'down';
        const containers = shared.identities.filter((one) => one.members?.includes(subject.id));
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
