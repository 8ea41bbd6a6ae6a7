import type { Context } from '../context';
import { ServiceError } from '../errors';
import { listed, type Answer, type Call, type Route } from '../http';
import { locations } from '../locations';
import type { Identity, Team } from '../model';

/** Teams and who is in them. A team is a group; `$mine` keeps those that the caller is in, directly or through groups. */
export function teamRoutes(context: Context): Route[] {
  const { collection, documents } = context;
  const { state } = collection;
  const inProject = (call: Call): void => {
    const name = call.params.projectId ?? '';
    if (![state.projectId, state.projectName.toLowerCase()].includes(name.toLowerCase())) throw noProject(name);
  };
  const team = (call: Call): Team => {
    const name = call.params.teamId ?? '';
    const found = state.teams.find((one) => [one.id, one.name.toLowerCase()].includes(name.toLowerCase()));
    if (found) return found;
    throw new ServiceError(404, 'TeamNotFoundException', `The team with id '${name}' does not exist.`);
  };
  const mine = (call: Call): Answer => {
    const own = call.option('$mine')?.toLowerCase() === 'true';
    const found = state.teams.filter((one) => !own || collection.isMember(call.caller.identity.id, one.id));
    const skip = Number(call.option('$skip') ?? 0);
    const top = Number(call.option('$top') ?? found.length);
    return listed(found.slice(skip, skip + top).map((one) => teamDocument(context, one)));
  };
  return [
    { location: locations.allTeams, method: 'GET', handle: mine },
    {
      location: locations.teams,
      method: 'GET',
      handle: (call) => {
        inProject(call);
        return call.params.teamId === undefined ? mine(call) : { json: teamDocument(context, team(call)) };
      },
    },
    {
      location: locations.teamMembers,
      method: 'GET',
      handle: (call) => {
        inProject(call);
        return listed(
          people(context, team(call).id).map((one) => ({
            identity: documents.identity(one.id),
            isTeamAdmin: collection.isInGroup(one.id, 'Project Administrators'),
          })),
        );
      },
    },
  ];
}

function people({ collection }: Context, groupId: string): Identity[] {
  return collection.state.identities.filter((one) => one.kind === 'user' && collection.isMember(one.id, groupId));
}

export function teamReference({ collection }: Context, team: Team): Record<string, unknown> {
  const url = `${collection.url}/_apis/projects/${collection.state.projectId}/teams/${team.id}`;
  return { id: team.id, name: team.name, url };
}

function teamDocument(context: Context, team: Team): Record<string, unknown> {
  const { projectName, projectId } = context.collection.state;
  return {
    ...teamReference(context, team),
    description: team.description,
    identityUrl: `${context.collection.url}/_apis/Identities/${team.id}`,
    projectName,
    projectId,
  };
}

export function noProject(name: string): ServiceError {
  return new ServiceError(
    404,
    'ProjectDoesNotExistWithNameException',
    `TF200016: The following project does not exist: ${name}. Verify that the name of the project is correct and that the project exists on the specified Azure DevOps Server.`,
  );
}
