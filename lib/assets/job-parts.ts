import type { YamlReader } from '../agent/yaml';
import { isoDuration } from './python';
import { integerOf, isFloat, optionalText, textMap, textOf, wordOf } from './values';

/** Members that jobs of several types share, in the words of the REST API. */

export interface Resources {
  instanceCount?: number;
  maxInstanceCount?: number;
  instanceType?: string;
  locations?: string[];
  shmSize?: string;
  dockerArgs?: string;
  properties: Record<string, unknown>;
}

export function readResources(reader: YamlReader | undefined): Resources | undefined {
  if (!reader) return undefined;
  reader.object([
    'instance_count',
    'max_instance_count',
    'instance_type',
    'locations',
    'shm_size',
    'docker_args',
    'properties',
  ]);
  const count = reader.optional('instance_count');
  const most = reader.optional('max_instance_count');
  return {
    instanceCount: count && positive(count),
    maxInstanceCount: most && positive(most),
    instanceType: optionalText(reader, 'instance_type'),
    locations: reader.has('locations') ? reader.list('locations').map(textOf) : undefined,
    shmSize: optionalText(reader, 'shm_size'),
    dockerArgs: optionalText(reader, 'docker_args'),
    properties: Object.fromEntries(
      (reader.optional('properties')?.entries() ?? []).map(([key, value]) => [key, value.plain()]),
    ),
  };
}

const distributions = { pytorch: 'PyTorch', tensorflow: 'TensorFlow', mpi: 'Mpi' };

/** `type` and the counts that belong to it. */
export function readDistribution(reader: YamlReader | undefined): Record<string, unknown> | undefined {
  if (!reader) return undefined;
  const distributionType = wordOf(reader.required('type'), distributions);
  const own: Record<string, string> =
    distributionType === 'TensorFlow'
      ? { worker_count: 'workerCount', parameter_server_count: 'parameterServerCount' }
      : { process_count_per_instance: 'processCountPerInstance' };
  reader.object(['type', ...Object.keys(own)]);
  const counts = Object.entries(own).map(([key, member]) => {
    const value = reader.optional(key);
    return [member, value && integerOf(value)] as const;
  });
  const defaults = distributionType === 'TensorFlow' ? { parameterServerCount: 0 } : {};
  return { distributionType, ...defaults, ...Object.fromEntries(counts.filter(([, count]) => count !== undefined)) };
}

/** `timeout` in seconds becomes an ISO 8601 duration. */
export function readCommandLimits(
  reader: YamlReader | undefined,
): { jobLimitsType: 'Command'; timeout?: string } | undefined {
  if (!reader) return undefined;
  reader.object(['timeout']);
  const timeout = reader.optional('timeout');
  return { jobLimitsType: 'Command', timeout: timeout && isoDuration(positive(timeout)) };
}

export interface Identity {
  identityType: string;
  clientId?: string;
  objectId?: string;
  resourceId?: string;
}

const identities = {
  managed: 'Managed',
  managed_identity: 'Managed',
  aml_token: 'AMLToken',
  user_identity: 'UserIdentity',
  user: 'UserIdentity',
};

export function readIdentity(reader: YamlReader | undefined): Identity | undefined {
  if (!reader) return undefined;
  const identityType = wordOf(reader.required('type'), identities);
  reader.object(identityType === 'Managed' ? ['type', 'client_id', 'object_id', 'msi_resource_id'] : ['type']);
  return {
    identityType,
    clientId: optionalText(reader, 'client_id'),
    objectId: optionalText(reader, 'object_id'),
    resourceId: optionalText(reader, 'msi_resource_id'),
  };
}

const tiers = { null: 'Null', spot: 'Spot', basic: 'Basic', standard: 'Standard', premium: 'Premium' };

export function readQueueSettings(reader: YamlReader | undefined): { jobTier?: string } | undefined {
  if (!reader) return undefined;
  reader.object(['job_tier']);
  return { jobTier: reader.has('job_tier') ? wordOf(reader.required('job_tier'), tiers) : undefined };
}

const serviceTypes = { jupyter_lab: 'JupyterLab', vs_code: 'VSCode', ssh: 'SSH', tensor_board: 'TensorBoard' };

/** Interactive services of a job: what runs beside the command. */
export function readServices(reader: YamlReader | undefined): Record<string, unknown> | undefined {
  if (!reader) return undefined;
  return Object.fromEntries(reader.entries().map(([name, value]) => [name, readService(value)]));
}

function readService(reader: YamlReader): unknown {
  const jobServiceType = wordOf(reader.required('type'), serviceTypes);
  const own: Record<string, string> = { SSH: 'ssh_public_keys', TensorBoard: 'log_dir' };
  const extra = own[jobServiceType];
  reader.object(['type', 'nodes', 'port', 'properties', ...(extra === undefined ? [] : [extra])]);
  const nodes = reader.optional('nodes');
  const port = reader.optional('port');
  const value = extra === undefined ? undefined : optionalText(reader, extra);
  const properties = {
    ...textMap(reader.optional('properties')),
    ...(value === undefined ? {} : { [jobServiceType === 'SSH' ? 'sshPublicKeys' : 'logDir']: value }),
  };
  return {
    jobServiceType,
    nodes: nodes && { nodesValueType: wordOf(nodes, { all: 'All' }) },
    port: port && integerOf(port),
    properties: Object.keys(properties).length > 0 ? properties : undefined,
  };
}

function positive(reader: YamlReader): number {
  const value = integerOf(reader);
  if (value > 0 && !isFloat(reader)) return value;
  throw reader.error(`${reader.path} must be a whole number above 0`);
}
