import { names } from '../seed';
import type { Core } from '../service';
import { Assets, AssetError, artifactPlace } from './assets';
import { EnvironmentError } from './conda';
import {
  durationMs,
  errorMessage,
  invalid,
  isObject,
  object,
  optionalObject,
  optionalText,
  provider,
  text,
  textMap,
  type Json,
} from './wire';

export interface JobInput {
  kind: string;
  /** `literal` inputs have a value, all others a URI. */
  value: string;
  mode: string;
}

export interface JobOutput {
  kind: string;
  uri: string;
}

/** What the runner needs to know of a command job. */
export interface CommandJob {
  id: string;
  name: string;
  workspace: string;
  experimentName: string;
  command: string;
  environmentId: string;
  codeId?: string;
  inputs: Record<string, JobInput>;
  outputs: Record<string, JobOutput>;
  environmentVariables: Record<string, string>;
  timeoutMs?: number;
}

const unsupported: Record<string, string> = {
  AutoML: 'automated machine learning',
  Labeling: 'data labelling',
  Pipeline: 'pipeline',
  Spark: 'Spark',
  Sweep: 'sweep',
  FineTuning: 'fine-tuning',
};

const inputKinds = ['literal', 'uri_file', 'uri_folder', 'mltable', 'custom_model', 'mlflow_model', 'triton_model'];

/** Checks a request for a job and makes the stored ARM resource of it, status `Starting`. Throws 400 as the service would. */
export function newJob(core: Core, workspace: string, name: string, body: unknown, createdBy: string): Json {
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,254}$/.test(name))
    throw invalid(
      `The job name '${name}' may hold letters, digits, dashes and underscores, starts with a letter or digit and has at most 255 characters.`,
      'InvalidName',
      'name',
    );
  const asked = object(object(body, 'body')['properties'], 'properties');
  const type = text(asked, 'jobType', 'properties');
  if (type !== 'Command') throw wrongType(type);
  const command = text(asked, 'command', 'properties');
  if (!/[a-zA-Z0-9_]/.test(command))
    throw invalid('properties.command holds no command.', 'ValidationError', 'properties.command');
  const assets = new Assets(core, workspace);
  const environmentId = reference(assets, 'environments', text(asked, 'environmentId', 'properties'));
  const code = optionalText(asked, 'codeId', 'properties');
  const inputs = readInputs(asked['inputs']);
  const outputs = readOutputs(asked['outputs'], name);
  refuseUnsupported(asked);
  checkPlaceholders(command, inputs, outputs);
  const resources = optionalObject(asked['resources'], 'properties.resources');
  const limits = optionalObject(asked['limits'], 'properties.limits');
  checkLimits(limits);
  const computeId = optionalText(asked, 'computeId', 'properties') ?? null;
  checkCompute(computeId);
  return {
    id: `${workspace}/jobs/${name}`,
    name,
    type: `${provider}/workspaces/jobs`,
    properties: {
      description: optionalText(asked, 'description', 'properties') ?? null,
      tags: textMap(asked['tags'], 'properties.tags'),
      properties: {
        ...textMap(asked['properties'], 'properties.properties'),
        '_azureml.ComputeTargetType': 'amlctrain',
        '_azureml.ClusterName': computeId === null ? null : (computeId.split('/').pop() ?? null),
      },
      parentJobName: null,
      displayName: optionalText(asked, 'displayName', 'properties') ?? name,
      status: 'Starting',
      experimentName: optionalText(asked, 'experimentName', 'properties') ?? 'Default',
      services: services(core, workspace, name),
      computeId,
      isArchived: asked['isArchived'] === true,
      identity: isObject(asked['identity']) ? asked['identity'] : null,
      componentId: null,
      notificationSetting: asked['notificationSetting'] ?? null,
      jobType: 'Command',
      resources: {
        instanceCount: 1,
        instanceType: null,
        properties: null,
        shmSize: '2g',
        dockerArgs: null,
        ...resources,
      },
      codeId: code === undefined ? null : reference(assets, 'codes', code),
      command,
      environmentId,
      inputs,
      outputs,
      distribution: null,
      limits:
        asked['limits'] === undefined || asked['limits'] === null
          ? null
          : { timeout: null, ...limits, jobLimitsType: 'Command' },
      environmentVariables: textMap(asked['environmentVariables'], 'properties.environmentVariables'),
      parameters: {},
      queueSettings: { jobTier: 'Null', ...optionalObject(asked['queueSettings'], 'properties.queueSettings') },
    },
    systemData: { createdAt: new Date().toISOString(), createdBy, createdByType: 'Application' },
  };
}

/** The runner's view of a stored job. */
export function readJob(document: unknown): CommandJob {
  const job = object(document, 'job');
  const properties = object(job['properties'], 'properties');
  const id = text(job, 'id', 'job');
  const limits = optionalObject(properties['limits'], 'limits');
  const timeout = optionalText(limits, 'timeout', 'limits');
  const codeId = optionalText(properties, 'codeId', 'properties');
  const timeoutMs = timeout === undefined ? undefined : durationMs(timeout);
  return {
    id,
    name: text(job, 'name', 'job'),
    workspace: id.slice(0, id.lastIndexOf('/jobs/')),
    experimentName: text(properties, 'experimentName', 'properties'),
    command: text(properties, 'command', 'properties'),
    environmentId: text(properties, 'environmentId', 'properties'),
    inputs: Object.fromEntries(
      Object.entries(optionalObject(properties['inputs'], 'inputs')).map(([key, value]) => [key, jobInput(value, key)]),
    ),
    outputs: Object.fromEntries(
      Object.entries(optionalObject(properties['outputs'], 'outputs'))
        .filter(([key]) => key !== 'default')
        .map(([key, value]) => [key, jobOutput(value, key)]),
    ),
    environmentVariables: textMap(properties['environmentVariables'], 'environmentVariables'),
    ...(codeId === undefined ? {} : { codeId }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
}

function jobInput(value: unknown, key: string): JobInput {
  const input = object(value, `inputs.${key}`);
  const kind = text(input, 'jobInputType', `inputs.${key}`);
  const content = kind === 'literal' ? optionalText(input, 'value', key) : optionalText(input, 'uri', key);
  return { kind, value: content ?? '', mode: optionalText(input, 'mode', key) ?? 'ReadOnlyMount' };
}

function jobOutput(value: unknown, key: string): JobOutput {
  const output = object(value, `outputs.${key}`);
  return { kind: text(output, 'jobOutputType', `outputs.${key}`), uri: text(output, 'uri', `outputs.${key}`) };
}

function wrongType(type: string): Error {
  const known = unsupported[type];
  return known === undefined
    ? invalid(`'${type}' is not a type of job.`, 'ValidationError', 'properties.jobType')
    : invalid(
        `This local workspace runs command jobs only, not ${known} jobs (jobType '${type}').`,
        'NotSupported',
        'properties.jobType',
      );
}

function reference(assets: Assets, kind: string, given: string): string {
  try {
    assets.version(kind, given);
    if (kind === 'environments') assets.python(given);
    return assets.id(kind, given);
  } catch (error) {
    if (!(error instanceof AssetError || error instanceof EnvironmentError)) throw error;
    throw invalid(errorMessage(error), kind === 'environments' ? 'EnvironmentNotUsable' : 'CodeNotFound');
  }
}

function refuseUnsupported(asked: Json): void {
  if (isObject(asked['distribution']))
    throw invalid(
      'Distributed jobs are not supported by this local workspace.',
      'NotSupported',
      'properties.distribution',
    );
  const resources = optionalObject(asked['resources'], 'properties.resources');
  if (typeof resources['instanceCount'] === 'number' && resources['instanceCount'] !== 1)
    throw invalid(
      'Jobs on more than one instance are not supported by this local workspace.',
      'NotSupported',
      'properties.resources.instanceCount',
    );
  if (isObject(asked['services']) && Object.keys(asked['services']).length > 0)
    throw invalid(
      'Interactive job services are not supported by this local workspace.',
      'NotSupported',
      'properties.services',
    );
}

function readInputs(value: unknown): Json {
  const inputs: Json = {};
  for (const [key, given] of Object.entries(optionalObject(value, 'properties.inputs'))) {
    if (given === null) continue;
    const where = `properties.inputs.${key}`;
    const input = object(given, where);
    const kind = text(input, 'jobInputType', where);
    if (!inputKinds.includes(kind))
      throw invalid(`'${kind}' is not a type of input.`, 'ValidationError', `${where}.jobInputType`);
    const description = optionalText(input, 'description', where) ?? null;
    inputs[key] =
      kind === 'literal'
        ? { description, jobInputType: kind, value: text(input, 'value', where) }
        : {
            description,
            jobInputType: kind,
            uri: text(input, 'uri', where),
            mode: optionalText(input, 'mode', where) ?? 'ReadOnlyMount',
          };
  }
  return inputs;
}

function readOutputs(value: unknown, job: string): Json {
  const outputs: Json = {
    default: {
      description: null,
      uri: `azureml://datastores/workspaceartifactstore/${artifactPlace(job).blob}`,
      assetName: null,
      mode: 'ReadWriteMount',
      jobOutputType: 'uri_folder',
    },
  };
  for (const [key, given] of Object.entries(optionalObject(value, 'properties.outputs'))) {
    if (given === null || key === 'default') continue;
    const where = `properties.outputs.${key}`;
    const output = object(given, where);
    const kind = text(output, 'jobOutputType', where);
    if (!inputKinds.includes(kind) || kind === 'literal')
      throw invalid(`'${kind}' is not a type of output.`, 'ValidationError', where);
    outputs[key] = {
      description: optionalText(output, 'description', where) ?? null,
      uri: (
        optionalText(output, 'uri', where) ?? `azureml://datastores/workspaceblobstore/paths/azureml/${job}/${key}/`
      ).replaceAll('${{name}}', job),
      assetName: null,
      mode: optionalText(output, 'mode', where) ?? 'ReadWriteMount',
      jobOutputType: kind,
    };
  }
  return outputs;
}

function checkLimits(limits: Json): void {
  const timeout = optionalText(limits, 'timeout', 'properties.limits');
  if (timeout !== undefined && durationMs(timeout) === undefined)
    throw invalid(`'${timeout}' is not an ISO 8601 duration.`, 'ValidationError', 'properties.limits.timeout');
}

/** Every `${{inputs.x}}` and `${{outputs.x}}` must be one that the job has. */
function checkPlaceholders(command: string, inputs: Json, outputs: Json): void {
  const required = command.replaceAll(/\$\[\[.*?\]\]/gs, '');
  for (const [whole, kind = '', name = ''] of required.matchAll(/\$\{\{\s*(inputs|outputs)\.([\w-]+)\s*\}\}/g)) {
    if (!Object.hasOwn(kind === 'inputs' ? inputs : outputs, name))
      throw invalid(
        `The command uses ${whole}, but the job has no ${kind.slice(0, -1)} '${name}'.`,
        'ValidationError',
        'properties.command',
      );
  }
}

/** The workspace has one compute; serverless jobs name none. */
function checkCompute(computeId: string | null): void {
  if (computeId === null || computeId.toLowerCase().endsWith(names.compute)) return;
  throw invalid(
    `The compute target '${computeId}' was not found. The workspace has: ${names.compute}.`,
    'ComputeNotFound',
    'properties.computeId',
  );
}

function services(core: Core, workspace: string, name: string): Json {
  const common = { port: null, status: null, errorMessage: null, properties: null, nodes: null };
  const group = workspace.split('/');
  const studio = `/subscriptions/${group[2] ?? ''}/resourcegroups/${group[4] ?? ''}/workspaces/${group[8] ?? ''}`;
  return {
    Tracking: {
      jobServiceType: 'Tracking',
      ...common,
      endpoint: `azureml://${new URL(core.url).host}/mlflow/v1.0${workspace}?`,
    },
    Studio: { jobServiceType: 'Studio', ...common, endpoint: `https://ml.azure.com/runs/${name}?wsid=${studio}` },
  };
}
