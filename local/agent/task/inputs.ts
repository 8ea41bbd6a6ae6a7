import path from 'node:path';

import { isGuid } from '../names';
import type { ServiceConnection } from '../server';
import { scanMacros } from '../variables';
import type { JobContext } from './context';
import type { TaskDefinition } from './definition';

export interface ResolvedInputs {
  inputs: Map<string, { name: string; value: string }>;
  endpoints: ServiceConnection[];
}

/**
 * The inputs of a task as the agent hands them over (agent source `TaskRunner.cs`): defaults, then the step's, trimmed;
 * macros from the variables, then from the agent's own environment; `filePath` inputs rooted at the repository, an empty one
 * becoming the repository itself.
 */
export function resolveInputs(
  definition: TaskDefinition,
  given: Record<string, string>,
  job: JobContext,
  ownEnvironment: Record<string, string>,
): ResolvedInputs {
  const trim = !job.variables.flag('DISABLE_INPUT_TRIMMING');
  const prepare = (value: string): string => (trim ? value.trim() : value);
  const inputs: ResolvedInputs['inputs'] = new Map();
  for (const input of definition.inputs) {
    inputs.set(input.name.trim().toLowerCase(), { name: input.name.trim(), value: prepare(input.defaultValue) });
  }
  for (const [key, value] of Object.entries(given)) {
    const name = canonicalName(definition, key.trim());
    if (name === '') continue;
    const before = inputs.get(name.toLowerCase());
    inputs.set(name.toLowerCase(), { name: before?.name ?? name, value: prepare(value) });
  }
  for (const input of inputs.values()) {
    input.value = scanMacros(job.variables.expand(input.value), (name) => ownEnvironment[name]);
  }
  for (const { name, type } of definition.inputs) {
    const input = inputs.get(name.trim().toLowerCase());
    if (input && type.toLowerCase() === 'filepath') input.value = path.resolve(job.repositoryDirectory, input.value);
  }
  return { inputs, endpoints: selectEndpoints(definition, inputs, job) };
}

/** The server replaces an input's alias by its name before the agent sees it. */
function canonicalName(definition: TaskDefinition, key: string): string {
  const same = (name: string): boolean => name.toLowerCase() === key.toLowerCase();
  return definition.inputs.find((input) => same(input.name) || input.aliases.some(same))?.name ?? key;
}

function selectEndpoints(
  definition: TaskDefinition,
  inputs: ResolvedInputs['inputs'],
  job: JobContext,
): ServiceConnection[] {
  const ids = definition.inputs
    .filter(({ type }) => type.toLowerCase().startsWith('connectedservice:'))
    .flatMap(({ name }) => (inputs.get(name.trim().toLowerCase())?.value ?? '').split(','))
    .map((id) => id.trim().toLowerCase())
    .filter((id) => isGuid(id));
  return job.endpoints.filter(({ id }) => ids.includes(id.toLowerCase()));
}

/**
 * What the server does when it compiles the pipeline: the name of a service connection in a `connectedService:*` input
 * becomes its GUID.
 * @throws Error worded as the service does, when one does not exist.
 */
export async function resolveServiceConnections(
  definition: TaskDefinition,
  given: Record<string, string>,
  find: (nameOrId: string) => ServiceConnection | undefined | Promise<ServiceConnection | undefined>,
): Promise<{ inputs: Record<string, string>; endpoints: ServiceConnection[] }> {
  const inputs = { ...given };
  const endpoints: ServiceConnection[] = [];
  for (const key of Object.keys(given)) {
    const name = canonicalName(definition, key.trim());
    const input = definition.inputs.find((candidate) => candidate.name === name);
    if (!input?.type.toLowerCase().startsWith('connectedservice:')) continue;
    const ids: string[] = [];
    for (const reference of (given[key] ?? '').split(',').map((text) => text.trim())) {
      if (reference === '') continue;
      const found = await find(reference);
      if (!found) throw new MissingServiceConnection(name, reference);
      endpoints.push(found);
      ids.push(found.id);
    }
    inputs[key] = ids.join(',');
  }
  return { inputs, endpoints };
}

export class MissingServiceConnection extends Error {
  constructor(
    readonly input: string,
    readonly reference: string,
  ) {
    super(
      `input ${input} references service connection ${reference} which could not be found. ` +
        'The service connection does not exist, has been disabled or has not been authorized for use.',
    );
  }
}
