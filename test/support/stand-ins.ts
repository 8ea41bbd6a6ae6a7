import assert from 'node:assert/strict';
import { mkdtempSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { request, type RequestOptions } from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { runTask, type RunTaskOptions, type StepResult } from '../../local/agent/run-task';
import { startAzure, type ConnectionScheme, type LocalAzure } from '../../local/azure';
import { watchExchanges } from './exchanges';
import { watchSecrets } from './leaks';
import { jobId, startRunServer, type RunServer } from './run-server';

/** The built tasks and a local Azure for the tests that drive them as the agent does. */
export interface StandIns {
  azure: LocalAzure;
  /** What steps write beside their records. */
  runs: RunServer;
  /** Runs a built task; the common inputs and the run's variables are filled in. */
  run(task: string, inputs: Record<string, string>, options?: RunOptions): Promise<StepResult>;
  /** The workspace's jobs, as Azure lists them. */
  jobs(): Promise<{ name: string; status: string }[]>;
  /** A job once it has ended. */
  settled(job: string): Promise<{ name: string; status: string }>;
  /** A call of a path of Azure Resource Manager (GET by default), as the owner of the resource group. */
  arm(path: string, method?: 'GET' | 'POST'): Promise<unknown>;
  /** A call of any address of the local Azure, with a token for the audience, as the owner of the resource group. */
  call(
    method: 'GET' | 'POST' | 'PUT',
    url: string,
    audience: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<string>;
  /** GET of any address of the local Azure with this Authorization header. */
  get(path: string, authorization: string): Promise<unknown>;
  /** Does the log of requests show one whose path and status match? */
  sawRequest(path: RegExp, status: number): boolean;
  /** An empty folder that goes with the stand-ins. */
  folder(name: string): string;
  /** Ends everything. Fails when a call or an answer broke the contracts of Azure, or a step showed a secret. */
  stop(): Promise<void>;
}

export interface RunOptions extends Partial<Omit<RunTaskOptions, 'taskFolder' | 'inputs'>> {
  scheme?: ConnectionScheme;
  /** Number of the pipeline's run: the same number is the same run, run again. */
  runId?: number;
}

export const repository = path.resolve(__dirname, '..', '..');
/** Another build than the repository's own may be named, so that two can be worked on side by side. */
export const builtTasks = process.env['MLOPS_BUILT_TASKS'] ?? path.join(repository, 'build', 'tasks');
export const diabetes = path.join(repository, 'examples', 'diabetes');

let nextRun = 1000;
const stage = 'Stage';

export interface StandInOptions {
  tasksDir?: string;
  /** A client of others takes part: what it sends is not held against the contracts. */
  hasForeignClient?: boolean;
}

/** Starts a local Azure in a folder of its own. */
export async function startStandIns(options: StandInOptions = {}): Promise<StandIns> {
  const root = mkdtempSync(path.join(os.tmpdir(), 'mlops-test-'));
  const azure = await startAzure({ stateDir: path.join(root, 'azure'), tasksDir: options.tasksDir ?? builtTasks });
  const runs = await startRunServer(stage);
  const folder = (name: string): string => {
    const made = path.join(root, name);
    mkdirSync(made, { recursive: true });
    return made;
  };
  const exchanges = watchExchanges(azure);
  const secrets = watchSecrets(azure);
  const arm = (at: string, method: 'GET' | 'POST' = 'GET'): Promise<unknown> => callArm(azure, method, at);
  const workspace = `/subscriptions/${azure.subscriptionId}/resourceGroups/${azure.resourceGroup}/providers/Microsoft.MachineLearningServices/workspaces/${azure.workspace}`;
  const settled = async (name: string): Promise<{ name: string; status: string }> => {
    for (;;) {
      const job = readJob(await arm(`${workspace}/jobs/${name}`));
      if (['Completed', 'Failed', 'Canceled'].includes(job.status)) return job;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  };
  return {
    azure,
    runs,
    folder,
    arm,
    call: (...request) => callAs(azure, ...request),
    settled,
    jobs: async () => ((await arm(`${workspace}/jobs`)) as { value: unknown[] }).value.map(readJob),
    sawRequest: (at, status) =>
      readFileSync(azure.logFile, 'utf8')
        .split('\n')
        .some((line) => at.test(line) && line.includes(`"status":${status},`)),
    get: async (at, authorization) =>
      JSON.parse(await send(azure, 'GET', `${azure.url}${at}`, { authorization })) as unknown,
    async run(task, inputs, more = {}) {
      const step = await runTask({
        collectionUrl: runs.collectionUrl,
        ...taskOptions(azure, folder, task, inputs, more),
      });
      secrets.note(task, step);
      return step;
    },
    async stop() {
      await azure.stop();
      await runs.stop();
      const calls = options.hasForeignClient === true ? [] : await exchanges.objections();
      const objections = [...calls, ...secrets.leaks()];
      rmSync(root, { recursive: true, force: true });
      assert.deepEqual(objections, []);
    },
  };
}

function taskOptions(
  azure: LocalAzure,
  folder: (name: string) => string,
  task: string,
  inputs: Record<string, string>,
  { scheme = 'ManagedServiceIdentity', runId = nextRun++, ...more }: RunOptions,
): RunTaskOptions {
  const connection = azure.serviceConnection(scheme);
  return {
    taskFolder: path.join(builtTasks, task),
    inputs: {
      azureSubscription: connection.name,
      resourceGroup: azure.resourceGroup,
      workspace: azure.workspace,
      ...inputs,
    },
    serviceConnections: [connection],
    workFolder: folder(`work/${runId}`),
    sourcesDirectory: diabetes,
    ...more,
    environment: { ...azure.taskEnvironment(task), ...more.environment },
    variables: {
      'Build.BuildId': String(runId),
      'Build.BuildNumber': `20261121.${runId}`,
      'Build.DefinitionName': 'diabetes',
      'Build.SourceVersion': '0123456789abcdef0123456789abcdef01234567',
      'Build.SourceBranch': 'refs/heads/main',
      'System.TeamProject': 'diabetes',
      'System.DefinitionId': '1',
      'System.StageName': stage,
      'System.StageAttempt': '1',
      'System.JobId': jobId,
      'System.JobName': 'job',
      'System.JobAttempt': '1',
      'System.TaskInstanceName': task,
      ...more.variables,
    },
  };
}

/** The log of a step, for the message of an assertion. */
export function shown(step: StepResult): string {
  return `${step.result}, exit code ${step.exitCode}\n${step.lines.join('\n')}\n${step.issues.map((issue) => JSON.stringify(issue)).join('\n')}`;
}

function readJob(document: unknown): { name: string; status: string } {
  const { name, properties } = document as { name: string; properties: { status: string } };
  return { name, status: properties.status };
}

/** Signs in as the service principal that owns the resource group; over the stand-in's own CA. */
async function callArm(azure: LocalAzure, method: 'GET' | 'POST', at: string): Promise<unknown> {
  const url = `${azure.url}${at}${at.includes('?') ? '&' : '?'}api-version=${apiVersionOf(at)}`;
  const answer = await callAs(azure, method, url, 'https://management.azure.com');
  return answer === '' ? undefined : JSON.parse(answer);
}

async function callAs(
  azure: LocalAzure,
  method: 'GET' | 'POST' | 'PUT',
  url: string,
  audience: string,
  body?: unknown,
  more: Record<string, string> = {},
): Promise<string> {
  const { clientId, secret } = azure.directory.servicePrincipal;
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: secret,
    scope: `${audience}/.default`,
  });
  const type = { 'content-type': 'application/x-www-form-urlencoded' };
  const signIn = `${azure.url}/${azure.tenantId}/oauth2/v2.0/token`;
  const { access_token: token } = JSON.parse(await send(azure, 'POST', signIn, type, form.toString())) as {
    access_token: string;
  };
  const headers = {
    authorization: `Bearer ${token}`,
    'x-ms-version': '2023-11-03',
    'content-type': 'application/json',
    ...more,
  };
  return send(azure, method, url, headers, body === undefined ? '' : JSON.stringify(body));
}

function apiVersionOf(at: string): string {
  return at.includes('Microsoft.ContainerService') ? '2024-09-01' : '2024-10-01';
}

function send(
  azure: LocalAzure,
  method: string,
  url: string,
  headers: Record<string, string>,
  body = '',
): Promise<string> {
  return new Promise((resolve, reject) => {
    // Names below localhost are this machine, whatever its resolver knows.
    const lookup: RequestOptions['lookup'] = (_name, _options, found) =>
      found(null, [{ address: '127.0.0.1', family: 4 }]);
    const sent = request(url, { method, headers, lookup, ca: readFileSync(azure.caFile) }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        if ((response.statusCode ?? 0) < 300) resolve(text);
        else reject(new Error(`${method} ${url} answered ${response.statusCode}: ${text}`));
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
