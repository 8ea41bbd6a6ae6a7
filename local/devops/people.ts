import { createHash, randomBytes, randomUUID } from 'node:crypto';

import type { CollectionState, Identity } from './model';

/** Who is in a new organisation: the people of the first days, and two teams in one project. */

type Names = Pick<CollectionState, 'projectId' | 'projectName'>;

export function firstPeople(names: Names, collectionName: string): Pick<CollectionState, 'identities' | 'tokens'> {
  const scientist = person('Ana Ruiz', 'ana@mlops.localhost');
  const approver = person('Ben Okafor', 'ben@mlops.localhost');
  const administrator = person('Cleo Lind', 'cleo@mlops.localhost');
  const serviceId = randomUUID();
  const service: Identity = {
    id: serviceId,
    kind: 'service',
    displayName: `${names.projectName} Build Service (${collectionName})`,
    uniqueName: `Build\\${serviceId}`,
    descriptor: `svc.${encoded(serviceId)}`,
  };
  const inProject = (name: string, members: Identity[]): Identity => group(names, names.projectName, name, members);
  const contributors = inProject('Contributors', [scientist, approver]);
  const administrators = inProject('Project Administrators', [administrator]);
  const approvers = inProject('Model approvers', [approver, administrator]);
  const people = [scientist, approver, administrator];
  return {
    identities: [
      ...people,
      service,
      contributors,
      administrators,
      approvers,
      inProject('Readers', []),
      inProject('Project Valid Users', [contributors, administrators, approvers, service]),
      group(names, collectionName, 'Project Collection Administrators', [administrator]),
    ],
    tokens: tokensOf(people),
  };
}

/**
 * Adds the default team with the people of the first days, Team A of two of them, and Team B with a scientist and an approver of
 * its own. Both are contributors, so each sees the other's work until permissions say otherwise. A state of before gets them too.
 */
export function addTeams(state: CollectionState): void {
  const people = state.identities.filter((one) => one.kind === 'user');
  const others = [person('Dora Nilsen', 'dora@mlops.localhost'), person('Emil Sato', 'emil@mlops.localhost')];
  const named = (name: string): Identity[] => people.filter((one) => one.displayName.startsWith(`${name} `));
  state.identities.push(...others);
  Object.assign(state.tokens, tokensOf(others));
  const add = (name: string, description: string, members: Identity[], id?: string): Identity => {
    const team = group(state, state.projectName, name, members, id);
    state.identities.push(team);
    state.teams.push({ id: team.id, name, description });
    return team;
  };
  const standard = add(
    `${state.projectName} Team`,
    'The default project team.',
    people,
    defaultTeamId(state.projectId),
  );
  const teamA = add('Team A', 'Ana trains models, Ben approves them.', [...named('Ana'), ...named('Ben')]);
  const teamB = add('Team B', 'Dora trains models, Emil approves them.', others);
  join(state, 'Contributors', [teamA, teamB]);
  join(state, 'Project Valid Users', [standard, teamA, teamB, ...groupsNamed(state, 'Readers')]);
}

/** The default team's id is made from the project's. */
export function defaultTeamId(projectId: string): string {
  return projectId.replace(/.$/, (last) => (last === 'f' ? '0' : 'f'));
}

/** The other name of an identity, the one that access control lists are written with. */
export function identityDescriptor(identity: Identity, state: Pick<CollectionState, 'collectionId'>): string {
  if (identity.kind === 'user')
    return `Microsoft.IdentityModel.Claims.ClaimsIdentity;${state.collectionId}\\${identity.uniqueName}`;
  if (identity.kind === 'service')
    return `Microsoft.TeamFoundation.ServiceIdentity;${state.collectionId}:Build:${identity.id}`;
  const numbers = createHash('sha256').update(identity.id).digest();
  const parts = [0, 4, 8, 12].map((offset) => numbers.readUInt32LE(offset));
  return `Microsoft.TeamFoundation.Identity;S-1-9-1551374245-${parts.join('-')}`;
}

function join(state: CollectionState, name: string, members: Identity[]): void {
  for (const one of groupsNamed(state, name)) one.members = [...(one.members ?? []), ...members.map(({ id }) => id)];
}

function groupsNamed(state: CollectionState, name: string): Identity[] {
  return state.identities.filter(
    (one) => one.kind === 'group' && one.displayName === `[${state.projectName}]\\${name}`,
  );
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
