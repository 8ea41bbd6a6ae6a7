import path from 'node:path';
import { TaskError } from '../../lib/agent/errors';
import { at, isRecord, textAt } from '../../lib/agent/json';
import type { YamlReader } from '../../lib/agent/yaml';
import { withoutEmpty } from '../../lib/assets/component/common';
import type { ComponentDefinition, ComponentInput, ComponentOutput } from '../../lib/assets/component/component';
import { component } from '../../lib/assets/component/types';
import { readAssetFile } from '../../lib/assets/document';
import { commandComponent } from '../../lib/assets/kinds/command-component';
import { jobKinds } from '../../lib/assets/kinds/jobs';
import { pipelineComponentKind } from '../../lib/assets/kinds/pipeline-component';
import { kindOf } from '../../lib/assets/kinds/recognise';
import { without } from '../../lib/assets/parts/without';
import { localPath } from '../../lib/assets/parts/paths';
import { nodesOf, pipelineComponent } from '../../lib/assets/pipeline/component';
import { checkComputes, jobPorts } from '../../lib/assets/pipeline/job';
import { setLines } from '../../lib/assets/set';
import type { Scope } from '../../lib/assets/shape/shape';
import { readTranslation, type Translation } from '../../lib/assets/translate';
import { neededComputes, type NeededCompute } from './computes';
import type { Inputs } from './inputs';

type NamedDefinition = ComponentDefinition & { name: string };

/** A pipeline that can be published. */
export interface Pipeline {
  /** What is registered, or the id (now or later) of what is registered already. */
  component: { definition: NamedDefinition } | { id: unknown };
  name: string;
  /** What the file gives the inputs of a run, in the members of the service (JobInput). */
  inputs: Record<string, unknown>;
  /** Members of a job that a component does not have. */
  job: Record<string, unknown>;
  /** What the file says that only a job has, as `tags (pipeline.yml:3:1)`: a start by a call has none of it. */
  jobOnly: string[];
  /** ARM id of the compute of nodes that name none. */
  defaultCompute: string | undefined;
  /** `continue_on_step_failure` and the like. */
  settings: Record<string, unknown>;
  /** What the nodes and the default name. */
  computes: NeededCompute[];
  /** Of the file. */
  scope: Scope;
}

/** Those that are no pipeline are known to be told apart by name. */
const kinds = [...jobKinds, pipelineComponentKind, commandComponent];

/**
 * Reads a pipeline job or a pipeline component.
 *
 * @throws TaskError, or `Problems`, with `file:line:column`
 */
export async function readPipeline(inputs: Inputs, workspaceId: string): Promise<Pipeline> {
  const { pipelineFile, compute, root } = inputs;
  const set = setLines(inputs.set);
  const { reader, scope } = await readAssetFile(pipelineFile, set, workspaceId, root);
  const kind = kindOf(reader, scope, kinds).name;
  if (kind === 'pipeline component') {
    return ofComponent(await readTranslation(pipelineFile, workspaceId, { kinds, set, root }), inputs);
  }
  if (kind !== 'pipeline job') {
    throw new TaskError(
      `${pipelineFile} is the file of a ${kind}.`,
      'Name the YAML file of a pipeline job or of a pipeline component.',
    );
  }
  const line = compute === undefined ? [] : [`settings.default_compute=azureml:${compute}`];
  return ofJob(await readTranslation(pipelineFile, workspaceId, { kinds, set: [...set, ...line], root }), inputs);
}

function ofComponent({ reader, scope }: Translation, { compute, ...inputs }: Inputs): Pipeline {
  const definition = pipelineComponent(component).read(reader, scope);
  if (compute === undefined) checkComputes(nodesOf(definition));
  const named = withName(definition, inputs.componentName ?? definition.name, inputs);
  return {
    component: { definition: named },
    name: named.name,
    inputs: {},
    job: {},
    jobOnly: [],
    defaultCompute: compute === undefined ? undefined : `${scope.workspaceId}/computes/${compute}`,
    settings: {},
    computes: neededComputes(reader, scope, compute),
    scope,
  };
}

function ofJob({ reader, scope, values }: Translation, inputs: Inputs): Pipeline {
  const settings = recordAt(values, 'settings');
  const use = reader.optional('component');
  const used = use && componentAt(use, scope);
  const own = inputs.componentName ?? used?.name ?? nameFrom(reader, scope);
  const pipeline = {
    computes: neededComputes(reader, scope, inputs.compute),
    inputs: recordAt(values, 'inputs'),
    job: Object.fromEntries(
      ['experimentName', 'displayName', 'description', 'outputs', 'tags', 'properties', 'identity'].map((key) => [
        key,
        at(values, key),
      ]),
    ),
    jobOnly: jobOnly(reader),
    defaultCompute: textAt(settings, 'default_compute') ?? textAt(values, 'computeId'),
    settings: without(settings, 'default_compute', '_source'),
    scope,
  };
  if (use && !used) return { ...pipeline, component: { id: at(values, 'componentId') }, name: own };
  const definition = withName(used ?? definitionOfJob(reader, values), own, inputs);
  return { ...pipeline, component: { definition }, name: definition.name };
}

/** The path of an output goes into the call. */
function jobOnly(reader: YamlReader): string[] {
  const own = ['experiment_name', 'tags', 'properties', 'identity'].map((key) => reader.optional(key));
  const outputs = reader.optional('outputs');
  const names = (outputs?.isMap ? outputs.entries() : []).flatMap(([, output]) =>
    output.isMap ? ['name', 'version'].map((key) => output.optional(key)) : [],
  );
  return [...own, ...names].flatMap((one) => (one && !one.isNull ? [`${one.path} (${one.where})`] : []));
}

/** The component that a job runs, where the file has it; one that is registered is known by its id alone. */
function componentAt(use: YamlReader, scope: Scope): ComponentDefinition | undefined {
  const shape = pipelineComponent(component);
  if (use.isMap) return shape.read(use, scope);
  const value = use.asString();
  if (value.startsWith('azureml:')) return undefined;
  const opened = scope.open(localPath(scope.folder, value), use);
  return shape.read(opened.reader, opened.scope);
}

function nameFrom(reader: YamlReader, scope: Scope): string {
  const given = reader.optionalString('name') ?? path.parse(scope.chain.at(-1) ?? '').name;
  const name = given
    .toLowerCase()
    .replace(/[^a-z\d]+/g, '_')
    .replace(/^[^a-z]+|_+$/g, '');
  return name === '' ? 'pipeline' : name;
}

function withName(
  definition: ComponentDefinition,
  name: string | undefined,
  inputs: { componentVersion?: string },
): NamedDefinition {
  if (name === undefined) throw new TaskError('The pipeline has no name.', 'Give the input componentName.');
  return { ...definition, name, version: inputs.componentVersion ?? definition.version };
}

/** A job as a component: what it gives its inputs becomes their defaults; data have none and are named at each start. */
function definitionOfJob(reader: YamlReader, values: unknown): ComponentDefinition {
  const given = recordAt(values, 'inputs');
  const inputs = Object.fromEntries(
    [...jobPorts(reader.optional('inputs'))].map(([name, { type, mode }]): [string, ComponentInput] => [
      name,
      { type, mode, default: textAt(given[name], 'value') },
    ]),
  );
  const outputs = Object.fromEntries(
    [...jobPorts(reader.optional('outputs'))].map(([name, { type, mode }]): [string, ComponentOutput] => [
      name,
      { type, mode },
    ]),
  );
  const description = textAt(values, 'description');
  const spec = withoutEmpty({
    type: 'pipeline',
    display_name: reader.optionalString('display_name'),
    description,
    inputs,
    outputs,
    jobs: recordAt(values, 'jobs'),
  });
  return { type: 'pipeline', spec, inputs, outputs, description, tags: {} };
}

function recordAt(value: unknown, key: string): Record<string, unknown> {
  const found = at(value, key);
  return isRecord(found) ? found : {};
}
