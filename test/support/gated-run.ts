import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runPipeline, type AgentEvent, type RunPipelineOptions } from '../../local/agent';
import { startAzure, type LocalAzure } from '../../local/azure';
import { createContainerInstances } from '../../local/azure/container-instances';
import { createRegistry } from '../../local/azure/registry';
import { startDevOps, type LocalDevOps } from '../../local/devops';
import { at, textAt } from '../local/azure/client';
import { archive, buildImage, ownerToken } from '../local/azure/image-builder';
import { call, user, values, type Reply } from '../local/devops/support';
import { builtTasks, diabetes } from './stand-ins';

/** A local Azure DevOps with people and environments, a local Azure, and pipelines whose last stage deploys behind a gate. */

export type Person = Parameters<typeof user>[1];

/** Environments by what their checks ask for. */
export const environments = {
  /** One of the group, and never who queued the run. */
  guarded: 'diabetes-production',
  /** Who queued the run may approve it. */
  lenient: 'lenient-production',
  /** Ben and Cleo, both. */
  pair: 'pair-production',
  /** No check. */
  open: 'open-production',
} as const;

/** The moment in which a stage waits for people. */
export interface Gate {
  runId: number;
  /** Also the id of the timeline record below the stage's checkpoint. */
  approvalId: string;
  /** The job's own token. */
  jobToken: string;
  /** Settles when a stage ends that has not yet. */
  ended(stage: string): Promise<void>;
}

export interface GatedRun {
  environment: string;
  policy?: 'bound' | 'required' | 'unbound';
  /** Stages in front of the others. */
  before?: string;
  /** Steps that follow the data's test in the stage that leaves the evidence. */
  steps?: string;
  /** The image whose package that stage records: by default the one that is deployed. */
  packaged?: 'deployed' | 'other' | 'none';
  /** Steps of the gated job in front of DeployModel. */
  ahead?: string;
  atGate?: (gate: Gate) => Promise<void>;
  agent?: Partial<RunPipelineOptions>;
}

export interface Ran {
  runId: number;
  /** Results of the stages by name. */
  stages: Record<string, string>;
  /** Log of the stage behind the gate. */
  log: string;
  /** Errors of the step that deploys, and of nothing else. */
  errors: string;
  /** Requests that reached Azure meanwhile. */
  azureRequests: string[];
}

export interface GateStage {
  devops: LocalDevOps;
  /** Folder for files of tests. */
  folder: string;
  /** Runs the pipeline in Ana's name. */
  run(options: GatedRun): Promise<Ran>;
  rest(who: Person, method: string, path: string, body?: unknown): Promise<Reply>;
  approve(who: Person, gate: Gate, comment: string): Promise<void>;
  approval(id: string): Promise<unknown>;
  records(runId: number): Promise<Record<string, unknown>[]>;
  /** Attachments of a kind, read as the approver. */
  attachments(runId: number, kind: string): Promise<Attachment[]>;
  /** What an approver has to name: the digest over what was there when the approval was created. */
  digest(gate: Pick<Gate, 'runId' | 'approvalId'>): Promise<string>;
  stop(): Promise<void>;
}

export interface Attachment {
  name: string;
  recordId: string;
  bytes: Buffer;
}

const kinds = ['data-sanity', 'training', 'evaluation', 'model-version', 'package', 'deployment', 'smoke'].map(
  (name) => `mlops.${name}.v1`,
);
const approvals = 'diabetes/_apis/pipelines/approvals';
const approvalVersion = 'api-version=7.2-preview.2';

export async function startGateStage(): Promise<GateStage> {
  const folder = mkdtempSync(path.join(tmpdir(), 'gate-test-'));
  const azure = await startAzure({
    stateDir: path.join(folder, 'azure'),
    tasksDir: builtTasks,
    services: (core) => [createRegistry(core), createContainerInstances(core)],
  });
  const connection = azure.serviceConnection('ManagedServiceIdentity');
  const devops = await startDevOps({ stateDir: folder, serviceConnections: [connection], seed });
  const image = await serverImage(azure);
  const rest = (who: Person, method: string, at: string, body?: unknown): Promise<Reply> =>
    call(devops, user(devops, who).token, method, at, body);

  const stage: GateStage = {
    devops,
    folder,
    rest,
    run: async (options) => {
      const yaml = pipeline(options, connection.name, azure, image);
      return runGated(devops, azure, repository(folder, yaml), options);
    },
    async approve(who, { approvalId }, comment) {
      const update = [{ approvalId, status: 'approved', comment }];
      values(await rest(who, 'PATCH', `${approvals}?${approvalVersion}`, update));
    },
    async approval(id) {
      return (await rest('ben', 'GET', `${approvals}/${id}?$expand=steps&${approvalVersion}`)).body;
    },
    async records(runId) {
      const { body } = await rest('ben', 'GET', `diabetes/_apis/build/builds/${runId}/timeline?api-version=7.1`);
      return listAt(body, 'records');
    },
    async attachments(runId, kind) {
      const list = `diabetes/_apis/build/builds/${runId}/attachments/${kind}?api-version=7.1-preview.2`;
      return Promise.all(values(await rest('ben', 'GET', list)).map((entry) => attachment(devops, entry)));
    },
    async digest({ runId, approvalId }) {
      const opened = Date.parse(textAt(await stage.approval(approvalId), 'createdOn'));
      const stages = endedStages(await stage.records(runId), opened);
      const items: [string, string, string, string][] = [];
      for (const kind of kinds) {
        for (const { name, recordId, bytes } of await stage.attachments(runId, kind)) {
          const left = stages.get(recordId);
          if (left !== undefined) items.push([left, kind, name, sha256(bytes)]);
        }
      }
      return sha256(manifest(runId, items));
    },
    async stop() {
      await devops.stop();
      await azure.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return stage;
}

const seed = {
  environments: [
    { name: environments.guarded, approval: { approvers: ['Model approvers'], requesterCannotBeApprover: true } },
    { name: environments.lenient, approval: { approvers: ['ana', 'ben'], minRequiredApprovers: 1 } },
    { name: environments.pair, approval: { approvers: ['ben', 'cleo'], requesterCannotBeApprover: true } },
    { name: environments.open },
  ],
};

/** A server without packages: the image is there in a moment, and its container answers the health check. */
async function serverImage(azure: LocalAzure): Promise<string> {
  const dockerfile = 'FROM python:3-slim\nWORKDIR /srv\nEXPOSE 5001\nCMD ["python", "-m", "http.server", "5001"]\n';
  const built = await buildImage(
    azure,
    await ownerToken(azure),
    await archive({ Dockerfile: dockerfile }),
    'diabetes:1',
  );
  assert.equal(built.status, 'Succeeded', built.log);
  return built.image;
}

function pipeline(options: GatedRun, connection: string, azure: LocalAzure, image: string): string {
  const { environment, policy = 'bound', before = '', steps = '', packaged = 'deployed', ahead = '' } = options;
  return `
pool: mlops-agents
stages:
${before}
  - stage: Evidence
    dependsOn: []
    jobs:
      - job: data
        steps:
${sanity}
${packaged === 'none' ? '' : packageStep(packaged === 'deployed' ? image : otherImage)}
${steps}
  - stage: Production
    dependsOn: Evidence
    jobs:
      - deployment: deploy
        environment: ${environment}
        strategy:
          runOnce:
            deploy:
              steps:
${ahead}
                - task: DeployModel@0
                  name: deploy
                  inputs:
                    azureSubscription: ${connection}
                    resourceGroup: ${azure.resourceGroup}
                    workspace: ${azure.workspace}
                    target: containerInstance
                    name: diabetes
                    image: ${image}
                    cpu: 1
                    memoryGb: 1
                    approvalPolicy: ${policy}
`;
}

/** The step that leaves evidence behind; nothing of Azure is needed for it. */
export const sanity = `
          - task: DataSanityTest@0
            inputs:
              contract: contract.yaml
              data: data/diabetes.csv
`;

/** An image that nobody deploys. */
export const otherImage = `elsewhere.azurecr.io/diabetes@sha256:${'5'.repeat(64)}`;

/** Leaves the record of an image, as docs/schemas/evidence/mlops.package.v1.json has it; keys in alphabetical order. */
function packageStep(image: string): string {
  const [name = '', digest = ''] = image.split('@');
  const registry = name.split('/')[0];
  const model = { name: 'diabetes', version: '17' };
  const record = JSON.stringify({ digest, image, kind: 'mlops.package.v1', model, registry });
  return `
          - script: |
              printf %s '${record}' > package.json
              echo "##vso[task.addattachment type=mlops.package.v1;name=package]$PWD/package.json"
`;
}

function repository(folder: string, yaml: string): string {
  const root = path.join(folder, 'repository');
  mkdirSync(root, { recursive: true });
  for (const file of ['contract.yaml', 'data/diabetes.csv']) cpSync(path.join(diabetes, file), path.join(root, file));
  writeFileSync(path.join(root, 'azure-pipelines.yml'), yaml);
  return root;
}

async function runGated(
  devops: LocalDevOps,
  azure: LocalAzure,
  repositoryRoot: string,
  { atGate, agent = {} }: GatedRun,
): Promise<Ran> {
  const controller = new AbortController();
  const requestsBefore = requestsOf(azure).length;
  const ends = new EventEmitter();
  const lines: string[] = [];
  let run: { id: number; accessToken: string } | undefined;
  let passing: Promise<Error | undefined> | undefined;

  const passGate = async (approvalId: string): Promise<undefined> => {
    assert.ok(run);
    assert.ok(atGate, 'the stage waits for an approval that the test does not expect');
    const ended = async (stage: string): Promise<void> => {
      await once(ends, stage);
    };
    await atGate({ runId: run.id, approvalId, jobToken: run.accessToken, ended });
  };
  const listen = (event: AgentEvent): void => {
    agent.onEvent?.(event);
    if (event.type === 'runStarted') run = event.run;
    if (event.type === 'line' && event.place.stage === 'Production') lines.push(event.text);
    if (event.type === 'stageFinished') ends.emit(event.place.stage);
    if (event.type !== 'waitingForApproval') return;
    passing = passGate(event.approvals[0]?.id ?? '').catch((error: unknown) => {
      controller.abort();
      return error instanceof Error ? error : new Error(String(error));
    });
  };
  const result = await runPipeline({
    yamlFile: 'azure-pipelines.yml',
    pipelineName: 'diabetes',
    repositoryRoot,
    server: devops.server,
    workFolder: path.join(path.dirname(repositoryRoot), 'work'),
    tasksFolder: builtTasks,
    requestedFor: 'ana',
    environment: (task) => azure.taskEnvironment(task),
    signal: controller.signal,
    ...agent,
    onEvent: listen,
  });
  const failure = await passing;
  if (failure !== undefined) throw failure;
  const production = result.stages.find(({ name }) => name === 'Production');
  const steps = (production?.jobs ?? []).flatMap((job) => job.steps).filter(({ name }) => name === 'deploy');
  return {
    runId: result.run.id,
    stages: Object.fromEntries(result.stages.map((one) => [one.name, one.result])),
    log: lines.join('\n'),
    errors: steps
      .flatMap(({ issues }) => issues)
      .filter(({ type }) => type === 'error')
      .map(({ message }) => message)
      .join('\n'),
    azureRequests: requestsOf(azure).slice(requestsBefore),
  };
}

function requestsOf(azure: LocalAzure): string[] {
  return readFileSync(azure.logFile, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
}

async function attachment(devops: LocalDevOps, entry: Record<string, unknown>): Promise<Attachment> {
  const href = textAt(entry, '_links', 'self', 'href');
  const authorization = `Basic ${Buffer.from(`:${user(devops, 'ben').token}`).toString('base64')}`;
  const answer = await fetch(href, { headers: { authorization, accept: 'application/octet-stream' } });
  assert.equal(answer.status, 200, href);
  // …/builds/{run}/{timeline}/{record}/attachments/{type}/{name}
  const recordId = new URL(href).pathname.split('/').at(-4) ?? '';
  return { name: textAt(entry, 'name'), recordId, bytes: Buffer.from(await answer.arrayBuffer()) };
}

/** Name of the stage for every record below one that had ended by then. */
function endedStages(records: Record<string, unknown>[], opened: number): Map<string, string> {
  const byId = new Map(records.map((record) => [record['id'], record]));
  const found = new Map<string, string>();
  for (const record of records) {
    let above: Record<string, unknown> | undefined = record;
    while (above !== undefined && above['type'] !== 'Stage') above = byId.get(above['parentId']);
    if (above?.['state'] !== 'completed' || Date.parse(textAt(above, 'finishTime')) > opened) continue;
    found.set(textAt(record, 'id'), textAt(above, 'identifier'));
  }
  return found;
}

/** The manifest as published: keys in alphabetical order, no blanks, items by the JSON text of stage, kind, name and digest. */
function manifest(runId: number, items: [string, string, string, string][]): string {
  const evidence = items
    .map((item) => ({ item, key: JSON.stringify(item) }))
    .sort((one, other) => (one.key < other.key ? -1 : 1))
    .map(({ item: [stage, kind, name, digest] }) => ({ kind, name, sha256: digest, stage }));
  return JSON.stringify({ evidence, kind: 'mlops.manifest.v1', run: String(runId) });
}

export function sha256(content: Buffer | string): string {
  return createHash('sha256').update(content).digest('hex');
}

/** Objects of a list inside JSON. */
function listAt(value: unknown, ...keys: string[]): Record<string, unknown>[] {
  const found = at(value, ...keys);
  assert.ok(Array.isArray(found), keys.join('.'));
  return found.map((one: unknown) => {
    assert.ok(typeof one === 'object' && one !== null);
    return Object.fromEntries(Object.entries(one));
  });
}
