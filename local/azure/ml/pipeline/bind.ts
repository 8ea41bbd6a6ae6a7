import { defaultPlace, type JobInput, type JobOutput } from '../job-parts';
import type { Json } from '../wire';
import { substituted, type Reference } from './expressions';
import type { Node, Settings, Source } from './model';

/** Where an output lies. */
export interface Place {
  kind: string;
  uri: string;
}

/** A node with everything that it refers to in its place. */
export interface Bound {
  /** As members of a request for a job. */
  inputs: Json;
  outputs: Json;
  computeId?: string;
  /** Where the outputs lie: for the nodes that read them. */
  places: Record<string, Place>;
}

/** What a pipeline that runs knows. */
export interface Known {
  inputs: Record<string, JobInput>;
  outputs: Record<string, JobOutput>;
  /** Outputs of the nodes that were started, by node and name. */
  places: Record<string, Record<string, Place>>;
  settings: Settings;
}

/** Gives a node its inputs' values and its outputs' places; `child` is the name of the job that it becomes. */
export function bindNode(node: Node, child: string, known: Known): Bound {
  const inputs: Json = {};
  for (const [name, source] of Object.entries(node.inputs)) {
    const input = bindInput(source, known);
    if (input !== undefined) inputs[name] = inputMember(input);
  }
  const [outputs, places]: [Json, Record<string, Place>] = [{}, {}];
  for (const [name, output] of Object.entries(node.outputs)) {
    const own = output.parent === undefined ? undefined : known.outputs[output.parent];
    const given = own?.uri ?? output.uri ?? defaultPlace(child, name, known.settings.datastore);
    const uri = given.replaceAll('${{name}}', child).replaceAll('${{output_name}}', name);
    // A place that the pipeline's output has is of the kind that the pipeline says.
    const kind = own?.kind ?? output.kind;
    places[name] = { kind, uri };
    outputs[name] = {
      jobOutputType: kind,
      mode: output.mode,
      uri,
      assetName: output.assetName ?? own?.assetName ?? null,
      ...version(output.assetVersion ?? own?.assetVersion),
    };
  }
  const compute = node.computeId ?? known.settings.defaultCompute;
  const computeId = compute === undefined ? undefined : substituted(compute, '', (one) => textOf(one, known));
  return { inputs, outputs, places, ...(computeId === undefined ? {} : { computeId }) };
}

function version(assetVersion: string | undefined): Json {
  return assetVersion === undefined ? {} : { assetVersion };
}

function bindInput(source: Source, known: Known): JobInput | undefined {
  if (source.from === 'value') return source.value;
  if (source.from === 'text')
    return { kind: 'literal', value: substituted(source.text, '', (one) => textOf(one, known)), mode: '' };
  const found = lookUp(source.reference, known) ?? source.fallback;
  return found === undefined || source.mode === undefined ? found : { ...found, mode: source.mode };
}

function lookUp(reference: Reference, known: Known): JobInput | undefined {
  if (reference.to === 'input') return known.inputs[reference.name];
  if (reference.to === 'output') return undefined;
  const place = known.places[reference.node]?.[reference.output];
  return place === undefined ? undefined : { kind: place.kind, value: place.uri, mode: 'ReadOnlyMount' };
}

function textOf(reference: Reference, known: Known): string {
  return lookUp(reference, known)?.value ?? '';
}

function inputMember({ kind, value, mode }: JobInput): Json {
  if (kind === 'literal') return { jobInputType: kind, value };
  return { jobInputType: kind, uri: value, mode };
}
