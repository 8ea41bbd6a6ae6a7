import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { join } from 'node:path';

import type { Effective } from './access-control';
import { ServiceError } from './errors';
import { readDocument, writeDocument } from './files';
import { ensureFolder, samePath, splitName } from './folders';
import { collectionShape, type CollectionState, type Definition, type Environment, type Identity } from './model';
import { addTeams, firstPeople } from './people';
import { addDefaultAccess, administerOwn } from './permissions';

/** Name of the one collection (the organisation's name in its URLs). */
export const collectionName = 'local';

/** One organisation with one project: who is in it, and everything that is not a run. Kept in `collection.json`. */
export class Collection {
  readonly state: CollectionState;
  private readonly file: string;
  /** Base address; known once the server listens. */
  private base = '';
  /** What follows from the state and is asked for often (who may see what), until the state changes. */
  readonly remembered = { access: new Map<string, Effective>(), views: new Map<string, boolean>() };

  constructor(
    readonly folder: string,
    projectName: string,
  ) {
    this.file = join(folder, 'collection.json');
    this.state = readDocument(this.file, collectionShape) ?? newCollection(projectName);
    if (this.state.projectName !== projectName) {
      throw new Error(
        `The state folder ${folder} belongs to project '${this.state.projectName}', not '${projectName}'. Choose another folder.`,
      );
    }
    // A state of before there were teams and lists gets what a new one has.
    if (this.state.teams.length === 0) addTeams(this.state);
    if (this.state.accessLists.length === 0) addDefaultAccess(this);
    this.save();
  }

  save(): void {
    this.remembered.access.clear();
    this.remembered.views.clear();
    writeDocument(this.file, this.state);
  }

  /** `http://127.0.0.1:PORT/local`. */
  get url(): string {
    return this.base;
  }

  listensAt(port: number): void {
    this.base = `http://127.0.0.1:${port}/${collectionName}`;
    this.state.port = port;
    this.save();
  }

  /** Address of the project by its id, as the service writes its own links. */
  get projectUrl(): string {
    return `${this.base}/${this.state.projectId}`;
  }

  /** A number that was never given before, of its own sequence for each kind. */
  nextId(kind: string): number {
    return this.count(`id:${kind}`, 1);
  }

  /** Next value of a counter; the first one is `seed`. */
  count(name: string, seed: number): number {
    const value = this.state.counters[name] ?? seed;
    this.state.counters[name] = value + 1;
    this.save();
    return value;
  }

  identity(id: string): Identity {
    const found = this.state.identities.find((one) => one.id.toLowerCase() === id.toLowerCase());
    if (!found) throw new ServiceError(404, 'IdentityNotFoundException', `The identity '${id}' could not be found.`);
    return found;
  }

  /** A person by display name, mail address, first name or id; groups too, by `[project]\Name` or plain name. */
  findIdentity(name: string): Identity | undefined {
    const wanted = name.trim().toLowerCase();
    return this.state.identities.find((one) =>
      [one.id, one.displayName, one.uniqueName, one.descriptor, shortName(one)].some(
        (key) => key.toLowerCase() === wanted,
      ),
    );
  }

  isMember(identityId: string, containerId: string): boolean {
    if (identityId === containerId) return true;
    const members = this.state.identities.find((one) => one.id === containerId)?.members ?? [];
    return members.some((member) => this.isMember(identityId, member));
  }

  groupsOf(identityId: string): Identity[] {
    return this.state.identities.filter((one) => one.kind === 'group' && this.isMember(identityId, one.id));
  }

  isInGroup(identityId: string, group: string): boolean {
    return this.groupsOf(identityId).some((one) => shortName(one) === group);
  }

  get buildService(): Identity {
    const found = this.state.identities.find((one) => one.kind === 'service');
    if (!found) throw new Error('The state has no build service identity.');
    return found;
  }

  environment(id: number): Environment {
    const found = this.state.environments.find((one) => one.id === id);
    if (!found) throw this.noEnvironment(id);
    return found;
  }

  noEnvironment(id: number): ServiceError {
    return new ServiceError(404, 'EnvironmentNotFoundException', `Environment with ID ${id} does not exist.`);
  }

  addEnvironment(name: string, description: string, by: string): Environment {
    const now = new Date().toISOString();
    const environment: Environment = {
      id: this.nextId('environment'),
      name,
      description,
      createdBy: by,
      createdOn: now,
      lastModifiedBy: by,
      lastModifiedOn: now,
    };
    this.state.environments.push(environment);
    administerOwn(this, environment.id, by);
    this.save();
    return environment;
  }

  definition(id: number): Definition {
    const found = this.state.definitions.find((one) => one.id === id);
    if (!found) throw this.noDefinition(id);
    return found;
  }

  noDefinition(id: number): ServiceError {
    return new ServiceError(
      404,
      'DefinitionNotFoundException',
      `TF400813: Definition ${id} was not found in project ${this.state.projectName}.`,
    );
  }

  /**
   * The pipeline of a YAML file: the known one of this name, made when there is none. A name may carry its folder
   * (`\mlops\team-a\train`); one without finds the pipeline wherever it was moved to.
   */
  definitionOf(pipelineName: string, yamlFile: string, repository: Definition['repository'], by: string): Definition {
    const { name, folder } = splitName(pipelineName);
    const known = this.state.definitions.find(
      (one) => one.name === name && one.yamlFile === yamlFile && (folder === undefined || samePath(one.path, folder)),
    );
    return known ?? this.addDefinition(name, yamlFile, repository, by, folder);
  }

  /** A new pipeline; its name gets a number when another one of the folder has it. */
  addDefinition(
    name: string,
    yamlFile: string,
    repository: Definition['repository'],
    by: string,
    path = '\\',
  ): Definition {
    const id = this.nextId('definition');
    const taken = this.state.definitions.some(
      (one) => one.name.toLowerCase() === name.toLowerCase() && samePath(one.path, path),
    );
    ensureFolder(this.state, path, by);
    const definition: Definition = {
      id,
      name: taken ? `${name} (${id})` : name,
      path,
      yamlFile,
      createdDate: new Date().toISOString(),
      createdBy: by,
      repository: { name: repository.name, url: repository.url, branch: repository.branch },
      revision: 1,
    };
    this.state.definitions.push(definition);
    this.save();
    return definition;
  }
}

/** Display name without its `[scope]\` prefix; of a person, the first name. */
export function shortName(identity: Identity): string {
  const plain = identity.displayName.replace(/^\[[^\]]*\]\\/, '');
  return identity.kind === 'user' ? (plain.split(' ')[0] ?? plain) : plain;
}

function newCollection(projectName: string): CollectionState {
  const names = { projectId: randomUUID(), projectName };
  return {
    collectionId: randomUUID(),
    ...names,
    createdOn: new Date().toISOString(),
    signingKey: newSigningKey(),
    ...firstPeople(names, collectionName),
    environments: [],
    checks: [],
    variableGroups: [],
    definitions: [],
    folders: [],
    accessLists: [],
    teams: [],
    deployments: [],
    leases: [],
    counters: {},
  };
}

function newSigningKey(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}
