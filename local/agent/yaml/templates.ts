import path from 'node:path';

import { Dict } from '../expressions/values';
import { Expander, type ExpandScope, type ListKind } from './expand';
import { entry, fail, isEmpty, readYamlFile, type MapNode, type Position, type YamlNode } from './nodes';
import { bindParameters, givenParameters, readParameters, type Parameter } from './parameters';

const maxTemplates = 50;

export interface ExpandedPipeline {
  root: MapNode;
  parameters: Dict;
  declared: Parameter[];
}

/**
 * Reads a pipeline file with all its templates.
 * @throws PipelineError with the place of what is wrong.
 */
export class PipelineReader {
  private readonly expander: Expander;

  constructor(
    private readonly repositoryRoot: string,
    /** Predefined variables that expressions may read when the pipeline is compiled. */
    private readonly predefined: Record<string, string>,
  ) {
    this.expander = new Expander(
      (item, kind, scope) => this.include(item, kind, scope),
      (node) => staticVariables(node),
    );
  }

  read(file: string, given: Record<string, string>): ExpandedPipeline {
    const { node, shown } = this.open(file, { file, line: 1, column: 1 });
    const declaration = entry(node, 'parameters');
    const declared = declaration ? readParameters(declaration, false) : [];
    const parameters = bindParameters(declared, givenParameters(given, declared), { file: shown, line: 1, column: 1 });
    const scope: ExpandScope = {
      parameters,
      variables: new Dict(Object.entries(this.predefined)),
      loops: new Map(),
      folder: path.dirname(path.resolve(this.repositoryRoot, file)),
      depth: 0,
    };
    const root = this.asMap(this.expander.node(without(node, 'parameters'), scope));
    return { root: this.extend(root, scope), parameters, declared };
  }

  /** `extends: template`: the template's stages, jobs or steps become the pipeline's. */
  private extend(root: MapNode, scope: ExpandScope): MapNode {
    const extension = entry(root, 'extends');
    if (!extension) return root;
    if (extension.kind !== 'map') fail(extension.at, 'extends needs a template.');
    const variables = new Dict(scope.variables.entries().map(({ name, value }) => [name, value]));
    const own = entry(root, 'variables');
    for (const [name, value] of own ? staticVariables(own) : []) variables.set(name, value);
    const template = this.template(extension, { ...scope, variables });
    const body = this.asMap(this.expander.node(without(template.node, 'parameters'), template.scope));
    const rest = without(root, 'extends');
    for (const { key } of body.entries) {
      if (entry(rest, key.text) !== undefined)
        fail(key.at, `'${key.text}' stands in the pipeline and in its template.`);
    }
    return this.extend({ ...rest, entries: [...rest.entries, ...body.entries] }, template.scope);
  }

  private include(item: MapNode, kind: ListKind, scope: ExpandScope): YamlNode[] {
    const { node, scope: inner, shown } = this.template(item, scope);
    const body = this.asMap(this.expander.node(without(node, 'parameters'), inner));
    const at = { file: shown, line: 1, column: 1 };
    for (const { key } of body.entries) {
      if (key.text !== kind) fail(key.at, `Unexpected value '${key.text}' in a template of ${kind}.`);
    }
    const content = entry(body, kind) ?? fail(at, `The template has no ${kind}.`);
    if (content.kind === 'list') return content.items;
    if (kind === 'variables' && content.kind === 'map')
      return content.entries.map(({ key, value }) => variableItem(key, value));
    return isEmpty(content) ? [] : fail(content.at, `${kind} must be a list.`);
  }

  private template(item: MapNode, scope: ExpandScope): { node: MapNode; scope: ExpandScope; shown: string } {
    for (const { key } of item.entries) {
      if (!['template', 'parameters'].includes(key.text))
        fail(key.at, `Unexpected value '${key.text}' beside a template.`);
    }
    const reference = entry(item, 'template');
    if (reference?.kind !== 'scalar') fail(item.at, 'template must be a path.');
    if (scope.depth >= maxTemplates)
      fail(reference.at, `Templates include each other deeper than ${maxTemplates} levels.`);
    const file = this.locate(reference.text, reference.at, scope);
    const { node, shown } = this.open(file, reference.at);
    const declaration = entry(node, 'parameters');
    const given = entry(item, 'parameters');
    if (given !== undefined && given.kind !== 'map' && !isEmpty(given))
      fail(given.at, 'parameters of a template must be a mapping.');
    const values = new Map(
      given?.kind === 'map' ? given.entries.map(({ key, value }) => [key.text, value] as const) : [],
    );
    const parameters = bindParameters(declaration ? readParameters(declaration, true) : [], values, reference.at);
    return {
      node,
      shown,
      scope: { ...scope, parameters, loops: new Map(), folder: path.dirname(file), depth: scope.depth + 1 },
    };
  }

  private locate(reference: string, at: Position, scope: ExpandScope): string {
    const [name = '', alias] = reference.split('@');
    if (alias !== undefined && alias !== 'self')
      fail(at, `Templates of other repositories ('@${alias}') are not supported.`);
    const base = name.startsWith('/') || alias === 'self' ? this.repositoryRoot : scope.folder;
    const file = path.resolve(base, name.replace(/^\/+/, ''));
    if (path.relative(this.repositoryRoot, file).startsWith('..'))
      fail(at, `The template ${reference} lies outside the repository.`);
    return file;
  }

  private open(file: string, at: Position): { node: MapNode; shown: string } {
    const absolute = path.resolve(this.repositoryRoot, file);
    const relative = path.relative(this.repositoryRoot, absolute);
    const shown = relative.startsWith('..') ? absolute : relative;
    const node = readYamlFile(absolute, shown);
    if (node.kind !== 'map') fail({ ...at, file: shown, line: 1, column: 1 }, 'The file is not a mapping.');
    return { node, shown };
  }

  private asMap(node: YamlNode): MapNode {
    return node.kind === 'map' ? node : fail(node.at, 'Expected a mapping here.');
  }
}

function without(node: MapNode, name: string): MapNode {
  return { ...node, entries: node.entries.filter(({ key }) => key.text !== name) };
}

function variableItem(key: { text: string; at: Position }, value: YamlNode): YamlNode {
  const scalar = (text: string): YamlNode & { kind: 'scalar' } => ({ kind: 'scalar', text, at: key.at });
  return {
    kind: 'map',
    at: key.at,
    entries: [
      { key: scalar('name'), value: scalar(key.text) },
      { key: scalar('value'), value },
    ],
  };
}

/** Values of a `variables:` block that are known before the run: no groups, no `$[ ]`. */
function staticVariables(node: YamlNode): [string, string][] {
  if (node.kind === 'map') {
    return node.entries.flatMap(({ key, value }) =>
      value.kind === 'scalar' ? [[key.text, value.text] as [string, string]] : [],
    );
  }
  if (node.kind !== 'list') return [];
  return node.items.flatMap((item) => {
    const name = item.kind === 'map' ? entry(item, 'name') : undefined;
    const value = item.kind === 'map' ? entry(item, 'value') : undefined;
    return name?.kind === 'scalar' && value?.kind === 'scalar' ? [[name.text, value.text] as [string, string]] : [];
  });
}
