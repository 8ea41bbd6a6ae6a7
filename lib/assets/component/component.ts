import { createHash } from 'node:crypto';
import { textAt } from '../../agent/json';
import type { Resource } from '../kinds/kind';
import { settle, type Soon } from '../later';
import { pythonJson } from '../python-json';
import { guidOf } from '../register/guid';
import { nextVersion } from '../register/versions';
import type { Remote } from '../remote';

/** An input of a component, as its specification has it. */
export interface ComponentInput {
  type: string;
  description?: string;
  optional?: Soon<boolean> | string;
  default?: string;
  min?: string;
  max?: string;
  enum?: string[];
  mode?: string;
}

export interface ComponentOutput {
  type: string;
  description?: string;
  mode?: string;
}

/** A component as a file or a node defines it. */
export interface ComponentDefinition {
  /** `command`, `spark`, `parallel`, `pipeline`, … */
  type: string;
  name?: string;
  version?: string;
  /** The specification without name, version and `_source`; code, environment and ids of components may be `Later`. */
  spec: Record<string, unknown>;
  /** Members of the specification that go out otherwise than they count in the hash. */
  onTheWire?: Record<string, unknown>;
  inputs: Record<string, ComponentInput>;
  outputs: Record<string, ComponentOutput>;
  description?: string;
  tags?: Record<string, string>;
  properties?: Record<string, string>;
  /** What nodes take over of its machines: all that is said of them, of which its specification lacks the properties. */
  resources?: Record<string, unknown>;
}

/** Where a component was defined: in a file of its own, inside a job, or made of a job. */
export type ComponentSource = 'YAML.COMPONENT' | 'YAML.JOB' | 'CLASS' | 'BUILTIN';

/** Name under which the clients keep components that a job defines. */
export const anonymousComponent = 'azureml_anonymous';

/**
 * Registers a component under the name of its content (`azureml_anonymous`, the version a hash over its specification made as
 * the Python SDK makes it) and returns its ARM id. What its specification needs is registered before; the same specification
 * is sent once.
 *
 * Operation: ComponentVersions_CreateOrUpdate.
 */
export async function registerAnonymousComponent(
  remote: Remote,
  definition: ComponentDefinition,
  source: ComponentSource,
): Promise<string> {
  const spec = await settledSpec(remote, definition);
  const path = `${remote.workspaceId}/components/${anonymousComponent}/versions/${specHash(spec)}`;
  return remote.once(`component ${path}`, async () => {
    const full = { ...spec, ...definition.onTheWire, name: anonymousComponent, version: '1', _source: source };
    const body = componentBody(definition, full, true);
    return textAt(await remote.put(path, body, { what: `component ${definition.type}` }), 'id') ?? path;
  });
}

/** The resource of a component with a name; without a version it is the next. */
export async function componentResource(
  remote: Remote,
  definition: ComponentDefinition & { name: string },
  source: ComponentSource,
): Promise<Resource> {
  const { name, version } = definition;
  const spec = { name, ...(await settledSpec(remote, definition)) };
  const container = `${remote.workspaceId}/components/${name}`;
  const taken = version ?? (await remote.once(`next ${container}`, () => nextVersion(remote, container)));
  const full = { ...spec, ...definition.onTheWire, version, _source: source };
  return {
    path: `${container}/versions/${taken}`,
    body: componentBody(definition, full, false, isHashed(definition) ? { client_component_hash: specHash(spec) } : {}),
  };
}

async function settledSpec(remote: Remote, { spec }: ComponentDefinition): Promise<Record<string, unknown>> {
  return (await settle(spec, remote)) as Record<string, unknown>;
}

/** The first 32 digits of sha256 over the specification in Python's JSON, as a GUID. */
function specHash(spec: Record<string, unknown>): string {
  return guidOf(createHash('sha256').update(pythonJson(spec)).digest('hex'));
}

/** The clients leave their hash on components of every type but this. */
function isHashed({ type }: ComponentDefinition): boolean {
  return type !== 'pipeline';
}

function componentBody(
  { type, description, tags = {}, properties = {} }: ComponentDefinition,
  componentSpec: Record<string, unknown>,
  isAnonymous: boolean,
  extra: Record<string, string> = {},
): unknown {
  return {
    properties: {
      componentSpec,
      description,
      isAnonymous,
      isArchived: type === 'pipeline' ? undefined : false,
      properties: { ...properties, ...extra },
      tags,
    },
  };
}
