import type { Type } from './schema';
import { apiVersionOf, resourceTypes, type ResourceType } from './types';

type Json = Record<string, unknown>;

/** `/openapi/v3`: where the document of each group and version is. */
export function openapiIndex(): Json {
  const paths = groupVersions().map((path) => [path, { serverRelativeURL: `/openapi/v3/${path}?hash=1` }]);
  return { paths: Object.fromEntries(paths) as unknown };
}

function groupVersions(): string[] {
  return [...new Set(resourceTypes.map(pathOf))];
}

function pathOf(type: ResourceType): string {
  return type.group === '' ? `api/${type.version}` : `apis/${type.group}/${type.version}`;
}

/** The OpenAPI 3 document of `api/v1` or `apis/apps/v1`; `undefined` for others. */
export function openapiDocument(path: string): Json | undefined {
  const types = resourceTypes.filter((type) => pathOf(type) === path);
  if (types.length === 0) return undefined;
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1.32.0' },
    paths: Object.fromEntries(types.map((type) => [objectPath(type), pathItem(type, '#/components/schemas/')])),
    components: { schemas: Object.fromEntries(types.map((type) => [schemaName(type), kindSchema(type)])) },
  };
}

/** The same as OpenAPI 2, for clients that still ask for it. */
export function swagger(): Json {
  const operation = (type: ResourceType): unknown => {
    const parameters = ['dryRun', 'fieldManager', 'fieldValidation'].map((name) => ({
      name,
      in: 'query',
      type: 'string',
      uniqueItems: true,
    }));
    return { patch: { ...gvk(type), parameters, responses: { 200: { description: 'OK' } } } };
  };
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version: 'v1.32.0' },
    paths: Object.fromEntries(resourceTypes.map((type) => [objectPath(type), operation(type)])),
    definitions: Object.fromEntries(resourceTypes.map((type) => [schemaName(type), kindSchema(type)])),
  };
}

function objectPath(type: ResourceType): string {
  return `/${pathOf(type)}/${type.namespaced ? 'namespaces/{namespace}/' : ''}${type.resource}/{name}`;
}

function pathItem(type: ResourceType, base: string): Json {
  const query = (name: string, kind: string): Json => ({
    name,
    in: 'query',
    schema: { type: kind, uniqueItems: true },
  });
  const parameters = [
    query('dryRun', 'string'),
    query('fieldManager', 'string'),
    query('fieldValidation', 'string'),
    query('force', 'boolean'),
  ];
  const schema = { $ref: `${base}${schemaName(type)}` };
  const content = { 'application/json': { schema } };
  const responses = { 200: { description: 'OK', content } };
  const forms = [
    'application/apply-patch+yaml',
    'application/json-patch+json',
    'application/merge-patch+json',
    'application/strategic-merge-patch+json',
  ];
  const patch = { type: 'object' };
  return {
    get: { ...action('get', type), responses },
    put: {
      ...action('put', type),
      parameters: parameters.slice(0, 3),
      requestBody: { required: true, content },
      responses,
    },
    patch: {
      ...action('patch', type),
      parameters,
      requestBody: { required: true, content: Object.fromEntries(forms.map((form) => [form, { schema: patch }])) },
      responses,
    },
    delete: { ...action('delete', type), responses: { 200: { description: 'OK' } } },
  };
}

function action(name: string, type: ResourceType): Json {
  return { 'x-kubernetes-action': name, ...gvk(type) };
}

function gvk(type: ResourceType): Json {
  return { 'x-kubernetes-group-version-kind': { group: type.group, version: type.version, kind: type.kind } };
}

function schemaName(type: ResourceType): string {
  return `io.k8s.api.${type.group === '' ? 'core' : type.group}.${type.version}.${type.kind}`;
}

function kindSchema(type: ResourceType): Json {
  const schema = jsonSchema(type.schema);
  const { group, version, kind } = type;
  return {
    ...schema,
    description: `${kind} of ${apiVersionOf(type)}`,
    'x-kubernetes-group-version-kind': [{ group, version, kind }],
  };
}

const scalars: Partial<Record<Type['kind'], Json>> = {
  string: { type: 'string' },
  integer: { type: 'integer', format: 'int64' },
  number: { type: 'number' },
  boolean: { type: 'boolean' },
  any: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  intOrString: { type: 'string', format: 'int-or-string' },
  quantity: { type: 'string' },
  bytes: { type: 'string', format: 'byte' },
  time: { type: 'string', format: 'date-time' },
};

function jsonSchema(type: Type): Json {
  if (type.kind === 'object') {
    const properties = Object.fromEntries(Object.entries(type.fields).map(([key, field]) => [key, jsonSchema(field)]));
    return {
      type: 'object',
      properties,
      ...(type.required.length === 0 ? {} : { required: type.required }),
      ...(type.atomic ? { 'x-kubernetes-map-type': 'atomic' } : {}),
    };
  }
  if (type.kind === 'map') {
    return {
      type: 'object',
      additionalProperties: jsonSchema(type.of),
      ...(type.atomic ? { 'x-kubernetes-map-type': 'atomic' } : {}),
    };
  }
  if (type.kind !== 'list') return scalars[type.kind] ?? {};
  const items = jsonSchema(type.of);
  const [key] = type.keys;
  if (key !== undefined) {
    const merge = { 'x-kubernetes-patch-merge-key': key, 'x-kubernetes-patch-strategy': 'merge' };
    return { type: 'array', items, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': type.keys, ...merge };
  }
  if (type.isSet)
    return { type: 'array', items, 'x-kubernetes-list-type': 'set', 'x-kubernetes-patch-strategy': 'merge' };
  return { type: 'array', items, 'x-kubernetes-list-type': 'atomic' };
}
