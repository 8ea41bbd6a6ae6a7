import { Dict, type Value } from '../expressions/values';
import { entry, fail, isEmpty, PipelineError, readYaml, type MapNode, type Position, type YamlNode } from './nodes';
import { toValue } from './values';

/** Kinds whose value is any YAML; a template that inserts it at a wrong place fails there. */
const structures = [
  'object',
  'step',
  'stepList',
  'job',
  'jobList',
  'deployment',
  'deploymentList',
  'stage',
  'stageList',
];
const scalars = ['string', 'number', 'boolean'];

export interface Parameter {
  name: string;
  type: string;
  default: YamlNode | undefined;
  values: string[] | undefined;
  at: Position;
}

/**
 * Reads a `parameters:` block: the list form, or the older map of names and defaults (templates only).
 * @throws PipelineError on an unknown key or type.
 */
export function readParameters(node: YamlNode, inTemplate: boolean): Parameter[] {
  if (isEmpty(node)) return [];
  if (node.kind === 'map' && inTemplate) {
    return node.entries.map(({ key, value }) => ({
      name: key.text,
      type: 'any',
      default: value,
      values: undefined,
      at: key.at,
    }));
  }
  if (node.kind !== 'list') fail(node.at, 'parameters must be a list.');
  return node.items.map((item) => {
    if (item.kind !== 'map') fail(item.at, 'A parameter has a name and a type.');
    return readParameter(item);
  });
}

function readParameter(node: MapNode): Parameter {
  for (const { key } of node.entries) {
    if (!['name', 'displayName', 'type', 'default', 'values'].includes(key.text)) {
      fail(key.at, `Unexpected value '${key.text}' in a parameter.`);
    }
  }
  const text = (name: string): string | undefined => {
    const value = entry(node, name);
    if (value === undefined) return undefined;
    if (value.kind !== 'scalar') fail(value.at, `${name} of a parameter must be a text.`);
    return value.text;
  };
  const name = text('name') ?? fail(node.at, 'A parameter needs a name.');
  const type = text('type') ?? 'string';
  if (![...structures, ...scalars].includes(type)) {
    fail(
      entry(node, 'type')?.at ?? node.at,
      `Parameters of type '${type}' are not supported; supported: ${[...scalars, ...structures].join(', ')}.`,
    );
  }
  const values = entry(node, 'values');
  if (values !== undefined && values.kind !== 'list') fail(values.at, 'values of a parameter must be a list.');
  return {
    name,
    type,
    default: entry(node, 'default'),
    values: values?.items.map((item) =>
      item.kind === 'scalar' ? item.text : fail(item.at, 'A value must be a text.'),
    ),
    at: node.at,
  };
}

/** Parameters a person gives when queuing: text; an object is written as YAML or JSON. */
export function givenParameters(given: Record<string, string>, declared: Parameter[]): Map<string, YamlNode> {
  const nodes = new Map<string, YamlNode>();
  for (const [name, text] of Object.entries(given)) {
    const at = { file: `parameter ${name}`, line: 1, column: 1 };
    const parameter = declared.find((candidate) => candidate.name.toLowerCase() === name.toLowerCase());
    const structured = parameter !== undefined && structures.includes(parameter.type);
    nodes.set(name, structured ? readYaml(text, at.file) : { kind: 'scalar', text, at });
  }
  return nodes;
}

/**
 * Gives every declared parameter its value.
 * @throws PipelineError on a missing, unknown or wrong value; all of them at once.
 */
export function bindParameters(declared: Parameter[], given: ReadonlyMap<string, YamlNode>, user: Position): Dict {
  const problems: { message: string; at: Position }[] = [];
  const bound = new Dict();
  for (const [name, value] of given) {
    if (!declared.some((parameter) => parameter.name.toLowerCase() === name.toLowerCase())) {
      const known = declared.map((parameter) => parameter.name).join(', ');
      problems.push({
        message: `Unexpected parameter '${name}'; there are: ${known === '' ? 'none' : known}.`,
        at: value.at,
      });
    }
  }
  for (const parameter of declared) {
    const own = [...given].find(([name]) => name.toLowerCase() === parameter.name.toLowerCase())?.[1];
    const node = own ?? parameter.default;
    if (node === undefined) {
      problems.push({ message: `A value for the '${parameter.name}' parameter must be provided.`, at: user });
      continue;
    }
    try {
      bound.set(parameter.name, convert(parameter, node));
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new PipelineError(problems);
  return bound;
}

function convert(parameter: Parameter, node: YamlNode): Value {
  const wrong = (): never =>
    fail(node.at, `The '${parameter.name}' parameter is not a valid ${article(parameter.type)}.`);
  if (parameter.type === 'any') return toValue(node);
  if (structures.includes(parameter.type)) {
    if (parameter.type.endsWith('List') && node.kind !== 'list') wrong();
    const value = toValue(node);
    return value === '' && parameter.type === 'object' ? new Dict() : value;
  }
  if (node.kind !== 'scalar') return wrong();
  const text = node.text;
  if (parameter.values !== undefined && !parameter.values.includes(text)) {
    fail(
      node.at,
      `The '${parameter.name}' parameter value '${text}' is not a valid value. Valid: ${parameter.values.join(', ')}.`,
    );
  }
  if (parameter.type === 'boolean') {
    if (!/^(true|false)$/i.test(text)) wrong();
    return text.toLowerCase() === 'true';
  }
  if (parameter.type !== 'number') return text;
  return /^[+-]?(\d+\.?\d*|\.\d+)$/.test(text.trim()) ? Number(text) : wrong();
}

function article(type: string): string {
  return { string: 'String', number: 'Number', boolean: 'Boolean' }[type] ?? type;
}
