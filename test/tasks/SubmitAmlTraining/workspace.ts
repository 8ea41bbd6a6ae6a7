import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FakeAgent } from '../../support/fake-agent';
import { FakeAssets, FakeAzure, workspaceId, type Seen } from '../../support/fake-azure';
import type { Inputs } from '../../../tasks/SubmitAmlTraining/inputs';

export const pipelineVariables: Record<string, string> = {
  'System.CollectionUri': 'https://dev.azure.com/org/',
  'System.TeamProject': 'churn project',
  'System.DefinitionId': '7',
  'Build.DefinitionName': 'train',
  'Build.BuildId': '481',
  'Build.BuildNumber': '20261121.1',
  'System.StageName': 'Train',
  'System.PhaseName': 'train',
  'System.JobName': '__default',
  'System.TaskInstanceName': 'train',
  'Build.SourceVersion': '0123456789abcdef0123456789abcdef01234567',
  'Build.SourceBranch': 'refs/heads/main',
  'Build.Repository.Uri': 'https://user:pass@dev.azure.com/org/p/_git/r',
};

export const jobYaml = `command: python train.py --alpha \${{inputs.alpha}} --data \${{inputs.data}}
code: src
environment:
  image: mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest
  conda_file: conda.yml
compute: azureml:cpu-cluster
experiment_name: diabetes
inputs:
  alpha: 0.5
  data: {type: uri_file, path: data/diabetes.csv}
outputs:
  model: {type: mlflow_model}
`;

/** A project with a job file, its code, conda file and data. */
export function project(yaml = jobYaml): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'job-'));
  const files: Record<string, string> = {
    'job.yml': yaml,
    'src/train.py': 'print("training")\n',
    'conda.yml': 'name: c\nchannels: [conda-forge]\ndependencies: [python=3.11, {pip: [mlflow-skinny<3]}]\n',
    'data/diabetes.csv': 'AGE,Y\n1,2\n',
  };
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), content);
  }
  return folder;
}

export function inputs(folder: string, more: Partial<Inputs> = {}): Inputs {
  return {
    jobFile: path.join(folder, 'job.yml'),
    set: undefined,
    wait: true,
    onCancel: 'cancelJob',
    timeoutMinutes: 60,
    ...more,
  };
}

export interface JobScript {
  /** What each GET of the job answers, the last one for ever. */
  statuses: string[];
  /** Log content after each GET of the job. */
  log?: string[];
  metrics?: { key: string; value: unknown }[];
  error?: unknown;
}

/** A workspace whose jobs go through scripted statuses. */
export class JobWorkspace {
  readonly agent: FakeAgent;
  readonly fake: FakeAzure;
  readonly jobs = new Map<string, { body: { properties: Record<string, unknown> }; script: JobScript; gets: number }>();
  /** Bumped to make old log addresses expire. */
  logGeneration = 1;

  constructor(
    private readonly script: JobScript,
    variables: Record<string, string> = pipelineVariables,
  ) {
    this.agent = new FakeAgent({ variables });
    this.fake = new FakeAzure(this.agent);
    new FakeAssets(this.fake);
    const job = '{ws}/jobs/([^/]+)';
    this.fake.on('GET', job, (_seen, [, name = '']) => this.get(name));
    this.fake.on('PUT', job, ({ body }, [, name = '']) => {
      this.jobs.set(name, { body: body as { properties: Record<string, unknown> }, script: this.script, gets: 0 });
      return { status: 201, body: this.resource(name, 'Starting') };
    });
    this.fake.on('POST', `${job}/cancel`, () => ({ status: 200, body: '' }));
    this.fake.on('GET', '/history/v1.0.*/runs/([^/]+)/details', (_seen, [, name = '']) => this.details(name));
    this.fake.on('GET', '/mlflow/.*/runs/get', () => ({
      body: {
        run: {
          info: { status: 'FINISHED' },
          data: { metrics: this.script.metrics ?? [], params: [{ key: 'alpha', value: '0.5' }], tags: [] },
        },
      },
    }));
    this.fake.on('GET', '/log/([^/]+)/(\\d+)', (seen, [, name = '', generation = '']) =>
      this.log(seen, name, Number(generation)),
    );
  }

  /** A job that is there before the task runs. */
  add(name: string, script: JobScript): void {
    this.jobs.set(name, { body: { properties: {} }, script, gets: 0 });
  }

  /** Bodies of the jobs that were created, by name. */
  get created(): [string, Record<string, unknown>][] {
    return this.fake.calls('PUT', '{ws}/jobs/[^/]+').map(({ path: at, body }) => {
      return [at.slice(at.lastIndexOf('/') + 1), (body as { properties: Record<string, unknown> }).properties];
    });
  }

  get cancels(): string[] {
    return this.fake.calls('POST', '{ws}/jobs/[^/]+/cancel').map(({ path: at }) => at.split('/').at(-2) ?? '');
  }

  private get(name: string): { status?: number; body: unknown } {
    const job = this.jobs.get(name);
    if (!job) return { status: 404, body: { error: { code: 'UserError', message: 'not found' } } };
    const { statuses } = job.script;
    const status = statuses[Math.min(job.gets, statuses.length - 1)] ?? 'Running';
    job.gets++;
    return { body: this.resource(name, status) };
  }

  private resource(name: string, status: string): unknown {
    const properties = this.jobs.get(name)?.body.properties ?? {};
    const services = { Studio: { endpoint: `https://ml.azure.com/runs/${name}?wsid=${workspaceId}` } };
    return { id: `${workspaceId}/jobs/${name}`, name, properties: { ...properties, status, services } };
  }

  private details(name: string): { status?: number; body: unknown } {
    const job = this.jobs.get(name);
    if (!job) return { status: 404, body: {} };
    const address = `https://logs.blob.core.windows.net/log/${name}/${this.logGeneration}?sig=bG9nLXNpZ25hdHVyZQ%3D%3D`;
    return {
      body: {
        runId: name,
        status: 'Running',
        startTimeUtc: '2026-11-21T10:00:00Z',
        error: job.script.error,
        logFiles: job.script.log ? { 'system_logs/x.log': `${address}&x`, 'user_logs/std_log.txt': address } : {},
      },
    };
  }

  private log({ headers }: Seen, name: string, generation: number): { status: number; body?: Buffer } {
    if (generation !== this.logGeneration) return { status: 403 };
    const job = this.jobs.get(name);
    const logs = job?.script.log ?? [];
    const content = Buffer.from(logs[Math.min((job?.gets ?? 1) - 1, logs.length - 1)] ?? '');
    const [, from = '0', to = '0'] = /^bytes=(\d+)-(\d+)$/.exec(headers['range'] ?? '') ?? [];
    if (Number(from) >= content.length) return { status: 416 };
    return { status: 206, body: content.subarray(Number(from), Number(to) + 1) };
  }
}
