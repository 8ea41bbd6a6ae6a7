import type { YamlReader } from '../../../agent/yaml';
import { suggestion } from '../../../agent/suggestion';
import type { ComponentDefinition } from '../../component/component';
import { localPath } from '../../parts/paths';
import { isText } from '../../shape/collections';
import type { Scope, Shape } from '../../shape/shape';
import { componentUse, type ComponentUse } from '../component-use';
import type { Node } from '../node';
import { commandInline, commandOfComponent } from './command';
import { automlNode } from './automl';
import { dataTransferInline, dataTransferOfComponent } from './data-transfer';
import { parallelInline, parallelOfComponent } from './parallel';
import { pipelineNode } from './pipeline';
import { sparkInline, sparkOfComponent } from './spark';
import { sweepNode } from './sweep';

/** How nodes of a type are written: around a component, or written out. */
interface NodeType {
  ofComponent?: Shape<Node>;
  inline?: Shape<Node>;
}

/** Types of nodes by the word in `type`. Adding one is one more line here. */
const typesWith = (use: Shape<ComponentUse>): Readonly<Record<string, NodeType>> => ({
  command: { ofComponent: commandOfComponent(use), inline: commandInline },
  sweep: { ofComponent: sweepNode(use) },
  parallel: { ofComponent: parallelOfComponent(use), inline: parallelInline },
  spark: { ofComponent: sparkOfComponent(use), inline: sparkInline },
  automl: { inline: automlNode },
  data_transfer: { ofComponent: dataTransferOfComponent(use), inline: dataTransferInline },
  pipeline: { ofComponent: pipelineNode(use) },
});

/**
 * A node of any type. Without `type` it is what its keys say, else a command.
 *
 * @param component what a node may run: components of all types, of pipelines too
 */
export function nodeWith(component: Shape<ComponentDefinition>): Shape<Node> {
  const types = typesWith(componentUse(component));
  return {
    read: (at, scope) => read(types, at, scope),
    schema: () => ({
      anyOf: Object.values(types).flatMap(({ ofComponent, inline }) =>
        [ofComponent, inline].flatMap((one) => (one ? [one.schema()] : [])),
      ),
    }),
  };
}

function read(types: Readonly<Record<string, NodeType>>, at: YamlReader, scope: Scope): Node {
  at.object();
  const said = at.optional('type');
  const name = said ? said.plain() : impliedType(at, scope);
  const found = typeof name === 'string' ? types[name.toLowerCase()] : undefined;
  const shape = at.has('component') ? (found?.ofComponent ?? found?.inline) : (found?.inline ?? found?.ofComponent);
  if (shape) return shape.read(at, scope);
  if (typeof name === 'string' && previews.has(name.toLowerCase())) {
    throw (said ?? at).error(
      `${at.path} is of type ${name}, which the service has as a private preview only`,
      'Build the loop or the branch of nodes, or start one pipeline for each round.',
    );
  }
  const known = Object.keys(types);
  const near = typeof name === 'string' ? suggestion(name, known) : undefined;
  throw (said ?? at).error(
    `${at.path} is of type ${JSON.stringify(name)}`,
    `${near ? `${near} ` : ''}Known types: ${known.join(', ')}.`,
  );
}

/** The clients refuse these unless they are told that the subscription has the preview. */
const previews = new Set(['do_while', 'if_else', 'parallel_for', 'import']);

/** Keys that one type of node has, when it is written out. */
const signs: readonly (readonly [key: string, type: string])[] = [
  ['trial', 'sweep'],
  ['command', 'command'],
  ['entry', 'spark'],
  ['target_column_name', 'automl'],
  ['task', 'parallel'],
];

/** A component says its type itself; a node that is written out has keys of its own. */
function impliedType(at: YamlReader, scope: Scope): unknown {
  const component = at.optional('component');
  if (!component) return signs.find(([key]) => at.has(key))?.[1] ?? 'command';
  if (component.isMap) return component.optional('type')?.plain() ?? 'command';
  if (!isText(component) || component.asString().startsWith('azureml:')) return 'command';
  const { reader } = scope.open(localPath(scope.folder, component.asString()), component);
  return (reader.isMap ? reader.optional('type')?.plain() : undefined) ?? 'command';
}
