import { asList, asObject, asString, asStrings, type JsonObject } from '../json';
import { namespaceOf, nameOf, typeOf, uidOf, type ApiObject, type Objects } from './objects';

/** A container that cannot be made as its pod says; the reason is shown as its waiting reason. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Variables of a container: `envFrom`, then `env`, with `$(NAME)` filled in from those before. @throws ConfigError */
export function environmentOf(
  pod: ApiObject,
  container: JsonObject,
  objects: Objects,
  podIp: string,
): [string, string][] {
  const found = new Map<string, string>();
  for (const entry of asList(container['envFrom']).map(asObject)) {
    const prefix = asString(entry['prefix']) ?? '';
    for (const [key, value] of Object.entries(sourceOf(pod, entry, objects))) found.set(prefix + key, value);
  }
  for (const entry of asList(container['env']).map(asObject)) {
    const name = asString(entry['name']) ?? '';
    const from = asObject(entry['valueFrom']);
    const value =
      Object.keys(from).length === 0
        ? expandVariables(asString(entry['value']) ?? '', found)
        : valueFrom(pod, from, objects, podIp);
    if (value !== undefined) found.set(name, value);
  }
  return [...found];
}

/** `$(NAME)` → its value, `$$(NAME)` → `$(NAME)`; an unknown name stays as it is. */
export function expandVariables(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replace(/\$\$|\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)/g, (whole, name: string | undefined) =>
    name === undefined ? '$' : (variables.get(name) ?? whole),
  );
}

function sourceOf(pod: ApiObject, entry: JsonObject, objects: Objects): Record<string, string> {
  const map = asObject(entry['configMapRef']);
  const secret = asObject(entry['secretRef']);
  if (asString(map['name']) !== undefined) return dataOf(pod, 'configmaps', map, objects);
  return asString(secret['name']) === undefined ? {} : dataOf(pod, 'secrets', secret, objects);
}

/** The data of a config map or secret as texts; empty when it is optional and missing. */
export function dataOf(
  pod: ApiObject,
  resource: 'configmaps' | 'secrets',
  reference: JsonObject,
  objects: Objects,
): Record<string, string> {
  const name = asString(reference['name']) ?? asString(reference['secretName']) ?? '';
  const found = objects.get(typeOf(resource), namespaceOf(pod), name);
  if (found === undefined) {
    if (reference['optional'] === true) return {};
    throw new ConfigError(`${resource === 'secrets' ? 'secret' : 'configmap'} "${name}" not found`);
  }
  const data = asStrings(found['data']);
  if (resource === 'configmaps') return data;
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]),
  );
}

function valueFrom(pod: ApiObject, from: JsonObject, objects: Objects, podIp: string): string | undefined {
  const field = asString(asObject(from['fieldRef'])['fieldPath']);
  if (field !== undefined) return fieldValue(pod, field, podIp);
  for (const [kind, resource] of [
    ['configMapKeyRef', 'configmaps'],
    ['secretKeyRef', 'secrets'],
  ] as const) {
    const reference = asObject(from[kind]);
    const key = asString(reference['key']);
    if (key === undefined) continue;
    const value = dataOf(pod, resource, reference, objects)[key];
    if (value !== undefined || reference['optional'] === true) return value;
    throw new ConfigError(
      `couldn't find key ${key} in ${resource === 'secrets' ? 'Secret' : 'ConfigMap'} ${namespaceOf(pod)}/${asString(reference['name']) ?? ''}`,
    );
  }
  throw new ConfigError('this kind of valueFrom is not supported here');
}

function fieldValue(pod: ApiObject, path: string, podIp: string): string {
  const keyed = /^metadata\.(labels|annotations)\['([^']+)'\]$/.exec(path);
  if (keyed?.[1] !== undefined && keyed[2] !== undefined) return asStrings(pod.metadata[keyed[1]])[keyed[2]] ?? '';
  const values: Record<string, string> = {
    'metadata.name': nameOf(pod),
    'metadata.namespace': namespaceOf(pod),
    'metadata.uid': uidOf(pod),
    'spec.nodeName': asString(asObject(pod['spec'])['nodeName']) ?? '',
    'spec.serviceAccountName': asString(asObject(pod['spec'])['serviceAccountName']) ?? 'default',
    'status.podIP': podIp,
    'status.hostIP': '127.0.0.1',
  };
  const value = values[path];
  if (value === undefined) throw new ConfigError(`the field ${path} is not supported here`);
  return value;
}
