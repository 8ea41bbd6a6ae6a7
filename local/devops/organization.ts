import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { join } from 'node:path';

import type { Effective } from './access-control';
import { readDocument, writeDocument } from './files';
import { organizationShape, type OrganizationState, type ProjectState } from './model';
import { addProjectPeople, addTeams, firstPeople } from './people';

/** Name of the one collection (the organisation's name in its URLs). */
export const collectionName = 'local';

/** The service's own rules for the name of a project, as far as an address or a group's name needs them. */
const projectNamePattern = /^[^\\/:*?"<>|;#$*{},+=[\]\p{Cc}]{1,64}$/u;

/** The organisation: its projects, who is in them, and who may do what. One document, `collection.json`. */
export class Organization {
  readonly state: OrganizationState;
  /** What follows from the state and is asked for often (who may see what), until the state changes. */
  readonly remembered = { access: new Map<string, Effective>(), views: new Map<string, boolean>() };
  /** Base address; known once the server listens. */
  url = '';
  private readonly file: string;

  /** Throws when the state belongs to another first project. */
  constructor(
    readonly folder: string,
    firstProject: string,
  ) {
    this.file = join(folder, 'collection.json');
    this.state = readDocument(this.file, organizationShape) ?? newOrganization(firstProject);
    if (this.state.projectName !== firstProject) {
      throw new Error(
        `The state folder ${folder} belongs to project '${this.state.projectName}', not '${firstProject}'. Choose another folder.`,
      );
    }
    // A state of before there were teams gets what a new one has.
    if (this.state.teams.length === 0) addTeams(this.state);
  }

  /** All projects, the first one first. */
  get projects(): ProjectState[] {
    return [this.state, ...this.state.projects];
  }

  /** The project of that name, in any case; made when there is none. Throws when it cannot be one. */
  project(name: string): ProjectState {
    const known = this.projects.find((one) => one.projectName.toLowerCase() === name.toLowerCase());
    if (known) return known;
    if (!projectNamePattern.test(name) || name !== name.trim() || /^[_.]|\.$/.test(name))
      throw new Error(`'${name}' cannot be the name of a project.`);
    const made = emptyProject(name);
    this.state.projects.push(made);
    addProjectPeople(this.state, made, collectionName);
    return made;
  }

  /** Where a project keeps its runs and approvals: the first one where it always did. */
  folderOf(project: ProjectState): string {
    return project === this.state ? this.folder : join(this.folder, 'projects', project.projectId);
  }

  save(): void {
    this.remembered.access.clear();
    this.remembered.views.clear();
    writeDocument(this.file, this.state);
  }
}

function newOrganization(firstProject: string): OrganizationState {
  const project = emptyProject(firstProject);
  return {
    collectionId: randomUUID(),
    signingKey: newSigningKey(),
    ...firstPeople(project, collectionName),
    accessLists: [],
    counters: {},
    ...project,
    projects: [],
  };
}

function emptyProject(projectName: string): ProjectState {
  return {
    projectId: randomUUID(),
    projectName,
    createdOn: new Date().toISOString(),
    environments: [],
    checks: [],
    variableGroups: [],
    definitions: [],
    folders: [],
    teams: [],
    deployments: [],
    leases: [],
  };
}

function newSigningKey(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}
