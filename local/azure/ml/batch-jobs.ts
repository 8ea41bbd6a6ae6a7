import { createHash, randomUUID } from 'node:crypto';
import { basename, dirname } from 'node:path/posix';
import type { Core } from '../service';
import { Assets } from './assets';
import {
  driverCommand,
  driverInput,
  modelInput,
  placeDriver,
  settingsVariable,
  type DriverSettings,
} from './batch-driver';
import { propertiesOf } from './batch-deployments';
import { refused, type BatchRequest } from './batch-request';
import { computeId } from './computes';
import { durationMs, object, optionalObject, optionalText, provider, text, textMap, type Json } from './wire';

/** What an invocation is of. */
export interface Invoked {
  core: Core;
  workspace: string;
  endpoint: string;
  deployment: string;
  /** The stored deployment. */
  document: Json;
}

/** Properties by which the jobs of an endpoint and of a deployment are found again. */
export const endpointProperty = 'azureml.endpointname';
export const deploymentProperty = 'azureml.deploymentname';

/** By it clients tell a batch job, and look for predictions at its only step unless it is marked as a pipeline. */
const batchTag = { 'azureml.batchrun': 'true' };

export function batchJobName(request: BatchRequest): string {
  return request.name ?? `batchjob-${randomUUID()}`;
}

/** The body of the job that carries out an invocation: of a model's scoring script, or of a pipeline component. */
export async function batchJobBody(invoked: Invoked, request: BatchRequest): Promise<Json> {
  const deployment = propertiesOf(invoked.document);
  const configuration = optionalObject(deployment['deploymentConfiguration'], 'deploymentConfiguration');
  const isComponent = Object.keys(configuration).length > 0;
  const work = isComponent
    ? componentJob(invoked, configuration, request)
    : await scoringJob(invoked, deployment, request);
  return {
    properties: {
      experimentName: request.experimentName ?? invoked.endpoint,
      displayName: `${invoked.endpoint}-${invoked.deployment}`,
      properties: { [endpointProperty]: invoked.endpoint, [deploymentProperty]: invoked.deployment },
      isArchived: false,
      ...work,
    },
  };
}

function componentJob({ workspace }: Invoked, configuration: Json, request: BatchRequest): Json {
  const settings = textMap(configuration['settings'], 'settings');
  const { default_compute: compute } = settings;
  return {
    jobType: 'Pipeline',
    componentId: text(object(configuration['componentId'], 'componentId'), 'assetId', 'componentId'),
    description: optionalText(configuration, 'description', 'deploymentConfiguration'),
    tags: { ...textMap(configuration['tags'], 'tags'), ...batchTag, 'azureml.jobtype': 'azureml.pipelinejob' },
    settings: { ...settings, _source: 'REMOTE.WORKSPACE.COMPONENT' },
    ...(compute === undefined ? {} : { computeId: computeId(workspace, compute) }),
    inputs: request.inputs,
    outputs: request.outputs,
    jobs: {},
  };
}

async function scoringJob(invoked: Invoked, deployment: Json, request: BatchRequest): Promise<Json> {
  const { core, workspace } = invoked;
  const entries = Object.entries(request.inputs);
  const [input, ...more] = entries;
  if (input === undefined || more.length > 0)
    throw refused(`A model deployment takes one input, not ${entries.length}.`);
  const [name, port] = input;
  if (object(port, name)['jobInputType'] === 'literal')
    throw refused(`The input '${name}' of a model deployment must be a file or a folder, not a literal.`);
  const code = optionalObject(deployment['codeConfiguration'], 'codeConfiguration');
  const model = optionalText(optionalObject(deployment['model'], 'model'), 'assetId', 'model');
  const output = scoreOutput(request, text(deployment, 'outputFileName', 'deployment'));
  const settings: DriverSettings = {
    input: name,
    ...limitsOf(deployment, request),
    script: optionalText(code, 'scoringScript', 'codeConfiguration'),
    model: model === undefined ? undefined : basename(new Assets(core, workspace).model(model).place.blob),
    outputFile: deployment['outputAction'] === 'SummaryOnly' ? undefined : output.file,
  };
  const componentId = keepComponent(invoked, {
    command: driverCommand,
    environment: text(deployment, 'environmentId', 'deployment'),
    code: optionalText(code, 'codeId', 'codeConfiguration'),
    environment_variables: {
      ...textMap(deployment['environmentVariables'], 'environmentVariables'),
      [settingsVariable]: JSON.stringify(settings),
    },
    inputs: {
      [name]: { type: object(port, name)['jobInputType'] },
      [driverInput]: { type: 'uri_file' },
      ...(model === undefined ? {} : { [modelInput]: { type: 'custom_model' } }),
    },
    outputs: { score: { type: 'uri_folder' } },
  });
  return {
    jobType: 'Pipeline',
    computeId: computeId(workspace, text(deployment, 'compute', 'deployment')),
    inputs: request.inputs,
    tags: batchTag,
    settings: { _source: 'REMOTE.WORKSPACE.COMPONENT' },
    jobs: {
      // Clients know the step and its output by these names.
      batchscoring: {
        type: 'command',
        name: 'batchscoring',
        componentId,
        inputs: {
          [name]: { job_input_type: 'literal', value: `\${{parent.inputs.${name}}}` },
          [driverInput]: { job_input_type: 'uri_file', uri: await placeDriver(core) },
          ...(model === undefined ? {} : { [modelInput]: { job_input_type: 'custom_model', uri: model } }),
        },
        outputs: { score: { job_output_type: 'uri_folder', ...(output.uri === undefined ? {} : { uri: output.uri }) } },
      },
    },
  };
}

/** An anonymous component of the workspace, the same one for the same content. Gives its id. */
function keepComponent({ core, workspace }: Invoked, content: Json): string {
  const version = createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 32);
  const id = `${workspace}/components/azureml_anonymous/versions/${version}`;
  const systemData = {
    createdAt: new Date().toISOString(),
    createdBy: core.workspaceIdentity.objectId,
    createdByType: 'Application',
  };
  const componentSpec = { type: 'command', name: 'azureml_anonymous', version, ...content };
  const properties = { isAnonymous: true, isArchived: false, tags: {}, properties: {}, componentSpec };
  core.store.set(id, { id, name: version, type: `${provider}/workspaces/components/versions`, properties, systemData });
  return id;
}

/** Numbers of the deployment, where the caller says nothing else. */
function limitsOf(
  deployment: Json,
  request: BatchRequest,
): Pick<DriverSettings, 'miniBatchSize' | 'errorThreshold' | 'maxRetries' | 'timeoutSeconds'> {
  const retry = optionalObject(deployment['retrySettings'], 'retrySettings');
  const timeout = durationMs(optionalText(retry, 'timeout', 'retrySettings') ?? '') ?? 30_000;
  return {
    miniBatchSize: request.miniBatchSize ?? Number(deployment['miniBatchSize']),
    errorThreshold: request.errorThreshold ?? Number(deployment['errorThreshold']),
    maxRetries: request.maxRetries ?? Number(retry['maxRetries']),
    timeoutSeconds: (request.timeoutMs ?? timeout) / 1000,
  };
}

/** Where predictions go: one output, whatever its name. A file's address names folder and file at once. */
function scoreOutput(request: BatchRequest, fileName: string): { uri?: string; file: string } {
  const given = Object.entries(request.outputs);
  const file = request.outputFileName ?? fileName;
  if (given.length > 1) throw refused(`A model deployment has one output, not ${given.length}.`);
  const [name, value] = given[0] ?? [];
  if (name === undefined) return { file };
  const port = object(value, name);
  const uri = optionalText(port, 'uri', name);
  if (uri === undefined || port['jobOutputType'] !== 'uri_file') return { uri, file };
  return { uri: dirname(uri), file: basename(uri) };
}
