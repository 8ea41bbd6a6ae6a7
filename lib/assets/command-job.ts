import { existsSync } from 'node:fs';
import path from 'node:path';
import { TaskError } from '../agent/errors';
import type { YamlReader } from '../agent/yaml';
import type { AssetFile } from './document';
import { readEnvironment, type EnvironmentSpec } from './environment';
import { readInputs, readOutputs, type JobInput, type JobOutput } from './job-io';
import {
  readCommandLimits,
  readDistribution,
  readIdentity,
  readQueueSettings,
  readResources,
  readServices,
  type Identity,
  type Resources,
} from './job-parts';
import { computeId, parseReference, type AssetReference } from './references';
import { localPath, optionalText, textMap, textOf } from './values';

/** A command job file of Azure ML CLI v2 (commandJob.schema.json), checked; local things and references still to resolve. */
export interface CommandJob {
  name?: string;
  displayName?: string;
  experimentName: string;
  description?: string;
  tags: Record<string, string>;
  properties: Record<string, string>;
  command: string;
  code?: CodeSpec;
  environment: EnvironmentSpec;
  environmentVariables: Record<string, string>;
  computeId?: string;
  inputs: Record<string, JobInput>;
  outputs: Record<string, JobOutput>;
  resources?: Resources;
  distribution?: Record<string, unknown>;
  limits?: { jobLimitsType: 'Command'; timeout?: string };
  identity?: Identity;
  queueSettings?: { jobTier?: string };
  services?: Record<string, unknown>;
}

export type CodeSpec = { kind: 'local'; path: string } | { kind: 'reference'; reference: AssetReference };

/** What a job's local things and references became in the workspace. */
export interface ResolvedJob {
  codeId?: string;
  environmentId: string;
  /** URI of each input that is no literal. */
  uris: Record<string, string>;
}

const keys = [
  '$schema', 'type', 'name', 'display_name', 'experiment_name', 'description', 'tags', 'properties', 'command', 'code', 'environment',
  'environment_variables', 'compute', 'inputs', 'outputs', 'resources', 'distribution', 'limits', 'identity', 'queue_settings', 'services',
]; // prettier-ignore

/**
 * Reads a command job file.
 *
 * @param workspaceId ARM id of the workspace, which names of computes belong to
 * @throws TaskError with `file:line:column` for anything the file may not say
 */
export async function readCommandJob({ reader, folder, file }: AssetFile, workspaceId: string): Promise<CommandJob> {
  refuseOtherTypes(reader, file);
  reader.object(keys);
  const compute = reader.optional('compute');
  const command = reader.required('command');
  const job: CommandJob = {
    name: optionalText(reader, 'name'),
    displayName: optionalText(reader, 'display_name'),
    experimentName: optionalText(reader, 'experiment_name') ?? defaultExperiment(folder),
    description: optionalText(reader, 'description'),
    tags: textMap(reader.optional('tags'), true),
    properties: textMap(reader.optional('properties')),
    command: textOf(command),
    code: readCode(reader.optional('code'), folder),
    environment: await readEnvironment(reader.required('environment'), folder),
    environmentVariables: textMap(reader.optional('environment_variables')),
    computeId: compute && computeId(compute, workspaceId),
    inputs: readInputs(reader.optional('inputs'), folder),
    outputs: readOutputs(reader.optional('outputs')),
    resources: readResources(reader.optional('resources')),
    distribution: readDistribution(reader.optional('distribution')),
    limits: readCommandLimits(reader.optional('limits')),
    identity: readIdentity(reader.optional('identity')),
    queueSettings: readQueueSettings(reader.optional('queue_settings')),
    services: readServices(reader.optional('services')),
  };
  checkExpressions(command, job);
  return job;
}

/** Body of Jobs_CreateOrUpdate. Members that are undefined do not go out. */
export function commandJobBody(
  job: CommandJob,
  name: string,
  resolved: ResolvedJob,
): { properties: Record<string, unknown> } {
  return {
    properties: {
      jobType: 'Command',
      displayName: job.displayName ?? job.name ?? name,
      experimentName: job.experimentName,
      description: job.description,
      tags: job.tags,
      properties: job.properties,
      command: job.command,
      codeId: resolved.codeId,
      environmentId: resolved.environmentId,
      environmentVariables: job.environmentVariables,
      computeId: job.computeId,
      inputs: Object.fromEntries(
        Object.entries(job.inputs).map(([key, input]) => [key, inputBody(input, resolved.uris[key])]),
      ),
      outputs: job.outputs,
      resources: job.resources,
      distribution: job.distribution,
      limits: job.limits,
      identity: job.identity,
      queueSettings: job.queueSettings,
      services: job.services,
      isArchived: false,
    },
  };
}

function inputBody(input: JobInput, uri: string | undefined): unknown {
  if (input.kind === 'literal') return { jobInputType: 'literal', value: input.value };
  return { jobInputType: input.type, mode: input.mode, uri: input.kind === 'uri' ? input.uri : uri };
}

function refuseOtherTypes(reader: YamlReader, file: string): void {
  const type = optionalText(reader, 'type');
  if (type === undefined || type === 'command') return;
  throw reader
    .required('type')
    .error(
      `${file} is a job of type "${type}"`,
      'This task submits command jobs: write type: command, or leave type out.',
    );
}

/** The folder's name without an extension and without spaces, as the clients take it from the working folder. */
function defaultExperiment(folder: string): string {
  const name = path.parse(folder).name.replaceAll(' ', '');
  return name === '' ? 'Default' : name;
}

/** Code is a local folder or file, or a code asset that exists. */
function readCode(reader: YamlReader | undefined, folder: string): CodeSpec | undefined {
  if (!reader) return undefined;
  const value = textOf(reader);
  const reference = parseReference(value, 'codes');
  if (reference) return { kind: 'reference', reference };
  if (/^(?:git\+|[a-z]+:\/\/|azureml:)/i.test(value) && !value.startsWith('file:')) {
    throw reader.error(
      `code "${value}" is neither a local folder nor a code asset`,
      'Check the repository out and name its folder.',
    );
  }
  const local = localPath(folder, value);
  if (!existsSync(local)) throw reader.error(`code: ${local} does not exist`, 'Paths are relative to the YAML file.');
  return { kind: 'local', path: local };
}

/** `${{inputs.x}}` and `${{outputs.x}}` of the command must exist: the service finds out only when the job starts. */
function checkExpressions(command: YamlReader, job: CommandJob): void {
  for (const [whole, scope, name] of job.command.matchAll(/\$\{\{\s*(inputs|outputs)\.([A-Za-z0-9_]+)[^}]*\}\}/g)) {
    const known = Object.keys(scope === 'inputs' ? job.inputs : job.outputs);
    if (name !== undefined && !known.includes(name)) {
      throw command.error(
        `the command uses ${whole}, but the job has no such ${scope === 'inputs' ? 'input' : 'output'}`,
        known.length > 0 ? `The job's ${scope}: ${known.join(', ')}.` : `The job has no ${scope}.`,
      );
    }
  }
}

/** A managed identity is no user: the service would refuse, after everything was uploaded. */
export function refuseUserIdentity(job: CommandJob, file: string): void {
  if (job.identity?.identityType !== 'UserIdentity') return;
  throw new TaskError(
    `${file}: the job asks for identity type user_identity, but a pipeline runs as an application and has no user whose rights the job could use.`,
    'Write identity: {type: managed} (the identity of the compute) or leave identity out.',
  );
}
