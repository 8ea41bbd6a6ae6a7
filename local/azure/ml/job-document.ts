import type { Core } from '../service';
import { Assets } from './assets';
import {
  askedJob,
  checkCompute,
  checkLimits,
  jobInputs,
  jobOutputs,
  jobResource,
  readInputs,
  readOutputs,
  reference,
  type JobInput,
  type JobOutput,
} from './job-parts';
import { durationMs, invalid, isObject, object, optionalObject, optionalText, text, textMap, type Json } from './wire';

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

/** Checks a request for a command job and makes the stored ARM resource of it, status `Starting`. Throws 400 as the service would. */
export function newCommandJob(core: Core, workspace: string, name: string, body: unknown, createdBy: string): Json {
  const asked = askedJob(name, body);
  const command = commandText(asked);
  const assets = new Assets(core, workspace);
  const environmentId = reference(assets, 'environments', text(asked, 'environmentId', 'properties'));
  const code = optionalText(asked, 'codeId', 'properties');
  const inputs = readInputs(asked['inputs']);
  const outputs = readOutputs(asked['outputs'], name);
  refuseUnsupported(asked, 'properties');
  checkPlaceholders(command, inputs, outputs, 'properties.command');
  const limits = optionalObject(asked['limits'], 'properties.limits');
  checkLimits(limits);
  const computeId = optionalText(asked, 'computeId', 'properties') ?? null;
  checkCompute(core, workspace, computeId);
  return jobResource(core, workspace, name, asked, {
    createdBy,
    status: 'Starting',
    properties: {
      '_azureml.ComputeTargetType': 'amlctrain',
      '_azureml.ClusterName': computeId === null ? null : (computeId.split('/').pop() ?? null),
    },
    specific: {
      jobType: 'Command',
      resources: trialResources(asked['resources'], 'properties.resources'),
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
  });
}

/** The runner's view of a stored command job. */
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
    inputs: jobInputs(document),
    outputs: jobOutputs(document),
    environmentVariables: textMap(properties['environmentVariables'], 'environmentVariables'),
    ...(codeId === undefined ? {} : { codeId }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
}

/** The command of a job or trial: it must hold one. */
export function commandText(asked: Json, where = 'properties'): string {
  const command = text(asked, 'command', where);
  if (!/[a-zA-Z0-9_]/.test(command))
    throw invalid(`${where}.command holds no command.`, 'ValidationError', `${where}.command`);
  return command;
}

/** Resources of a job or trial with the service's defaults. */
export function trialResources(value: unknown, where: string): Json {
  const defaults = { instanceCount: 1, instanceType: null, properties: null, shmSize: '2g', dockerArgs: null };
  return { ...defaults, ...optionalObject(value, where) };
}

/** Refuses what needs more than one process on one machine. Reads both spellings: of jobs, and of nodes of a pipeline. */
export function refuseUnsupported(asked: Json, where: string): void {
  const refuse = (what: string, key: string): never => {
    throw invalid(`${what} not supported by this local workspace.`, 'NotSupported', `${where}.${key}`);
  };
  if (isObject(asked['distribution'])) refuse('Distributed jobs are', 'distribution');
  const resources = optionalObject(asked['resources'], `${where}.resources`);
  for (const key of ['instanceCount', 'instance_count']) {
    const count = resources[key];
    if (typeof count === 'number' && count !== 1) refuse('Jobs on more than one instance are', `resources.${key}`);
  }
  if (isObject(asked['services']) && Object.keys(asked['services']).length > 0)
    refuse('Interactive job services are', 'services');
}

/** Every `${{inputs.x}}` and `${{outputs.x}}` outside an optional part must be one that the job has. */
export function checkPlaceholders(command: string, inputs: Json, outputs: Json, where: string): void {
  const required = command.replaceAll(/\$\[\[.*?\]\]/gs, '');
  for (const [whole, kind = '', name = ''] of required.matchAll(/\$\{\{\s*(inputs|outputs)\.([\w.-]+)\s*\}\}/g)) {
    if (!Object.hasOwn(kind === 'inputs' ? inputs : outputs, name))
      throw invalid(
        `The command uses ${whole}, but the job has no ${kind.slice(0, -1)} '${name}'.`,
        'ValidationError',
        where,
      );
  }
}
