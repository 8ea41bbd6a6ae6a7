import { createHash, generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';

import { ServiceError } from './errors';
import { readDocument, writeDocument } from './files';
import { collectionShape, type CollectionState, type Definition, type Environment, type Identity } from './model';

/** Name of the one collection (the organisation's name in its URLs). */
export const collectionName = 'local';

/** One organisation with one project: who is in it, and everything that is not a run. Kept in `collection.json`. */
export class Collection {
  readonly state: CollectionState;
  private readonly file: string;
  /** Base address; known once the server listens. */
  private base = '';

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
    this.save();
  }

  save(): void {
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
    if (!found) {
      throw new ServiceError(404, 'EnvironmentNotFoundException', `Environment with ID ${id} does not exist.`);
    }
    return found;
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
    this.save();
    return environment;
  }

  definition(id: number): Definition {
    const found = this.state.definitions.find((one) => one.id === id);
    if (!found) {
      throw new ServiceError(
        404,
        'DefinitionNotFoundException',
        `TF400813: Definition ${id} was not found in project ${this.state.projectName}.`,
      );
    }
    return found;
  }

  /** A new pipeline; its name gets a number when another one has it. */
  addDefinition(name: string, yamlFile: string, repository: Definition['repository'], by: string): Definition {
    const id = this.nextId('definition');
    const taken = this.state.definitions.some((one) => one.name.toLowerCase() === name.toLowerCase());
    const definition: Definition = {
      id,
      name: taken ? `${name} (${id})` : name,
      path: '\\',
      yamlFile,
      createdDate: new Date().toISOString(),
      createdBy: by,
      repository: { name: repository.name, url: repository.url, branch: repository.branch },
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
  const person = (displayName: string, mail: string): Identity => {
    const id = randomUUID();
    return { id, kind: 'user', displayName, uniqueName: mail, descriptor: `aad.${encoded(id)}` };
  };
  const scientist = person('Ana Ruiz', 'ana@mlops.localhost');
  const approver = person('Ben Okafor', 'ben@mlops.localhost');
  const administrator = person('Cleo Lind', 'cleo@mlops.localhost');
  const projectId = randomUUID();
  const group = (scope: string, name: string, members: Identity[]): Identity => {
    const id = randomUUID();
    const uniqueName = `vstfs:///Classification/TeamProject/${projectId}\\${name}`;
    const ids = members.map((one) => one.id);
    return {
      id,
      kind: 'group',
      displayName: `[${scope}]\\${name}`,
      uniqueName,
      descriptor: `vssgp.${encoded(id)}`,
      members: ids,
    };
  };
  const serviceId = randomUUID();
  const service: Identity = {
    id: serviceId,
    kind: 'service',
    displayName: `${projectName} Build Service (${collectionName})`,
    uniqueName: `Build\\${serviceId}`,
    descriptor: `svc.${encoded(serviceId)}`,
  };
  const contributors = group(projectName, 'Contributors', [scientist, approver]);
  const administrators = group(projectName, 'Project Administrators', [administrator]);
  const approvers = group(projectName, 'Model approvers', [approver, administrator]);
  const groups = [
    contributors,
    administrators,
    approvers,
    group(projectName, 'Readers', []),
    group(projectName, 'Project Valid Users', [contributors, administrators, approvers, service]),
    group(collectionName, 'Project Collection Administrators', [administrator]),
  ];
  const people = [scientist, approver, administrator];
  return {
    collectionId: randomUUID(),
    projectId,
    projectName,
    createdOn: new Date().toISOString(),
    signingKey: newSigningKey(),
    identities: [...people, service, ...groups],
    tokens: Object.fromEntries(people.map((one) => [one.id, randomBytes(32).toString('base64url')])),
    environments: [],
    checks: [],
    variableGroups: [],
    definitions: [],
    deployments: [],
    leases: [],
    counters: {},
  };
}

function newSigningKey(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function encoded(id: string): string {
  return Buffer.from(createHash('sha256').update(id).digest('hex').slice(0, 36)).toString('base64url');
}
