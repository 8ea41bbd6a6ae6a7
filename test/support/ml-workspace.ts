import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startAzure, type LocalAzure } from '../../local/azure/index';
import { createBatch } from '../../local/azure/ml/batch';
import { createEndpoints } from '../../local/azure/ml/endpoints';
import { createJobs } from '../../local/azure/ml/jobs';
import { createSchedules } from '../../local/azure/ml/schedules';
import { createTracking } from '../../local/azure/ml/tracking';
import type { Core } from '../../local/azure/service';
import { createJudge, judgeServer, type Judge } from './judge';

/** An answer of the https door. */
export class Reply {
  constructor(
    readonly status: number,
    readonly headers: Record<string, string | string[] | undefined>,
    readonly text: string,
  ) {}

  /** The value at a path of the JSON body, parts separated by `/`; `undefined` when there is none. */
  at(path = ''): unknown {
    return valueAt(JSON.parse(this.text), path);
  }

  /** The text at a path. */
  str(path: string): string {
    const value = this.at(path);
    assert.equal(typeof value, 'string', `There is no text at ${path}: ${this.text.slice(0, 500)}`);
    return String(value);
  }

  list(path: string): unknown[] {
    const value = this.at(path);
    assert.ok(Array.isArray(value), `There is no list at ${path}: ${this.text.slice(0, 500)}`);
    return value;
  }

  header(name: string): string {
    const value = this.headers[name];
    assert.equal(typeof value, 'string', `The answer has no header ${name}.`);
    return String(value);
  }
}

export function valueAt(value: unknown, path: string): unknown {
  let found = value;
  for (const part of path === '' ? [] : path.split('/')) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = Object.entries(found).find(([name]) => name === part)?.[1];
  }
  return found;
}

/** A started local Azure with the services that run things, and a client of its https door that owns everything. */
export class MlWorkspace {
  token = '';
  mlToken = '';

  /** Whether the official documents are at hand to judge by. */
  readonly judged: boolean;
  private readonly verdicts: { verdict(): Promise<string[]> }[] = [];

  private constructor(
    readonly azure: LocalAzure,
    readonly stateDir: string,
    readonly core: Core,
    private readonly ca: string,
    private readonly judge: Judge | undefined,
  ) {
    this.judged = judge !== undefined;
    if (judge !== undefined) this.verdicts.push(judgeServer(judge, azure));
  }

  static async start(stateDir?: string, judge?: Judge): Promise<MlWorkspace> {
    const folder = stateDir ?? (await mkdtemp(join(tmpdir(), 'ml-')));
    let core: Core | undefined;
    const services = (lent: Core) => {
      core = lent;
      const batch = createBatch(lent);
      return [
        createJobs(lent),
        createTracking(lent),
        createEndpoints(lent),
        batch,
        createSchedules(lent, batch.invoke),
      ];
    };
    const azure = await startAzure({ stateDir: folder, services });
    assert(core !== undefined);
    const workspace = new MlWorkspace(
      azure,
      folder,
      core,
      await readFile(azure.caFile, 'utf8'),
      judge ?? (await createJudge()),
    );
    workspace.token = workspace.mint('https://management.azure.com');
    workspace.mlToken = workspace.mint('https://ml.azure.com');
    return workspace;
  }

  get path(): string {
    const { subscriptionId, resourceGroup, workspace } = this.azure;
    return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.MachineLearningServices/workspaces/${workspace}`;
  }

  mint(audience: string): string {
    const { objectId, clientId } = this.azure.directory.servicePrincipal;
    return this.core.mintToken({ objectId, clientId, audience });
  }

  /** Stops the cloud and starts it again on the same state. */
  async restart(): Promise<MlWorkspace> {
    await this.azure.stop();
    const next = await MlWorkspace.start(this.stateDir, this.judge);
    next.verdicts.push(...this.verdicts);
    return next;
  }

  /** What the official documents find wrong with everything that was sent and answered. Ends the judging. */
  async problems(): Promise<string[]> {
    return (await Promise.all(this.verdicts.map((one) => one.verdict()))).flat();
  }

  async stop(): Promise<void> {
    await this.azure.stop();
    await rm(this.stateDir, { recursive: true, force: true });
  }

  async send(method: string, url: string, body?: unknown, headers: Record<string, string> = {}): Promise<Reply> {
    const target = new URL(url, this.azure.url);
    if (target.pathname.startsWith('/subscriptions/') && !target.searchParams.has('api-version'))
      target.searchParams.set('api-version', '2024-10-01');
    const content =
      body === undefined ? '' : typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    const all = {
      authorization: `Bearer ${this.token}`,
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(content)),
      ...headers,
    };
    return new Promise((resolve, reject) => {
      const sent = request(target, { method, headers: all, ca: this.ca }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          resolve(new Reply(response.statusCode ?? 0, response.headers, Buffer.concat(chunks).toString('utf8')));
        });
      });
      sent.on('error', reject);
      sent.end(content);
    });
  }

  /** A call below the workspace's ARM id. */
  async arm(method: string, path: string, body?: unknown): Promise<Reply> {
    return this.send(method, `${this.path}${path}`, body);
  }

  async mlflow(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply> {
    return this.send(method, `/mlflow/v2.0${this.path}/api/2.0/mlflow/${path}`, body, headers);
  }

  async history(path: string): Promise<Reply> {
    return this.send('GET', `/history/v1.0${this.path}${path}`);
  }

  /** A URL that carries its own permission. */
  async open(url: string, headers: Record<string, string> = {}): Promise<Reply> {
    return this.send('GET', url, undefined, { authorization: '', ...headers });
  }

  async environment(name: string, pip: string[]): Promise<string> {
    const lines = pip.map((line) => `  - ${line}`).join('\n');
    const condaFile = pip.length === 0 ? 'dependencies:\n- pip\n' : `dependencies:\n- pip:\n${lines}\n`;
    const reply = await this.arm('PUT', `/environments/${name}/versions/1`, {
      properties: { image: 'python', osType: 'Linux', condaFile },
    });
    assert.equal(reply.status, 201, reply.text);
    return `${this.path}/environments/${name}/versions/1`;
  }

  async code(name: string, files: Record<string, string>): Promise<string> {
    for (const [file, content] of Object.entries(files))
      await this.core.blobs.write('test-code', `${name}/${file}`, Buffer.from(content));
    const codeUri = `${await this.core.blobs.containerUrl('test-code')}/${name}`;
    const reply = await this.arm('PUT', `/codes/${name}/versions/1`, { properties: { codeUri } });
    assert.ok(reply.status < 300, reply.text);
    return `${this.path}/codes/${name}/versions/1`;
  }

  /** Writes blobs below a folder of the default datastore and gives its URI. */
  async data(folder: string, files: Record<string, string>): Promise<string> {
    for (const [file, content] of Object.entries(files))
      await this.core.blobs.write(await this.container(), `${folder}/${file}`, Buffer.from(content));
    return `azureml://datastores/workspaceblobstore/paths/${folder}`;
  }

  /** Container of the default datastore. */
  async container(): Promise<string> {
    return (await this.arm('GET', '/datastores/workspaceblobstore')).str('properties/containerName');
  }

  async startJob(name: string, properties: Record<string, unknown>): Promise<Reply> {
    return this.arm('PUT', `/jobs/${name}`, {
      properties: { jobType: 'Command', experimentName: 'tests', ...properties },
    });
  }

  /** Waits until the job's status is one of these, and gives the job and the statuses seen. */
  async waitForJob(
    name: string,
    statuses = ['Completed', 'Failed', 'Canceled'],
  ): Promise<{ job: Reply; seen: string[] }> {
    const seen: string[] = [];
    for (;;) {
      const job = await this.arm('GET', `/jobs/${name}`);
      const status = job.str('properties/status');
      if (seen.at(-1) !== status) seen.push(status);
      if (statuses.includes(status)) return { job, seen };
      assert.ok(!['Completed', 'Failed', 'Canceled'].includes(status), `The job ended as ${status}.`);
      await sleep(20);
    }
  }

  /** Polls an operation to its end. */
  async waitForOperation(url: string): Promise<Reply> {
    for (;;) {
      const reply = await this.send('GET', url);
      if (
        reply.status >= 400 ||
        (reply.status !== 202 && !['Creating', 'Updating', 'Deleting', 'InProgress'].includes(reply.str('status')))
      )
        return reply;
      await sleep(50);
    }
  }

  async log(job: string, file = 'user_logs/std_log.txt'): Promise<string> {
    const url = await this.logUrl(job, file);
    assert.ok(url !== undefined, `The job has no log ${file}.`);
    return (await this.open(url)).text;
  }

  /** URL of a log file, `undefined` while the job has not written it. */
  async logUrl(job: string, file = 'user_logs/std_log.txt'): Promise<string | undefined> {
    const files = (await this.history(`/runs/${job}/details`)).at('logFiles');
    const found = Object.entries(typeof files === 'object' && files !== null ? files : {}).find(
      ([name]) => name === file,
    );
    return typeof found?.[1] === 'string' ? found[1] : undefined;
  }
}
