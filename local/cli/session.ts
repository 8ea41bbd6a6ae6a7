import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Run, Server } from '../agent/server';
import { runPipeline } from '../agent';
import { nodeBinary } from '../agent/task/node-handler';
import { startAzure, type LocalAzure } from '../azure';
import { startDevOps, type LocalDevOps, type QueueRequest } from '../devops';
import { makeFolder } from '../devops/files';
import { startHost, type LocalHost } from '../devops/host';
import { Failure } from './errors';
import { startOf, takeLock } from './lock';
import { extensionParts, tasksFolder } from './paths';
import { publishRunning, type Running } from './running';

export type Handler = 'node20' | 'node24';

export interface SessionOptions {
  stateDir: string;
  kind: Running['kind'];
  /** First of five ports, one each for Azure, its metadata service, Azure DevOps, the hub's page and the hub's files; free ones when absent. */
  port?: number;
  recordFile?: string;
  handler?: Handler;
  /** What runs here, for the message to the next who tries. */
  what: string;
}

/** Azure and Azure DevOps on this machine, and an agent that takes the queued runs. */
export interface Session {
  readonly running: Running;
  /** Cancels what runs and waits for its processes to end, then stops the services. */
  stop(): Promise<void>;
}

/** Names that the example's pipeline uses. */
export const names = {
  variableGroup: 'diabetes',
  staging: 'diabetes-staging',
  production: 'diabetes-production',
  connection: 'azure-ml',
} as const;

/** Starts everything on the state folder. Throws a Failure when something runs on it already, or a port is taken. */
export async function startSession(options: SessionOptions): Promise<Session> {
  const { stateDir, port } = options;
  makeFolder(stateDir);
  if (options.recordFile !== undefined) makeFolder(dirname(options.recordFile));
  requireTasks();
  requireNode(options.handler);
  const closers: (() => Promise<void> | void)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.reverse().splice(0)) await closer();
  };
  try {
    closers.push(takeLock(join(stateDir, 'lock'), options.what));
    const azure = await startAzure({
      stateDir: join(stateDir, 'azure'),
      recordFile: options.recordFile,
      tasksDir: tasksFolder(),
      ...(port === undefined ? {} : { port, imdsPort: port + 1 }),
    });
    closers.push(() => azure.stop());
    const devops = await startDevOps({
      stateDir,
      port: port === undefined ? undefined : port + 2,
      serviceConnections: [
        { ...azure.serviceConnection('ManagedServiceIdentity'), name: names.connection },
        { ...azure.serviceConnection('ServicePrincipalKey'), name: `${names.connection}-sp` },
      ],
      seed: seedOf(azure),
    });
    closers.push(() => devops.stop());
    trust(azure, devops);
    const host = await startHost({
      devops,
      ...extensionParts(),
      stateDir: join(stateDir, 'devops'),
      ...(port === undefined ? {} : { ports: { page: port + 3, assets: port + 4 } }),
    });
    closers.push(() => host.stop());
    const agent = new Agent(azure, devops, options);
    devops.onQueue((request) => agent.take(request));
    const running = describe(options, azure, devops, host);
    closers.push(publishRunning(stateDir, running));
    closers.push(() => agent.stop());
    return { running, stop: close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Name of a pipeline with its folder: another folder may have one of the same name. */
function pathOf({ path, name }: QueueRequest['definition']): string {
  return path === '\\' ? name : `${path}\\${name}`;
}

/** Takes queued runs, each at once, and keeps them apart: every run has a work folder of its own. */
class Agent {
  private readonly runs = new Set<{ controller: AbortController; ended: Promise<unknown> }>();

  constructor(
    private readonly azure: LocalAzure,
    private readonly devops: LocalDevOps,
    private readonly options: SessionOptions,
  ) {}

  /** Starts the run; gives its id as soon as Azure DevOps has numbered it. */
  take(request: QueueRequest): Promise<number> {
    const controller = new AbortController();
    const repositoryRoot = repositoryOf(request);
    return new Promise((resolve, reject) => {
      let number: number | undefined;
      const ended = this.run(request, repositoryRoot, controller.signal, (run) => {
        number = run.id;
        resolve(run.id);
      })
        .catch((error: unknown) => {
          reject(error instanceof Error ? error : new Error(String(error)));
          return number === undefined ? undefined : this.fail(number, error);
        })
        .finally(() => this.runs.delete(entry));
      const entry = { controller, ended };
      this.runs.add(entry);
    });
  }

  async stop(): Promise<void> {
    for (const { controller } of this.runs) controller.abort();
    await Promise.all([...this.runs].map(({ ended }) => ended));
  }

  private async run(
    request: QueueRequest,
    repositoryRoot: string,
    signal: AbortSignal,
    onCreated: (run: Run) => void,
  ): Promise<void> {
    const { definition } = request;
    const { server } = this.devops;
    const recorded: Server = {
      ...server,
      collectionUrl: server.collectionUrl,
      createRun: async (wanted) => {
        const run = await server.createRun({
          ...wanted,
          pipelineName: pathOf(definition),
          yamlFile: definition.yamlFile,
        });
        onCreated(run);
        return run;
      },
    };
    await runPipeline({
      yamlFile: definition.yamlFile,
      pipelineName: definition.name,
      repositoryRoot,
      server: recorded,
      workFolder: join(this.options.stateDir, 'work', String(definition.id)),
      tasksFolder: tasksFolder(),
      parameters: texts(request.templateParameters),
      variables: request.variables,
      requestedFor: request.requestedFor,
      handler: this.options.handler,
      environment: (task: string) => this.azure.taskEnvironment(task),
      signal,
    });
  }

  /** The agent itself broke down: the run must not stay open. */
  private async fail(runId: number, error: unknown): Promise<void> {
    const text = error instanceof Error ? error.message : String(error);
    await this.devops.server.updateRun(runId, { state: 'completed', result: 'failed' }).catch(() => undefined);
    process.stderr.write(`Run ${runId} failed: ${text}\n`);
  }
}

/** Parameters as the agent reads them: an object as JSON. */
function texts(parameters: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  );
}

function repositoryOf(request: QueueRequest): string {
  const { url, name } = request.definition.repository;
  if (!url.startsWith('file:'))
    throw new Failure(`The repository of pipeline '${name}' is not a folder on this machine: ${url}`);
  const folder = fileURLToPath(url);
  if (!existsSync(join(folder, request.definition.yamlFile))) {
    throw new Failure(`The pipeline file ${join(folder, request.definition.yamlFile)} is not there any more.`);
  }
  return folder;
}

function requireTasks(): void {
  const folder = tasksFolder();
  const built = existsSync(folder)
    ? readdirSync(folder).filter((name) => existsSync(join(folder, name, 'task.json')))
    : [];
  if (built.length === 0) throw new Failure('The tasks are not built yet. Build them with `npm run build`.');
}

/** Asked for by name, it must be there before anything starts. */
function requireNode(handler: Handler | undefined): void {
  if (handler === undefined) return;
  try {
    nodeBinary(handler);
  } catch {
    const major = handler.slice('node'.length);
    throw new Failure(
      `There is no Node ${major} here for --handler ${handler}. Set NODE${major} to the path of its binary.`,
    );
  }
}

function seedOf(azure: LocalAzure): Parameters<typeof startDevOps>[0]['seed'] {
  const plain = (value: string): { value: string } => ({ value });
  return {
    variableGroups: [
      {
        name: names.variableGroup,
        description: 'Where the diabetes model is trained and served.',
        variables: {
          resourceGroup: plain(azure.resourceGroup),
          workspace: plain(azure.workspace),
          registry: plain(azure.registry),
          computeCluster: plain('cpu-cluster'),
          aksCluster: plain('aks-mlops'),
        },
      },
    ],
    environments: [
      { name: names.staging, description: 'The model as a container, for tests.' },
      {
        name: names.production,
        description: 'The endpoint that answers users.',
        approval: {
          approvers: ['Model approvers'],
          requesterCannotBeApprover: true,
          instructions: 'Look at the evaluation against production before you decide.',
        },
      },
    ],
  };
}

/** Workload identity federation: Entra ID is told to trust the tokens that Azure DevOps signs for the connection. */
function trust(azure: LocalAzure, devops: LocalDevOps): void {
  const name = `${names.connection}-wif`;
  azure.federate({ issuer: devops.oidcIssuer, subject: devops.oidcSubject(name), keys: devops.jwks.keys });
  devops.addServiceConnection({ ...azure.serviceConnection('WorkloadIdentityFederation'), name });
}

function describe(options: SessionOptions, azure: LocalAzure, devops: LocalDevOps, host: LocalHost): Running {
  return {
    pid: process.pid,
    started: startOf(process.pid) ?? '',
    kind: options.kind,
    devops: { url: devops.url, project: devops.project.name, users: devops.users },
    hub: { url: host.url },
    azure: {
      url: azure.url,
      imdsUrl: azure.imdsUrl,
      caFile: azure.caFile,
      logFile: azure.logFile,
      environment: azure.environment(),
    },
  };
}
