import type { YamlReader } from '../../agent/yaml';
import type { ComponentOutput } from '../component/component';
import { assetTypes } from '../parts/inputs';
import { outputName } from '../parts/names';
import { outputModes } from '../parts/outputs';
import { isText, mapOf, union } from '../shape/collections';
import { optional, record } from '../shape/record';
import { pythonText, text, words } from '../shape/scalars';
import { nullable, refine, shape, type Shape } from '../shape/shape';
import { bindingOf } from './expression';
import { anyData, portOf, type Port, type Surroundings } from './ports';

/** Outputs of nodes. */

type OutputMode = keyof typeof outputModes;

export interface NodeOutput {
  type?: string;
  mode?: OutputMode;
  path?: string;
  /** Under which the output is registered when the node is done. */
  name?: string;
  version?: string;
  /** The output of the pipeline that this is written to. */
  binding?: string;
  /** Is the binding all that the file says? */
  isPlain: boolean;
}

const members = record({
  type: optional(assetTypes),
  mode: optional(words(...(Object.keys(outputModes) as OutputMode[]))),
  path: optional(text),
  name: optional(outputName),
  version: optional(pythonText),
});

const described: Shape<NodeOutput> = refine(members, (output, at) => {
  if (output.version !== undefined && output.name === undefined) {
    throw at.required('version').error(`${at.path} has a version, but no name to register it under`, undefined, true);
  }
  const isBound = output.path !== undefined && isOutputOfPipeline(output.path);
  return { ...output, binding: isBound ? output.path : undefined, isPlain: false };
});

const bound: Shape<NodeOutput> = shape({ type: 'string' }, (at: YamlReader) => {
  const binding = at.asString();
  if (isOutputOfPipeline(binding)) return { binding, isPlain: true };
  throw at.error(
    `${at.path} is "${binding}", which is no output of the pipeline`,
    'Write ${{parent.outputs.name}}, or a map with type and path.',
  );
});

function isOutputOfPipeline(value: string): boolean {
  const target = bindingOf(value);
  return target?.of === 'pipeline' && target.direction === 'outputs';
}

/** The `outputs` of a node; one without members is left to its component. */
export const nodeOutputs: Shape<Record<string, NodeOutput | undefined>> = mapOf(
  nullable(
    union<NodeOutput>('an output of the pipeline, or a map', [
      { when: isText, shape: bound },
      { when: () => true, shape: described },
    ]),
  ),
);

/** A node's output as it goes out. */
export function outputOnWire(output: NodeOutput, declared?: ComponentOutput): Record<string, unknown> {
  const { name, version, mode, binding, path } = output;
  const registered = { mode: mode && outputModes[mode], name, version };
  if (binding !== undefined) return { type: 'literal', value: binding, ...registered };
  const type = declared?.type === 'uri_file' ? declared.type : (output.type ?? anyData.type);
  return { job_output_type: type, uri: path, ...registered };
}

/** What the component of a node that is written inline declares for its outputs. */
export function declaredOutputs(
  outputs: Record<string, NodeOutput | undefined>,
  around: Surroundings,
): Record<string, ComponentOutput> {
  return Object.fromEntries(Object.entries(outputs).map(([name, output]) => [name, declaredOutput(output, around)]));
}

function declaredOutput(output: NodeOutput | undefined, around: Surroundings): Port {
  if (!output) return { ...anyData };
  const target = output.isPlain && output.binding !== undefined ? bindingOf(output.binding) : undefined;
  if (target) return portOf(target, around);
  return { type: output.type ?? anyData.type, ...(output.mode === undefined ? {} : { mode: output.mode }) };
}
