import path from 'node:path';
import { jobName, unlessEmpty } from './names';
import type { YamlReader } from '../../agent/yaml';
import { checkClosed } from '../component/expressions';
import { isoDuration } from '../python';
import { isList, list, looseTextMap, mapOf, tagged, textMap, union, valuesOf } from '../shape/collections';
import { dropped, optional, record, required, withDefault, type Spelling, type Values } from '../shape/record';
import { anything, boolean, integer, integerIn, text, word } from '../shape/scalars';
import { refine, type Shape } from '../shape/shape';
import { answered } from './answered';
import { computeId } from './references';

/** Members that jobs of several types share. Nodes of a pipeline have the same ones in the file's own spelling. */

export const resourceFields = {
  instance_count: optional(integerIn(1)),
  max_instance_count: optional(integerIn(1)),
  instance_type: optional(text),
  locations: optional(list(text)),
  shm_size: optional(text),
  docker_args: optional(
    union<string | string[]>('text or a list of it', [
      { when: isList, shape: list(text) },
      { when: () => true, shape: text },
    ]),
  ),
  properties: withDefault(valuesOf(anything), () => ({})),
};

export function resources<N extends Spelling>(spelling: N): Shape<Values<typeof resourceFields, N>> {
  const read = record(resourceFields, spelling);
  return spelling === 'camel' ? refine(read, asRequested) : read;
}

/** Properties whose names the service wants in one spelling, whatever the file's. */
const knownProperties: Readonly<Record<string, string>> = {
  aisupercomputer: 'AISuperComputer',
  singularity: 'AISuperComputer',
  itp: 'itp',
  target_selector: 'target_selector',
};

export function namedProperties(properties: Record<string, unknown>): Record<string, unknown> {
  const named = Object.entries(properties).map(([key, own]): [string, unknown] => [
    knownProperties[key.toLowerCase()] ?? key,
    own,
  ]);
  return Object.fromEntries(named);
}

/** A list of arguments for Docker is another member than a text of them. */
function asRequested<T extends { dockerArgs?: unknown; properties?: Record<string, unknown> }>(value: T): T {
  const { dockerArgs, properties = {} } = value;
  return {
    ...value,
    properties: namedProperties(properties),
    ...(Array.isArray(dockerArgs) ? { dockerArgs: undefined, dockerArgsList: dockerArgs } : {}),
  };
}

/** Seconds as an ISO 8601 duration; 0 means no limit. */
export const seconds: Shape<string | undefined> = refine(integerIn(0), (value) =>
  value === 0 ? undefined : isoDuration(value),
);

const distributionType = { pytorch: 'PyTorch', tensorflow: 'TensorFlow', mpi: 'Mpi', ray: 'Ray' } as const;

/** `type`, called `typeName` in the request, and the counts that belong to it. */
export function distribution(spelling: Spelling): Shape {
  const typeName = spelling === 'yaml' ? 'distribution_type' : 'distributionType';
  const type = required(word(distributionType), { as: typeName });
  const byProcess = record({ type, process_count_per_instance: optional(integer) }, spelling);
  return tagged<unknown>('type', {
    pytorch: byProcess,
    mpi: byProcess,
    tensorflow: record(
      { type, parameter_server_count: withDefault(integer, () => 0), worker_count: optional(integer) },
      spelling,
    ),
    ray: record(
      {
        type,
        port: optional(integer),
        address: optional(text),
        include_dashboard: optional(boolean),
        dashboard_port: optional(integer),
        head_node_additional_args: optional(text),
        worker_node_additional_args: optional(text),
      },
      spelling,
    ),
  });
}

export const commandLimits = refine(record({ timeout: optional(seconds) }), ({ timeout }) => ({
  jobLimitsType: 'Command',
  timeout,
}));

const identityType = {
  managed: 'Managed',
  managed_identity: 'Managed',
  aml_token: 'AMLToken',
  user_identity: 'UserIdentity',
} as const;

const type = required(word(identityType), { as: 'identityType' });
const managed = record({
  type,
  client_id: optional(text),
  object_id: optional(text),
  msi_resource_id: optional(text, { as: 'resourceId' }),
});
const bare = record({ type });

/** Whose rights the job has. */
export const identity: Shape = tagged<unknown>('type', {
  managed,
  managed_identity: managed,
  aml_token: bare,
  user_identity: bare,
});

const tiers = { null: 'Null', spot: 'Spot', basic: 'Basic', standard: 'Standard', premium: 'Premium' } as const;

const priorities = { low: '1', medium: '2', high: '3' } as const;

export const queueSettings = record({
  job_tier: optional(word(tiers)),
  priority: optional(refine(word(priorities), Number)),
});

const serviceType = { jupyter_lab: 'JupyterLab', vs_code: 'VSCode', ssh: 'SSH', tensor_board: 'TensorBoard' } as const;
type ServiceType = (typeof serviceType)[keyof typeof serviceType];

/** @param standard type of the service where the file does not say it */
const serviceFields = (standard: ServiceType) => ({
  type: withDefault(word(serviceType), () => standard, { as: 'jobServiceType' }),
  nodes: optional(refine(word({ all: 'All' }), (nodesValueType) => ({ nodesValueType }))),
  port: optional(integer),
  properties: optional(looseTextMap),
  endpoint: answered,
  status: answered,
  error_message: answered,
});

/** A service whose own member travels among its properties. */
function serviceWith(standard: ServiceType, key: string, property: string): Shape {
  return refine(record({ ...serviceFields(standard), [key]: optional(text) }), (value) => {
    const { [property]: own, properties, ...rest } = value as typeof value & Record<string, unknown>;
    const all = { ...properties, ...(own === undefined ? {} : { [property]: own }) };
    return { ...rest, properties: Object.keys(all).length > 0 ? all : undefined };
  });
}

const ssh = serviceWith('SSH', 'ssh_public_keys', 'sshPublicKeys');
const tensorBoard = serviceWith('TensorBoard', 'log_dir', 'logDir');

const untyped = record({ ...serviceFields('SSH'), type: dropped(word({ custom: 'custom', '': 'custom' })) });

const serviceOfType = tagged<unknown>('type', {
  ssh,
  tensor_board: tensorBoard,
  jupyter_lab: record(serviceFields('JupyterLab')),
  vs_code: record(serviceFields('VSCode')),
  // A service of the writer's own: the clients send it without its type.
  custom: untyped,
  '': untyped,
});

/** Which service it is; one without a type is the first that has its keys: SSH, or what shows a folder of logs. */
function serviceAt(at: YamlReader): Shape {
  if (!at.isMap || at.has('type')) return serviceOfType;
  return at.has('log_dir') ? tensorBoard : ssh;
}

/** Interactive services of a job: what runs beside the command. */
export const services: Shape<Record<string, unknown>> = mapOf({
  read: (at, scope) => serviceAt(at).read(at, scope),
  schema: () => serviceOfType.schema(),
});

/** With the prefix as well, a job on `local` is one for the machine that submits it. */
const jobCompute = refine(computeId, (id, at) => {
  if (at.asString() !== 'azureml:local') return id;
  throw at.error('compute "azureml:local" has no counterpart in the workspace', 'Name a compute.');
});

/** Keys that every job has. */
export const namedJobFields = {
  name: optional(jobName),
  display_name: optional(unlessEmpty(text)),
  experiment_name: optional(unlessEmpty(text)),
  description: optional(text),
  tags: withDefault(textMap, () => ({})),
  properties: withDefault(textMap, () => ({})),
  compute: optional(jobCompute, { as: 'computeId' }),
  services: optional(services),
  id: answered,
  creation_context: answered,
  status: answered,
  log_files: answered,
};

/** Keys of every job that runs with somebody's rights. */
export const jobFields = { ...namedJobFields, identity: optional(identity) };

/** The folder's name without an extension and without spaces, as the clients take it from the working folder. */
export function defaultExperiment(folder: string): string {
  const name = path.parse(folder).name.replaceAll(' ', '');
  return name === '' ? 'Default' : name;
}

/** A command. The single braces of old files, `{inputs.x}`, become `${{inputs.x}}`. */
export const commandText: Shape<string> = refine(text, (command) =>
  command.replace(/(?<!\{)\{(inputs|outputs|search_space)\.([^}]*)\}(?!\})/g, '${{$1.$2}}'),
);

/**
 * `${{inputs.x}}` and `${{outputs.x}}` of a command must exist: the service finds out only when the job starts.
 *
 * @param known names by scope: `{ inputs: ['alpha'], outputs: [] }`
 */
export function checkExpressions(
  at: YamlReader,
  command: string,
  known: Readonly<Record<string, readonly string[]>>,
): void {
  checkClosed(at, command);
  for (const [whole, scope = '', name = ''] of command.matchAll(/\$\{\{\s*([a-z_]+)\.([\w.-]+)[^}]*\}\}/g)) {
    const names = known[scope];
    // Of an output there may be more than its name: `${{outputs.x.path}}`.
    const port = scope === 'outputs' ? name.replace(/\..*/, '') : name;
    if (!names || names.includes(port)) continue;
    throw at.error(
      `the command uses ${whole}, but the job has no such ${scope.replace(/s$/, '')}`,
      names.length > 0 ? `The job's ${scope}: ${names.join(', ')}.` : `The job has no ${scope}.`,
    );
  }
}
