import { names } from '../seed';
import type { Core } from '../service';
import { AssetError, artifactPlace, type Assets } from './assets';
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
  /** Name and version of the asset that the output becomes when the job has ended well. */
  assetName?: string;
  assetVersion?: string;
}

export const inputKinds = [
  'literal',
  'uri_file',
  'uri_folder',
  'mltable',
  'custom_model',
  'mlflow_model',
  'triton_model',
];

/** What all types of jobs answer alike; `specific` is what the type adds. Status of a new job: `status`. */
export function jobResource(
  core: Core,
  workspace: string,
  name: string,
  asked: Json,
  more: { createdBy: string; status: string; properties?: Json; specific: Json },
): Json {
  const computeId = optionalText(asked, 'computeId', 'properties') ?? null;
  return {
    id: `${workspace}/jobs/${name}`,
    name,
    type: `${provider}/workspaces/jobs`,
    properties: {
      description: optionalText(asked, 'description', 'properties') ?? null,
      tags: textMap(asked['tags'], 'properties.tags'),
      properties: { ...textMap(asked['properties'], 'properties.properties'), ...more.properties },
      parentJobName: null,
      displayName: optionalText(asked, 'displayName', 'properties') ?? name,
      status: more.status,
      experimentName: optionalText(asked, 'experimentName', 'properties') ?? 'Default',
      services: services(core, workspace, name),
      computeId,
      isArchived: asked['isArchived'] === true,
      identity: isObject(asked['identity']) ? asked['identity'] : null,
      componentId: optionalText(asked, 'componentId', 'properties') ?? null,
      notificationSetting: asked['notificationSetting'] ?? null,
      ...more.specific,
    },
    systemData: { createdAt: new Date().toISOString(), createdBy: more.createdBy, createdByType: 'Application' },
  };
}

/** The `properties` of a request for a job whose name may be one. */
export function askedJob(name: string, body: unknown): Json {
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,254}$/.test(name))
    throw invalid(
      `The job name '${name}' may hold letters, digits, dashes and underscores, starts with a letter or digit and has at most 255 characters.`,
      'InvalidName',
      'name',
    );
  return object(object(body, 'body')['properties'], 'properties');
}

/** The inputs of a stored job. */
export function jobInputs(document: unknown): Record<string, JobInput> {
  const properties = object(object(document, 'job')['properties'], 'properties');
  return Object.fromEntries(
    Object.entries(optionalObject(properties['inputs'], 'inputs')).map(([key, value]) => [key, jobInput(value, key)]),
  );
}

/** The named outputs of a stored job, of whatever type. */
export function jobOutputs(document: unknown): Record<string, JobOutput> {
  const properties = object(object(document, 'job')['properties'], 'properties');
  return Object.fromEntries(
    Object.entries(optionalObject(properties['outputs'], 'outputs'))
      .filter(([key]) => key !== 'default')
      .map(([key, value]) => [key, jobOutput(value, key)]),
  );
}

function jobInput(value: unknown, key: string): JobInput {
  const input = object(value, `inputs.${key}`);
  const kind = text(input, 'jobInputType', `inputs.${key}`);
  const content = kind === 'literal' ? optionalText(input, 'value', key) : optionalText(input, 'uri', key);
  return { kind, value: content ?? '', mode: optionalText(input, 'mode', key) ?? 'ReadOnlyMount' };
}

function jobOutput(value: unknown, key: string): JobOutput {
  const output = object(value, `outputs.${key}`);
  const where = `outputs.${key}`;
  const assetName = optionalText(output, 'assetName', where);
  const assetVersion = optionalText(output, 'assetVersion', where);
  return {
    kind: text(output, 'jobOutputType', where),
    uri: text(output, 'uri', where),
    ...(assetName === undefined ? {} : { assetName }),
    ...(assetVersion === undefined ? {} : { assetVersion }),
  };
}

/** Full id of an environment or code that can be used here. @throws ArmFault 400 when it cannot. */
export function reference(assets: Assets, kind: string, given: string, where?: string): string {
  try {
    assets.version(kind, given);
    if (kind === 'environments') assets.python(given);
    return assets.id(kind, given);
  } catch (error) {
    if (!(error instanceof AssetError || error instanceof EnvironmentError)) throw error;
    throw invalid(errorMessage(error), kind === 'environments' ? 'EnvironmentNotUsable' : 'CodeNotFound', where);
  }
}

export function readInputs(value: unknown): Json {
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
        ? { description, jobInputType: kind, value: literal(input, where) }
        : {
            description,
            jobInputType: kind,
            uri: text(input, 'uri', where),
            mode: optionalText(input, 'mode', where) ?? 'ReadOnlyMount',
          };
  }
  return inputs;
}

/** An empty text is a value, too. */
function literal(input: Json, where: string): string {
  const value = optionalText(input, 'value', where);
  if (value !== undefined) return value;
  throw invalid(`${where}.value is required and must be a text.`, 'ValidationError', `${where}.value`);
}

/** The place of an output that names none. */
export function defaultPlace(job: string, output: string, datastore = 'workspaceblobstore'): string {
  return `azureml://datastores/${datastore}/paths/azureml/${job}/${output}/`;
}

/** Outputs as a job shows them, with the places they get; `datastore` is that of outputs that name none. */
export function readOutputs(value: unknown, job: string, datastore?: string): Json {
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
      uri: (optionalText(output, 'uri', where) ?? defaultPlace(job, key, datastore))
        .replaceAll('${{name}}', job)
        .replaceAll('${{output_name}}', key),
      ...assetOf(output, where),
      mode: optionalText(output, 'mode', where) ?? 'ReadWriteMount',
      jobOutputType: kind,
    };
  }
  return outputs;
}

function assetOf(output: Json, where: string): Json {
  const assetName = optionalText(output, 'assetName', where) ?? null;
  const assetVersion = optionalText(output, 'assetVersion', where);
  return assetVersion === undefined ? { assetName } : { assetName, assetVersion };
}

export function checkLimits(limits: Json): void {
  const timeout = optionalText(limits, 'timeout', 'properties.limits');
  if (timeout !== undefined && durationMs(timeout) === undefined)
    throw invalid(`'${timeout}' is not an ISO 8601 duration.`, 'ValidationError', 'properties.limits.timeout');
}

/** A compute must be one of the workspace: the one it has from the start, or one that was made. Serverless jobs name none. */
export function checkCompute(
  core: Core,
  workspace: string,
  computeId: string | null,
  where = 'properties.computeId',
): void {
  if (computeId === null || computeId === '') return;
  const name = computeId.split('/').pop() ?? '';
  const known = [
    names.compute,
    'serverless',
    ...core.store.keys(`${workspace}/computes/`).map((key) => key.split('/').pop() ?? ''),
  ];
  if (known.some((one) => one.toLowerCase() === name.toLowerCase())) return;
  throw invalid(
    `The compute target '${computeId}' was not found. The workspace has: ${[...new Set(known)].join(', ')}.`,
    'ComputeNotFound',
    where,
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
