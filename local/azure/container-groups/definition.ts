import { asList, asNumber, asObject, asString, type JsonObject } from '../json';
import { ArmFault } from '../service';

/** A container of a group, as far as it matters here. */
export interface ContainerDefinition {
  name: string;
  image: string;
  command: string[];
  env: [string, string][];
}

export interface RegistryCredential {
  server: string;
  username: string | undefined;
  password: string | undefined;
  identity: string | undefined;
}

/** What runs a group: read from the body of `ContainerGroups_CreateOrUpdate`. */
export interface GroupDefinition {
  containers: ContainerDefinition[];
  restartPolicy: 'Always' | 'OnFailure' | 'Never';
  /** Ports of the group's address; none when it has no address. */
  ports: number[];
  hasAddress: boolean;
  credentials: RegistryCredential[];
  identities: string[];
  subnets: string[];
}

const nameForm = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
const unsupported = [
  'volumes',
  'initContainers',
  'extensions',
  'encryptionProperties',
  'confidentialComputeProperties',
];

/**
 * Reads and checks a container group.
 * @throws ArmFault 400, with the codes Container Instances uses where they are known.
 */
export function readGroup(body: unknown, name: string): GroupDefinition {
  const document = asObject(body);
  if (!nameForm.test(name))
    throw invalid('InvalidContainerGroupName', `The container group name '${name}' is invalid.`);
  if (asString(document['location']) === undefined) {
    throw invalid('LocationRequired', 'The location property is required for this definition.');
  }
  const properties = asObject(document['properties']);
  if (asString(properties['osType'])?.toLowerCase() !== 'linux') {
    throw invalid(
      'InvalidOsType',
      `The osType '${asString(properties['osType']) ?? ''}' for container group '${name}' is not supported here: only Linux is.`,
    );
  }
  for (const part of unsupported) {
    if (properties[part] !== undefined && properties[part] !== null && asList(properties[part]).length > 0) {
      throw invalid('NotSupported', `'${part}' of container group '${name}' is not supported here.`);
    }
  }
  const containers = asList(properties['containers']).map((entry) => readContainer(asObject(entry), name));
  if (containers.length === 0)
    throw invalid('MissingContainers', `The container group '${name}' must have at least one container.`);
  const address = asObject(properties['ipAddress']);
  const ports = asList(address['ports']).map((entry) => readPort(asObject(entry), name));
  const declared = asList(properties['containers']).flatMap((entry) =>
    asList(asObject(asObject(entry)['properties'])['ports']).map((port) => asNumber(asObject(port)['port'])),
  );
  const unknown = ports.find((port) => !declared.includes(port));
  if (unknown !== undefined) {
    throw invalid(
      'MissingIpAddressPorts',
      `The ports 'TCP:${unknown}' in the 'ipAddress' of container group '${name}' are not exposed by any container.`,
    );
  }
  return {
    containers,
    restartPolicy: readPolicy(properties['restartPolicy']),
    ports,
    hasAddress: properties['ipAddress'] !== undefined && properties['ipAddress'] !== null,
    credentials: asList(properties['imageRegistryCredentials']).map((entry) => readCredential(asObject(entry))),
    identities: Object.keys(asObject(asObject(document['identity'])['userAssignedIdentities'])),
    subnets: asList(properties['subnetIds']).map((entry) => asString(asObject(entry)['id']) ?? ''),
  };
}

function readContainer(entry: JsonObject, group: string): ContainerDefinition {
  const name = asString(entry['name']) ?? '';
  if (!nameForm.test(name))
    throw invalid('InvalidContainerName', `The container name '${name}' in container group '${group}' is invalid.`);
  const properties = asObject(entry['properties']);
  const image = asString(properties['image']) ?? '';
  if (image === '')
    throw invalid('MissingImage', `The image of container '${name}' in container group '${group}' is required.`);
  const requests = asObject(asObject(properties['resources'])['requests']);
  const cpu = asNumber(requests['cpu']);
  const memory = asNumber(requests['memoryInGB']);
  if (cpu === undefined || memory === undefined) {
    throw invalid(
      'MissingResourceRequests',
      `The resource requests (cpu, memoryInGB) of container '${name}' in container group '${group}' are required.`,
    );
  }
  const total = { cpu: 4, memory: 16 };
  if (cpu <= 0 || cpu > total.cpu || memory <= 0 || memory > total.memory) {
    throw invalid(
      'InvalidResourceRequests',
      `The requested resource (CPU: ${cpu}, memory in GB: ${memory}) of container '${name}' is not available: at most ${total.cpu} CPU and ${total.memory} GB.`,
    );
  }
  return {
    name,
    image,
    command: asList(properties['command']).filter((part) => typeof part === 'string'),
    env: asList(properties['environmentVariables']).map((variable) => readVariable(asObject(variable), name)),
  };
}

function readVariable(entry: JsonObject, container: string): [string, string] {
  const name = asString(entry['name']);
  const value = asString(entry['secureValue']) ?? asString(entry['value']);
  if (name === undefined || value === undefined) {
    throw invalid(
      'InvalidEnvironmentVariable',
      `An environment variable of container '${container}' lacks its name or value.`,
    );
  }
  return [name, value];
}

function readPort(entry: JsonObject, group: string): number {
  const port = asNumber(entry['port']);
  if (port === undefined || !Number.isInteger(port) || port < 1 || port > 65_535) {
    throw invalid('InvalidPort', `A port of container group '${group}' is not a number from 1 to 65535.`);
  }
  if ((asString(entry['protocol']) ?? 'TCP').toUpperCase() !== 'TCP')
    throw invalid('NotSupported', 'Only TCP ports are supported here.');
  return port;
}

function readPolicy(value: unknown): GroupDefinition['restartPolicy'] {
  const policy = value ?? 'Always';
  if (policy === 'Always' || policy === 'OnFailure' || policy === 'Never') return policy;
  throw invalid('InvalidRestartPolicy', "The restart policy must be 'Always', 'OnFailure' or 'Never'.");
}

function readCredential(entry: JsonObject): RegistryCredential {
  const server = asString(entry['server']);
  if (server === undefined)
    throw invalid('InvalidImageRegistryCredentials', "Each of 'imageRegistryCredentials' needs a server.");
  return {
    server,
    username: asString(entry['username']),
    password: asString(entry['password']),
    identity: asString(entry['identity']),
  };
}

export function invalid(code: string, message: string): ArmFault {
  return new ArmFault(400, code, message);
}

/** The body as it is shown again: without passwords and secure values. */
export function shownProperties(body: unknown): JsonObject {
  const properties = asObject(asObject(body)['properties']);
  const credentials = asList(properties['imageRegistryCredentials']).map((entry) =>
    without(asObject(entry), 'password'),
  );
  const containers = asList(properties['containers']).map((entry) => {
    const container = asObject(entry);
    const inner = asObject(container['properties']);
    const variables = asList(inner['environmentVariables']).map((variable) =>
      without(asObject(variable), 'secureValue'),
    );
    return { name: container['name'], properties: { ...inner, environmentVariables: variables } };
  });
  return { ...properties, containers, ...(credentials.length === 0 ? {} : { imageRegistryCredentials: credentials }) };
}

function without(entry: JsonObject, key: string): JsonObject {
  return Object.fromEntries(Object.entries(entry).filter(([name]) => name !== key));
}
