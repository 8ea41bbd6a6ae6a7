import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import type { Server, ServiceConnection } from '../agent/server';
import { agentSide } from './agent-side';
import { Approvals } from './approvals';
import { approvalCheckType } from './check-kinds';
import { Collection, shortName } from './collection';
import type { Context, Queue } from './context';
import { Documents } from './documents';
import { Behaviours, type Behaviour } from './faults';
import { RestServer, type Ground, type Served } from './http';
import { Oidc, type JsonWebKeySet } from './oidc';
import { Organization } from './organization';
import { defaultTeamId } from './people';
import { mayViewProject } from './permissions';
import { accessListRoutes } from './rest/access-lists';
import { approvalRoutes } from './rest/approvals';
import { buildPartRoutes } from './rest/build-parts';
import { buildRoutes } from './rest/builds';
import { checkRunRoutes } from './rest/check-runs';
import { checkRoutes } from './rest/checks';
import { coreRoutes } from './rest/core';
import { environmentRoutes } from './rest/environments';
import { folderRoutes } from './rest/folders';
import { libraryRoutes, saveVariableGroup } from './rest/library';
import { markRoutes } from './rest/marks';
import { pipelineRoutes } from './rest/pipelines';
import { roleRoutes } from './rest/roles';
import { securityRoutes } from './rest/security';
import { testRoutes } from './rest/tests';
import type { RequestRecord } from './request-log';
import { Runs } from './runs';
import { Sessions, type SessionRequest } from './sessions';

export type { Queue, QueueRequest } from './context';
export type { Behaviour, Fault, FaultKind, RateLimit } from './faults';
export type { RequestRecord } from './request-log';
export type { SessionRequest } from './sessions';

/** Of the project beside the first one, so that there is something to switch to. It begins empty. */
const secondProject = 'vision';

const parts = [
  coreRoutes,
  buildRoutes,
  folderRoutes,
  buildPartRoutes,
  markRoutes,
  pipelineRoutes,
  testRoutes,
  environmentRoutes,
  approvalRoutes,
  checkRoutes,
  checkRunRoutes,
  libraryRoutes,
  securityRoutes,
  accessListRoutes,
  roleRoutes,
];

export interface DevOpsOptions {
  /** Folder of the state; `devops` is made in it. */
  stateDir: string;
  /** Without one: the port of the last start, and any free one the first time. */
  port?: number;
  /** Name of the first project; `diabetes` when absent. Beside it there is `vision`, and whatever the state has. */
  project?: string;
  /** What pipelines may use; more with `addServiceConnection`. Held in memory: give them at every start, with the same ids. */
  serviceConnections?: ServiceConnection[];
  /** Made when they are not there yet; a variable group's values are brought up to date. */
  seed?: Seed;
}

export interface Seed {
  variableGroups?: {
    name: string;
    description?: string;
    variables: Record<string, { value: string; isSecret?: boolean }>;
  }[];
  environments?: {
    name: string;
    description?: string;
    approval?: {
      /** Names of people or groups. */
      approvers: string[];
      requesterCannotBeApprover?: boolean;
      minRequiredApprovers?: number;
      instructions?: string;
      timeoutMinutes?: number;
    };
  }[];
}

export interface User {
  id: string;
  displayName: string;
  mail: string;
  /** What `--as` takes, besides the others. */
  shortName: string;
  groups: string[];
  /** Personal access token. A secret. */
  token: string;
}

export interface LocalProject {
  readonly id: string;
  readonly name: string;
  readonly team: { id: string; name: string };
  /** An agent's way to it. */
  readonly server: Server;
  /** Whether the project is there for that person. */
  readonly isSeenBy: (userId: string) => boolean;
}

export interface LocalDevOps {
  /** Address of the collection: `http://127.0.0.1:PORT/local`. */
  readonly url: string;
  /** The first project, in which agents and commands work. */
  readonly project: { id: string; name: string };
  readonly server: Server;
  /** All projects, the first one first. They share people, and numbers: no two have the same build. */
  readonly projects: readonly LocalProject[];
  /** Requester, approver and administrator, in this order. */
  readonly users: User[];
  readonly oidcIssuer: string;
  readonly jwks: JsonWebKeySet;
  /** The subject of OIDC tokens for a service connection: `sc://local/<project>/<connection>`. */
  oidcSubject(connectionName: string): string;
  /** Tokens of extensions' pages; see `Sessions`. */
  readonly sessions: { issue(request: SessionRequest): string };
  addServiceConnection(connection: ServiceConnection): void;
  /** Changes how the service behaves from now on (latency, faults, exposed headers) and tells how that is; `fail` replaces all faults. */
  behave(change: Partial<Behaviour>): Behaviour;
  /** The same for the controls of a page, whose values are checked. */
  readonly faults: { read(): Behaviour; write(value: unknown): Behaviour };
  /** Sends people who follow a link to a page there. */
  pagesAt(origin: string): void;
  /** Back to a service without latency and faults. */
  calm(): void;
  /** The requests of late, the newest last. */
  requests(): readonly RequestRecord[];
  forgetRequests(): void;
  /** Connects the agent that takes runs queued through REST. */
  onQueue(queue: Queue): void;
  stop(): Promise<void>;
}

/**
 * Starts Azure DevOps on this machine, on loopback only. State is kept in `<stateDir>/devops`, with the port.
 * Throws when the port is in use, or the state cannot be read.
 */
export async function startDevOps(options: DevOpsOptions): Promise<LocalDevOps> {
  const folder = join(options.stateDir, 'devops');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const organization = new Organization(folder, options.project ?? 'diabetes');
  organization.project(secondProject);
  const sessions = new Sessions();
  const behaviours = new Behaviours();
  const contexts: Context[] = [];
  for (const state of organization.projects)
    contexts.push(open(new Collection(organization, state), behaviours, contexts));
  const [first, ...others] = contexts;
  if (!first) throw new Error('The state has no project.');
  const { collection, oidc, connections } = first;
  connections.push(...(options.serviceConnections ?? []));
  const ground: Ground = { projects: [serve(first), ...others.map(serve)], oidc, sessions, behaviours };
  const rest = new RestServer(ground);
  plant(first, options.seed ?? {});
  await rest.start(options.port);
  const projects = contexts.map(localProject);
  const { id, name, server } = localProject(first);
  return {
    get url() {
      return collection.url;
    },
    project: { id, name },
    server,
    projects,
    users: usersOf(collection),
    get oidcIssuer() {
      return oidc.issuer;
    },
    jwks: oidc.jwks,
    oidcSubject: (name) => oidc.connectionSubject(name),
    sessions: {
      issue: (request) => sessions.issue({ ...request, userId: collection.identity(request.userId).id }),
    },
    behave: (change) => behaviours.change(change),
    faults: behaviours,
    pagesAt: (origin) => {
      ground.pages = origin;
    },
    calm: () => behaviours.calm(),
    requests: () => rest.log.all(),
    forgetRequests: () => rest.log.clear(),
    addServiceConnection: (connection) => {
      connections.push(structuredClone(connection));
    },
    onQueue: (queue) => {
      first.queue = queue;
    },
    stop: async () => {
      await rest.stop();
      for (const { runs } of contexts) runs.close();
    },
  };
}

/** What one project's routes work with. Service connections are the first project's own: the others begin without. */
function open(collection: Collection, behaviours: Behaviours, projects: readonly Context[]): Context {
  const runs = new Runs(collection);
  return {
    collection,
    runs,
    approvals: new Approvals(collection, runs),
    documents: new Documents(collection, runs),
    oidc: new Oidc(collection),
    behaviours,
    connections: [],
    projects,
  };
}

function serve(context: Context): Served {
  const { collection, runs } = context;
  return { collection, runs, routes: parts.flatMap((part) => part(context)) };
}

function localProject({ collection, runs, approvals, connections }: Context): LocalProject {
  const { projectId, projectName, teams } = collection.state;
  const team = teams.find((one) => one.id === defaultTeamId(projectId));
  if (!team) throw new Error(`Project '${projectName}' has no default team.`);
  return {
    id: projectId,
    name: projectName,
    team: { id: team.id, name: team.name },
    server: agentSide(collection, runs, approvals, connections),
    isSeenBy: (userId) => mayViewProject(collection, { identity: collection.identity(userId) }),
  };
}

function usersOf(collection: Collection): User[] {
  return collection.shared.identities
    .filter((one) => one.kind === 'user')
    .map((one) => ({
      id: one.id,
      displayName: one.displayName,
      mail: one.uniqueName,
      shortName: shortName(one).toLowerCase(),
      groups: collection.groupsOf(one.id).map((group) => group.displayName),
      token: collection.shared.tokens[one.id] ?? '',
    }));
}

function plant(context: Context, seed: Seed): void {
  const { collection } = context;
  const { state, shared } = collection;
  const administrator = shared.identities.find(
    (one) => one.kind === 'user' && collection.isInGroup(one.id, 'Project Administrators'),
  );
  if (!administrator) throw new Error('The state has no project administrator.');
  for (const group of seed.variableGroups ?? []) {
    const known = state.variableGroups.find((one) => one.name === group.name);
    saveVariableGroup(context, group, known, administrator.id);
  }
  for (const { name, description = '', approval } of seed.environments ?? []) {
    if (state.environments.some((one) => one.name === name)) continue;
    const environment = collection.addEnvironment(name, description, administrator.id);
    if (!approval) continue;
    const now = new Date().toISOString();
    const approvers = approval.approvers.map((approver) => {
      const found =
        shared.identities.find(
          (one) => one.kind === 'group' && shortName(one) === approver && collection.isHere(one),
        ) ?? collection.findIdentity(approver);
      if (!found) throw new Error(`There is no user or group '${approver}' to approve for environment '${name}'.`);
      return { id: found.id, displayName: found.displayName };
    });
    state.checks.push({
      id: collection.nextId('check'),
      version: 1,
      type: approvalCheckType,
      resource: { type: 'environment', id: String(environment.id), name },
      settings: {
        approvers,
        executionOrder: 'anyOrder',
        minRequiredApprovers: approval.minRequiredApprovers ?? 0,
        instructions: approval.instructions ?? '',
        blockedApprovers: [],
        requesterCannotBeApprover: approval.requesterCannotBeApprover ?? false,
        definitionRef: { id: '26014962-64a0-49f4-885b-4b874119a5cc' },
      },
      timeout: approval.timeoutMinutes ?? 43_200,
      isDisabled: false,
      createdBy: administrator.id,
      createdOn: now,
      modifiedBy: administrator.id,
      modifiedOn: now,
    });
    collection.save();
  }
}
