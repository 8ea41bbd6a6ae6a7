import type { Context } from '../context';
import { ServiceError } from '../errors';
import { listed, type Answer, type Call, type Route } from '../http';
import { locations } from '../locations';
import type { Identity, Team } from '../model';
import { mayViewProject } from '../permissions';
import { isProject, noProject } from '../projects';

/** Teams and who is in them. A team is a group; `$mine` keeps those that the caller is in, directly or through groups. */
export function teamRoutes(context: Context): Route[] {
  const project = (call: Call): Context => projectNamed(context, call, call.params.projectId ?? '');
  return [
    {
      location: locations.allTeams,
      method: 'GET',
      handle: (call) => teamList(call, visibleProjects(context, call)),
    },
    {
      location: locations.teams,
      method: 'GET',
      handle: (call) => {
        const at = project(call);
        return call.params.teamId === undefined ? teamList(call, [at]) : { json: teamDocument(at, team(at, call)) };
      },
    },
    {
      location: locations.teamMembers,
      method: 'GET',
      handle: (call) => {
        const at = project(call);
        return listed(
          people(at, team(at, call).id).map((one) => ({
            identity: at.documents.identity(one.id),
            isTeamAdmin: at.collection.isInGroup(one.id, 'Project Administrators'),
          })),
        );
      },
    },
  ];
}

export function visibleProjects({ projects }: Context, { caller }: Call): Context[] {
  return projects.filter(({ collection }) => mayViewProject(collection, caller));
}

/** The project of that name or id, for a caller who may see it. To others it does not exist. */
export function projectNamed(context: Context, call: Call, name: string): Context {
  const found = visibleProjects(context, call).find(({ collection }) => isProject(collection.state, name));
  if (found) return found;
  throw noProject(name);
}

function team({ collection }: Context, call: Call): Team {
  const name = call.params.teamId ?? '';
  const { teams } = collection.state;
  const found = teams.find((one) => [one.id, one.name.toLowerCase()].includes(name.toLowerCase()));
  if (found) return found;
  throw new ServiceError(404, 'TeamNotFoundException', `The team with id '${name}' does not exist.`);
}

function teamList(call: Call, projects: Context[]): Answer {
  const own = call.option('$mine')?.toLowerCase() === 'true';
  const found = projects.flatMap((at) =>
    at.collection.state.teams
      .filter((one) => !own || at.collection.isMember(call.caller.identity.id, one.id))
      .map((one) => teamDocument(at, one)),
  );
  const skip = Number(call.option('$skip') ?? 0);
  const top = Number(call.option('$top') ?? found.length);
  return listed(found.slice(skip, skip + top));
}

function people({ collection }: Context, groupId: string): Identity[] {
  return collection.shared.identities.filter((one) => one.kind === 'user' && collection.isMember(one.id, groupId));
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
