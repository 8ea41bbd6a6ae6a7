import { refuseUnsupported } from '../job-document';
import { readSweepSettings } from '../sweep/settings';
import { durationMs, invalid, isObject, object, optionalObject, optionalText, text, textMap, type Json } from '../wire';
import {
  literalTypes,
  scalar,
  type Component,
  type InputPort,
  type OutputPort,
  type PipelineComponent,
} from './component';
import { references, wholeReference, type Reference } from './expressions';
import type { Lookup } from './lookup';
import type { Graph, Node, NodeOutput, Source } from './model';
import { readParallelTask } from './parallel-task';

/** What surrounds a node: the names that it may refer to. */
export interface Around {
  inputs: Set<string>;
  outputs: Set<string>;
  nodes: Set<string>;
  /** Reads the pipeline inside of a component. */
  nested(component: PipelineComponent, where: string): Graph;
}

const unsupported: Record<string, string> = {
  automl: 'AutoML',
  spark: 'Spark',
  import: 'import',
  data_transfer: 'data transfer',
  if_else: 'if/else',
  do_while: 'do/while',
  parallel_for: 'parallel-for',
};

/** Reads a node of a pipeline. @throws ArmFault 400 naming the place below `where`. */
export function readNode(lookup: Lookup, around: Around, name: string, node: Json, where: string): Node {
  const type = optionalText(node, 'type', where) ?? 'command';
  if (unsupported[type] !== undefined) throw notRun(unsupported[type], type, where);
  const { id, component } = lookup.component(...componentOf(node, type, where));
  const kind = type === 'sweep' ? 'sweep' : component.type;
  if (kind === 'other') throw notRun(component.type === 'other' ? component.name : type, type, where);
  const computeId = optionalText(node, 'computeId', where) ?? optionalText(node, 'compute', where);
  lookup.compute(computeId, `${where}.computeId`);
  const space = kind === 'sweep' ? Object.keys(optionalObject(node['search_space'], `${where}.search_space`)) : [];
  const inputs = readInputs(around, component, node, where, space);
  const base = {
    name,
    where,
    displayName: optionalText(node, 'display_name', where) ?? name,
    componentId: id,
    ...(computeId === undefined ? {} : { computeId }),
    inputs,
    outputs: readOutputs(around, component, node, where),
    needs: needed(inputs),
  };
  return completed(lookup, around, { base, component, kind, node });
}

interface Read {
  base: Omit<Extract<Node, { type: 'pipeline' }>, 'type' | 'graph'>;
  component: Component;
  kind: string;
  node: Json;
}

function completed(lookup: Lookup, around: Around, { base, component, kind, node }: Read): Node {
  const { where } = base;
  if (component.type === 'pipeline' && kind === 'pipeline')
    return { ...base, type: 'pipeline', graph: around.nested(component, `${where}.jobs`) };
  if (component.type === 'parallel' && kind === 'parallel') {
    const task = readParallelTask(lookup, component, node, where);
    return { ...base, type: 'parallel', task, environmentVariables: variables(component.spec, node, where) };
  }
  if (component.type !== 'command')
    throw invalid(
      `A ${kind} node cannot have a ${component.type} component.`,
      'ValidationError',
      `${where}.componentId`,
    );
  refuseUnsupported(component.spec, where);
  refuseUnsupported(node, where);
  const program = {
    component: {
      ...component,
      environment: lookup.environment(component.environment, `${where}.component.environment`),
      ...(component.code === undefined ? {} : { code: lookup.code(component.code, `${where}.component.code`) }),
    },
    environmentVariables: variables(component.spec, node, where),
  };
  if (kind === 'sweep') return { ...base, ...program, type: 'sweep', sweep: readSweepSettings(node, where) };
  const timeout = optionalText(optionalObject(node['limits'], `${where}.limits`), 'timeout', `${where}.limits`);
  if (timeout !== undefined && durationMs(timeout) === undefined)
    throw invalid(`'${timeout}' is not an ISO 8601 duration.`, 'ValidationError', `${where}.limits.timeout`);
  return { ...base, ...program, type: 'command', ...(timeout === undefined ? {} : { timeout }) };
}

function notRun(what: string, type: string, where: string): Error {
  return invalid(
    `This local workspace runs command, sweep, parallel and pipeline nodes, not ${what} nodes (type '${type}').`,
    'NotSupported',
    `${where}.type`,
  );
}

function componentOf(node: Json, type: string, where: string): [string, string] {
  if (type !== 'sweep') return [text(node, 'componentId', where), `${where}.componentId`];
  const trial = node['trial'];
  if (typeof trial === 'string') return [trial, `${where}.trial`];
  return [text(object(trial, `${where}.trial`), 'componentId', `${where}.trial`), `${where}.trial.componentId`];
}

function variables(spec: Json, node: Json, where: string): Record<string, string> {
  return {
    ...textMap(spec['environment_variables'], `${where}.component.environment_variables`),
    ...textMap(node['environment_variables'], `${where}.environment_variables`),
  };
}

/** `space`: inputs that a sweep sets. */
function readInputs(
  around: Around,
  component: Component,
  node: Json,
  where: string,
  space: string[],
): Record<string, Source> {
  const given = optionalObject(node['inputs'], `${where}.inputs`);
  const unknown = [...Object.keys(given), ...space].find((name) => component.inputs[name] === undefined);
  if (unknown !== undefined)
    throw invalid(`The component has no input '${unknown}'.`, 'ValidationError', `${where}.inputs.${unknown}`);
  const inputs: Record<string, Source> = {};
  for (const [name, port] of Object.entries(component.inputs)) {
    if (space.includes(name)) continue;
    const at = `${where}.inputs.${name}`;
    const source = readInput(around, port, given[name], at);
    if (source !== undefined) inputs[name] = source;
    else if (!port.isOptional)
      throw invalid(`The input '${name}' is required and was not given.`, 'ValidationError', at);
  }
  return inputs;
}

function readInput(around: Around, port: InputPort, given: unknown, where: string): Source | undefined {
  const fallback =
    port.default === undefined
      ? undefined
      : { kind: inputKind(port), value: port.default, mode: modeOf(port.mode) ?? 'ReadOnlyMount' };
  if (given === undefined || given === null) return fallback && { from: 'value', value: fallback };
  const input = isObject(given) ? given : { value: scalar(given) };
  const mode = optionalText(input, 'mode', where) ?? modeOf(port.mode);
  const content = scalar(input['value']) ?? optionalText(input, 'uri', where);
  if (content === undefined) throw invalid('An input needs a value or a uri.', 'ValidationError', where);
  const reference = wholeReference(content, where);
  if (reference !== undefined) {
    checkReference(around, reference, where);
    return { from: 'reference', reference, ...(mode === undefined ? {} : { mode }), ...(fallback && { fallback }) };
  }
  const inside = references(content, where);
  for (const one of inside) checkReference(around, one, where);
  if (inside.length > 0) return { from: 'text', text: content };
  const kind = optionalText(input, 'job_input_type', where) ?? inputKind(port);
  if (literalTypes.includes(port.type)) checkLiteral(port, content, where);
  return { from: 'value', value: { kind, value: content, mode: mode ?? 'ReadOnlyMount' } };
}

function inputKind(port: InputPort): string {
  if (literalTypes.includes(port.type)) return 'literal';
  return port.type === 'path' ? 'uri_folder' : port.type;
}

function checkReference(around: Around, reference: Reference, where: string): void {
  const refuse = (message: string): never => {
    throw invalid(message, 'ValidationError', where);
  };
  if (reference.to === 'output') refuse(`An input cannot be an output of the pipeline ('${reference.name}').`);
  if (reference.to === 'input' && !around.inputs.has(reference.name))
    refuse(`The pipeline has no input '${reference.name}'.`);
  if (reference.to === 'node' && !around.nodes.has(reference.node))
    refuse(`The pipeline has no node '${reference.node}'.`);
}

/** A literal must be of the type that the component wants. */
function checkLiteral(port: InputPort, value: string, where: string): void {
  const fits: Record<string, RegExp> = {
    integer: /^\s*[+-]?\d+\s*$/,
    number: /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i,
    boolean: /^\s*(true|false)\s*$/i,
  };
  if (fits[port.type]?.test(value) === false)
    throw invalid(`'${value}' is not of the type ${port.type}.`, 'ValidationError', where);
}

function readOutputs(around: Around, component: Component, node: Json, where: string): Record<string, NodeOutput> {
  const given = optionalObject(node['outputs'], `${where}.outputs`);
  const unknown = Object.keys(given).find((name) => component.outputs[name] === undefined);
  if (unknown !== undefined)
    throw invalid(`The component has no output '${unknown}'.`, 'ValidationError', `${where}.outputs.${unknown}`);
  const ports = Object.entries(component.outputs);
  return Object.fromEntries(
    ports.map(([name, port]) => [name, readOutput(around, port, given[name], `${where}.outputs.${name}`)]),
  );
}

function readOutput(around: Around, port: OutputPort, given: unknown, where: string): NodeOutput {
  const output = isObject(given) ? given : { value: scalar(given) };
  const content = scalar(output['value']);
  const reference = content === undefined ? undefined : wholeReference(content, where);
  if (content !== undefined && (reference?.to !== 'output' || !around.outputs.has(reference.name)))
    throw invalid(`'${content}' is not an output of the pipeline.`, 'ValidationError', where);
  const uri = optionalText(output, 'uri', where);
  const assetName = optionalText(output, 'name', where) ?? optionalText(output, 'assetName', where);
  const assetVersion = optionalText(output, 'version', where) ?? optionalText(output, 'assetVersion', where);
  return {
    kind: optionalText(output, 'job_output_type', where) ?? (port.type === 'path' ? 'uri_folder' : port.type),
    mode: optionalText(output, 'mode', where) ?? modeOf(port.mode) ?? 'ReadWriteMount',
    ...(uri === undefined ? {} : { uri }),
    ...(reference?.to === 'output' ? { parent: reference.name } : {}),
    ...(assetName === undefined ? {} : { assetName }),
    ...(assetVersion === undefined ? {} : { assetVersion }),
  };
}

function needed(inputs: Record<string, Source>): string[] {
  const found = Object.values(inputs).flatMap((source) => referencesOf(source, ''));
  return [...new Set(found.flatMap((one) => (one.to === 'node' ? [one.node] : [])))];
}

/** What an input of a node refers to. */
export function referencesOf(source: Source, where: string): Reference[] {
  if (source.from === 'reference') return [source.reference];
  return source.from === 'text' ? references(source.text, where) : [];
}

const modes: Record<string, string> = {
  mount: 'ReadOnlyMount',
  ro_mount: 'ReadOnlyMount',
  rw_mount: 'ReadWriteMount',
  download: 'Download',
  upload: 'Upload',
  direct: 'Direct',
  eval_mount: 'EvalMount',
  eval_download: 'EvalDownload',
};

/** Components keep the words of the file for modes, jobs have the service's. */
function modeOf(word: string | undefined): string | undefined {
  return word === undefined ? undefined : (modes[word.toLowerCase()] ?? word);
}
