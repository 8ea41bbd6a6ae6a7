import { asList, asObject, asString, asStrings, isObject } from '../json';
import type { ApiObject } from './objects';
import { nameOf } from './objects';
import type { Type } from './schema';
import { matchesSelector } from './selectors';
import { ApiError, badRequest, invalid, required, type Cause } from './status';
import { apiVersionOf, type ResourceType } from './types';

/** Fields that the type does not have, and fields of the wrong type. */
export interface SchemaProblems {
  unknown: string[];
  wrong: { path: string; expected: string; found: string }[];
}

/** Compares a value with its type. */
export function checkSchema(value: unknown, type: Type, path = ''): SchemaProblems {
  const problems: SchemaProblems = { unknown: [], wrong: [] };
  visit(value, type, path, problems);
  return problems;
}

function visit(value: unknown, type: Type, path: string, problems: SchemaProblems): void {
  if (value === null || value === undefined || type.kind === 'any') return;
  const wrong = (expected: string): void => {
    problems.wrong.push({ path, expected, found: typeName(value) });
  };
  if (type.kind === 'object') {
    if (!isObject(value)) {
      wrong('object');
      return;
    }
    for (const [key, entry] of Object.entries(value)) {
      const field = type.fields[key];
      const below = path === '' ? key : `${path}.${key}`;
      if (field === undefined) problems.unknown.push(below);
      else visit(entry, field, below, problems);
    }
  } else if (type.kind === 'map') {
    if (!isObject(value)) {
      wrong('map');
      return;
    }
    for (const [key, entry] of Object.entries(value)) visit(entry, type.of, `${path}.${key}`, problems);
  } else if (type.kind === 'list') {
    if (!Array.isArray(value)) {
      wrong('array');
      return;
    }
    for (const [index, entry] of asList(value).entries()) visit(entry, type.of, `${path}[${index}]`, problems);
  } else if (!isScalar(value, type.kind)) wrong(scalarNames[type.kind] ?? type.kind);
}

const scalarNames: Partial<Record<Type['kind'], string>> = {
  bytes: '[]byte',
  time: 'string',
  intOrString: 'int or string',
  integer: 'int32',
  boolean: 'bool',
};

function isScalar(value: unknown, kind: string): boolean {
  if (kind === 'integer') return typeof value === 'number' && Number.isInteger(value);
  if (kind === 'number') return typeof value === 'number';
  if (kind === 'boolean') return typeof value === 'boolean';
  if (kind === 'intOrString' || kind === 'quantity') return typeof value === 'string' || typeof value === 'number';
  return typeof value === 'string';
}

function typeName(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

/**
 * Checks an object that came in: kind, field types, and unknown fields as `fieldValidation` says.
 * @returns warnings for the `Warning` header.
 */
export function checkIncoming(object: unknown, type: ResourceType, fieldValidation: string | null): string[] {
  const document = asObject(object);
  const { apiVersion, kind } = document;
  if (apiVersion !== apiVersionOf(type) || kind !== type.kind) {
    const found = `${asString(apiVersion) ?? ''}, Kind=${asString(kind) ?? ''}`;
    throw badRequest(
      `the object provided is unrecognized: it is ${found}, and not ${apiVersionOf(type)}, Kind=${type.kind}`,
    );
  }
  const { unknown, wrong } = checkSchema(document, type.schema);
  const [first] = wrong;
  if (first !== undefined) {
    throw badRequest(
      `${type.kind} in version "${type.version}" cannot be handled as a ${type.kind}: json: cannot unmarshal ${first.found} into Go struct field ${type.kind}.${first.path} of type ${first.expected}`,
    );
  }
  const texts = unknown.map((path) => `unknown field "${path}"`);
  if (fieldValidation === 'Strict' && texts.length > 0) {
    const message = `${type.kind} in version "${type.version}" cannot be handled as a ${type.kind}: strict decoding error: ${texts.join(', ')}`;
    throw badRequest(message);
  }
  return fieldValidation === 'Ignore' ? [] : texts;
}

const dnsLabel = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const dnsName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** Checks what an object says, after defaults. @throws ApiError 422. */
export function validate(object: ApiObject, type: ResourceType, before?: ApiObject): void {
  const causes: Cause[] = [];
  const name = nameOf(object);
  const isLabel = ['namespaces', 'services'].includes(type.resource);
  if (name === '')
    causes.push({ ...required('metadata.name'), message: 'Required value: name or generateName is required' });
  else if (!(isLabel ? dnsLabel : dnsName).test(name) || name.length > 253) causes.push(invalidName(name, isLabel));
  if (type.resource === 'deployments' || type.resource === 'replicasets') workload(object, before, causes);
  if (type.resource === 'pods') podSpec(asObject(object['spec']), 'spec', causes);
  if (type.resource === 'services') service(asObject(object['spec']), causes);
  if (type.resource === 'secrets') secret(object, causes);
  if (causes.length > 0) throw invalid(type.kind, type.group, name, causes);
}

function invalidName(name: string, isLabel: boolean): Cause {
  const rule = isLabel
    ? "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character"
    : "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
  return { reason: 'FieldValueInvalid', message: `Invalid value: "${name}": ${rule}`, field: 'metadata.name' };
}

function workload(object: ApiObject, before: ApiObject | undefined, causes: Cause[]): void {
  const spec = asObject(object['spec']);
  const template = asObject(spec['template']);
  const selector = asObject(spec['selector']);
  if (Object.keys(selector).length === 0) causes.push(required('spec.selector'));
  const labels = asStrings(asObject(template['metadata'])['labels']);
  if (Object.keys(selector).length > 0 && !matchesSelector(selector, labels)) {
    const message = `Invalid value: ${JSON.stringify(labels)}: \`selector\` does not match template \`labels\``;
    causes.push({ reason: 'FieldValueInvalid', message, field: 'spec.template.metadata.labels' });
  }
  const replicas = spec['replicas'];
  if (typeof replicas === 'number' && replicas < 0) {
    causes.push({
      reason: 'FieldValueInvalid',
      message: `Invalid value: ${replicas}: must be greater than or equal to 0`,
      field: 'spec.replicas',
    });
  }
  const former = asObject(before?.['spec'])['selector'];
  if (former !== undefined && JSON.stringify(former) !== JSON.stringify(selector)) {
    const message = `Invalid value: ${JSON.stringify(selector)}: field is immutable`;
    causes.push({ reason: 'FieldValueInvalid', message, field: 'spec.selector' });
  }
  podSpec(asObject(template['spec']), 'spec.template.spec', causes);
  const policy = asString(asObject(template['spec'])['restartPolicy']);
  if (policy !== undefined && policy !== 'Always') {
    const message = `Unsupported value: "${policy}": supported values: "Always"`;
    causes.push({ reason: 'FieldValueNotSupported', message, field: 'spec.template.spec.restartPolicy' });
  }
}

function podSpec(spec: Record<string, unknown>, path: string, causes: Cause[]): void {
  unsupported(spec, path, causes);
  const containers = asList(spec['containers']).map(asObject);
  if (containers.length === 0) causes.push(required(`${path}.containers`));
  const names = new Set<string>();
  for (const [index, container] of containers.entries()) {
    const at = `${path}.containers[${index}]`;
    const name = asString(container['name']) ?? '';
    if (name === '') causes.push(required(`${at}.name`));
    else if (names.has(name))
      causes.push({ reason: 'FieldValueDuplicate', message: `Duplicate value: "${name}"`, field: `${at}.name` });
    names.add(name);
    if ((asString(container['image']) ?? '') === '') causes.push(required(`${at}.image`));
    for (const [portIndex, port] of asList(container['ports']).map(asObject).entries()) {
      checkPort(port['containerPort'], `${at}.ports[${portIndex}].containerPort`, causes);
    }
  }
}

const volumeKinds = ['emptyDir', 'configMap', 'secret'];

/** What a real cluster takes and this one cannot run is refused here, by name, and not accepted in silence. */
function unsupported(spec: Record<string, unknown>, path: string, causes: Cause[]): void {
  const refuse = (field: string, what: string): void => {
    causes.push({ reason: 'FieldValueNotSupported', message: `Unsupported value: ${what} not supported here`, field });
  };
  if (asList(spec['initContainers']).length > 0) refuse(`${path}.initContainers`, 'init containers are');
  for (const [index, entry] of asList(spec['volumes']).entries()) {
    const kinds = Object.keys(asObject(entry)).filter((key) => key !== 'name');
    const strange = kinds.find((kind) => !volumeKinds.includes(kind));
    if (strange !== undefined) refuse(`${path}.volumes[${index}].${strange}`, 'this kind of volume is');
  }
  for (const [index, entry] of asList(spec['containers']).entries()) {
    for (const name of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
      const probe = asObject(asObject(entry)[name]);
      for (const kind of ['exec', 'grpc']) {
        if (probe[kind] !== undefined) refuse(`${path}.containers[${index}].${name}.${kind}`, `${kind} probes are`);
      }
    }
  }
}

function service(spec: Record<string, unknown>, causes: Cause[]): void {
  const ports = asList(spec['ports']).map(asObject);
  if (ports.length === 0 && spec['type'] !== 'ExternalName' && spec['clusterIP'] !== 'None')
    causes.push(required('spec.ports'));
  for (const [index, port] of ports.entries()) {
    checkPort(port['port'], `spec.ports[${index}].port`, causes);
    if (ports.length > 1 && (asString(port['name']) ?? '') === '') causes.push(required(`spec.ports[${index}].name`));
  }
  const kinds = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
  const kind = asString(spec['type']) ?? 'ClusterIP';
  if (!kinds.includes(kind)) {
    const message = `Unsupported value: "${kind}": supported values: ${kinds.map((one) => `"${one}"`).join(', ')}`;
    causes.push({ reason: 'FieldValueNotSupported', message, field: 'spec.type' });
  }
}

function checkPort(port: unknown, field: string, causes: Cause[]): void {
  if (port === undefined) causes.push(required(field));
  else if (typeof port !== 'number' || port < 1 || port > 65_535) {
    causes.push({
      reason: 'FieldValueInvalid',
      message: `Invalid value: ${JSON.stringify(port)}: must be between 1 and 65535, inclusive`,
      field,
    });
  }
}

function secret(object: ApiObject, causes: Cause[]): void {
  for (const [key, value] of Object.entries(asStrings(object['data']))) {
    if (Buffer.from(value, 'base64').toString('base64').replace(/=+$/, '') !== value.replace(/=+$/, '')) {
      causes.push({
        reason: 'FieldValueInvalid',
        message: 'Invalid value: illegal base64 data',
        field: `data[${key}]`,
      });
    }
  }
}

/** An object of a type that cannot be changed as asked. */
export function forbidden(resource: string, group: string, name: string, message: string): ApiError {
  const full = group === '' ? resource : `${resource}.${group}`;
  return new ApiError(403, 'Forbidden', `${full}${name === '' ? '' : ` "${name}"`} is forbidden: ${message}`, {
    name,
    group,
    kind: resource,
  });
}
