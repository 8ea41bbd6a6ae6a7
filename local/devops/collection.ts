import type { Effective } from './access-control';
import { ServiceError } from './errors';
import { ensureFolder, samePath, splitName } from './folders';
import type { Definition, Environment, Identity, ProjectState, SharedState } from './model';
import { collectionName, type Organization } from './organization';
import { buildServiceName } from './people';
import { addDefaultAccess, administerOwn } from './permissions';

/** The organisation as one of its projects sees it: what the project holds beside its runs, and what all projects share. */
export class Collection {
  readonly shared: SharedState;
  readonly remembered: { access: Map<string, Effective>; views: Map<string, boolean> };
  /** Where the project keeps its runs and approvals. */
  readonly folder: string;

  constructor(
    private readonly organization: Organization,
    readonly state: ProjectState,
  ) {
    this.shared = organization.state;
    this.remembered = organization.remembered;
    this.folder = organization.folderOf(state);
    // A new project has the service's first rights, and so has one of before there were lists.
    if (!this.shared.accessLists.some(({ token }) => token.includes(state.projectId))) addDefaultAccess(this);
    this.save();
  }

  save(): void {
    this.organization.save();
  }

  /** `http://127.0.0.1:PORT/local`. */
  get url(): string {
    return this.organization.url;
  }

  listensAt(port: number): void {
    this.organization.url = `http://127.0.0.1:${port}/${collectionName}`;
    this.shared.port = port;
    this.save();
  }

  get isFirst(): boolean {
    return this.state === this.organization.projects[0];
  }

  /** Address of the project by its id, as the service writes its own links. */
  get projectUrl(): string {
    return `${this.url}/${this.state.projectId}`;
  }

  /** A number that was never given before, of its own sequence for each kind. */
  nextId(kind: string): number {
    return this.count(`id:${kind}`, 1);
  }

  /** Next value of a counter; the first one is `seed`. */
  count(name: string, seed: number): number {
    const value = this.shared.counters[name] ?? seed;
    this.shared.counters[name] = value + 1;
    this.save();
    return value;
  }

  identity(id: string): Identity {
    const found = this.shared.identities.find((one) => one.id.toLowerCase() === id.toLowerCase());
    if (!found) throw new ServiceError(404, 'IdentityNotFoundException', `The identity '${id}' could not be found.`);
    return found;
  }

  /** A person by display name, mail address, first name or id; groups too, by `[project]\Name` or plain name, this project's first. */
  findIdentity(name: string): Identity | undefined {
    const wanted = name.trim().toLowerCase();
    const found = this.shared.identities.filter((one) =>
      [one.id, one.displayName, one.uniqueName, one.descriptor, shortName(one)].some(
        (key) => key.toLowerCase() === wanted,
      ),
    );
    return found.find((one) => this.isHere(one)) ?? found[0];
  }

  /** Everybody, the groups of this project and of the organisation, and the identity of this project's jobs. */
  isHere({ kind, displayName }: Identity): boolean {
    if (kind === 'user') return true;
    const { projectName } = this.state;
    if (kind === 'service') return displayName === buildServiceName(projectName, collectionName);
    return [projectName, collectionName].some((scope) => displayName.startsWith(`[${scope}]\\`));
  }

  isMember(identityId: string, containerId: string): boolean {
    if (identityId === containerId) return true;
    const members = this.shared.identities.find((one) => one.id === containerId)?.members ?? [];
    return members.some((member) => this.isMember(identityId, member));
  }

  groupsOf(identityId: string): Identity[] {
    return this.shared.identities.filter((one) => one.kind === 'group' && this.isMember(identityId, one.id));
  }

  isInGroup(identityId: string, group: string): boolean {
    return this.groupsOf(identityId).some((one) => shortName(one) === group && this.isHere(one));
  }

  get buildService(): Identity {
    const found = this.shared.identities.find((one) => one.kind === 'service' && this.isHere(one));
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
