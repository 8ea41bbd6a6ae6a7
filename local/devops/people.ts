import { createHash, randomBytes, randomUUID } from 'node:crypto';

import type { Identity, OrganizationState, ProjectState, SharedState } from './model';

/** Who is in a new organisation: the people of the first days, two teams in the first project, one in those that come later. */

type Names = Pick<ProjectState, 'projectId' | 'projectName'>;

export function firstPeople(names: Names, collectionName: string): Pick<SharedState, 'identities' | 'tokens'> {
  const scientist = person('Ana Ruiz', 'ana@mlops.localhost');
  const approver = person('Ben Okafor', 'ben@mlops.localhost');
  const administrator = person('Cleo Lind', 'cleo@mlops.localhost');
  const people = [scientist, approver, administrator];
  return {
    identities: [
      ...people,
      ...projectIdentities(names, collectionName, {
        scientists: [scientist],
        approvers: [approver],
        administrators: [administrator],
      }),
      group(names, collectionName, 'Project Collection Administrators', [administrator]),
    ],
    tokens: tokensOf(people),
  };
}

interface Staff {
  scientists: Identity[];
  approvers: Identity[];
  administrators: Identity[];
}

/** The identity of a project's jobs, and the groups it begins with. */
function projectIdentities(names: Names, collectionName: string, staff: Staff): Identity[] {
  const { scientists, approvers, administrators } = staff;
  const serviceId = randomUUID();
  const service: Identity = {
    id: serviceId,
    kind: 'service',
    displayName: buildServiceName(names.projectName, collectionName),
    uniqueName: `Build\\${serviceId}`,
    descriptor: `svc.${encoded(serviceId)}`,
  };
  const inProject = (name: string, members: Identity[]): Identity => group(names, names.projectName, name, members);
  const groups = [
    inProject('Contributors', [...scientists, ...approvers]),
    inProject('Project Administrators', administrators),
    inProject('Model approvers', [...approvers, ...administrators]),
  ];
  return [service, ...groups, inProject('Readers', []), inProject('Project Valid Users', [...groups, service])];
}

export function buildServiceName(projectName: string, collectionName: string): string {
  return `${projectName} Build Service (${collectionName})`;
}

/**
 * Adds the default team with the people of the first days, Team A of two of them, and Team B with a scientist and an approver of
 * its own. Both are contributors, so each sees the other's work until permissions say otherwise. A state of before gets them too.
 */
export function addTeams(state: OrganizationState): void {
  const people = state.identities.filter((one) => one.kind === 'user');
  const others = [person('Dora Nilsen', 'dora@mlops.localhost'), person('Emil Sato', 'emil@mlops.localhost')];
  state.identities.push(...others);
  Object.assign(state.tokens, tokensOf(others));
  addFirstTeams(state, state, people);
  const teamB = addTeam(state, state, 'Team B', 'Dora trains models, Emil approves them.', others);
  join(state, state, 'Contributors', [teamB]);
  join(state, state, 'Project Valid Users', [teamB]);
}

/** A later project is the work of the people of the first days alone: whoever is only in Team B of the first one does not see it. */
export function addProjectPeople(state: SharedState, project: ProjectState, collectionName: string): void {
  const [scientists, approvers, administrators] = [
    named(state.identities, 'Ana'),
    named(state.identities, 'Ben'),
    named(state.identities, 'Cleo'),
  ];
  const staff = { scientists, approvers, administrators };
  state.identities.push(...projectIdentities(project, collectionName, staff));
  addFirstTeams(state, project, [...scientists, ...approvers, ...administrators]);
}

/** The default team, and Team A. */
function addFirstTeams(state: SharedState, project: ProjectState, people: Identity[]): void {
  const standard = addTeam(
    state,
    project,
    `${project.projectName} Team`,
    'The default project team.',
    people,
    defaultTeamId(project.projectId),
  );
  const members = [...named(people, 'Ana'), ...named(people, 'Ben')];
  const teamA = addTeam(state, project, 'Team A', 'Ana trains models, Ben approves them.', members);
  join(state, project, 'Contributors', [teamA]);
  join(state, project, 'Project Valid Users', [standard, teamA, ...groupsNamed(state, project, 'Readers')]);
}

function addTeam(
  state: SharedState,
  project: ProjectState,
  name: string,
  description: string,
  members: Identity[],
  id?: string,
): Identity {
  const team = group(project, project.projectName, name, members, id);
  state.identities.push(team);
  project.teams.push({ id: team.id, name, description });
  return team;
}

function named(people: Identity[], firstName: string): Identity[] {
  return people.filter((one) => one.kind === 'user' && one.displayName.startsWith(`${firstName} `));
}

/** The default team's id is made from the project's. */
export function defaultTeamId(projectId: string): string {
  return projectId.replace(/.$/, (last) => (last === 'f' ? '0' : 'f'));
}

/** The other name of an identity, the one that access control lists are written with. */
export function identityDescriptor(identity: Identity, state: Pick<SharedState, 'collectionId'>): string {
  if (identity.kind === 'user')
    return `Microsoft.IdentityModel.Claims.ClaimsIdentity;${state.collectionId}\\${identity.uniqueName}`;
  if (identity.kind === 'service')
    return `Microsoft.TeamFoundation.ServiceIdentity;${state.collectionId}:Build:${identity.id}`;
  const numbers = createHash('sha256').update(identity.id).digest();
  const parts = [0, 4, 8, 12].map((offset) => numbers.readUInt32LE(offset));
  return `Microsoft.TeamFoundation.Identity;S-1-9-1551374245-${parts.join('-')}`;
}

function join(state: SharedState, names: Names, name: string, members: Identity[]): void {
  for (const one of groupsNamed(state, names, name))
    one.members = [...(one.members ?? []), ...members.map(({ id }) => id)];
}

function groupsNamed(state: SharedState, { projectName }: Names, name: string): Identity[] {
  return state.identities.filter((one) => one.kind === 'group' && one.displayName === `[${projectName}]\\${name}`);
}

function person(displayName: string, mail: string): Identity {
  const id = randomUUID();
  return { id, kind: 'user', displayName, uniqueName: mail, descriptor: `aad.${encoded(id)}` };
}

function group(names: Names, scope: string, name: string, members: Identity[], id: string = randomUUID()): Identity {
  return {
    id,
    kind: 'group',
    displayName: `[${scope}]\\${name}`,
    uniqueName: `vstfs:///Classification/TeamProject/${names.projectId}\\${name}`,
    descriptor: `vssgp.${encoded(id)}`,
    members: members.map((one) => one.id),
  };
}

function tokensOf(people: Identity[]): Record<string, string> {
  return Object.fromEntries(people.map((one) => [one.id, randomBytes(32).toString('base64url')]));
}

function encoded(id: string): string {
  return Buffer.from(createHash('sha256').update(id).digest('hex').slice(0, 36)).toString('base64url');
}
