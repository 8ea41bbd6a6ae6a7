import type { YamlReader } from '../../../agent/yaml';
import { suggestion } from '../../../agent/suggestion';
import type { ComponentDefinition } from '../../component/component';
import type { Scope, Shape } from '../../shape/shape';
import { componentUse, type ComponentUse } from '../component-use';
import type { Node } from '../node';
import { commandInline, commandOfComponent } from './command';
import { automlNode } from './automl';
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
  const name = said ? said.plain() : 'command';
  const found = typeof name === 'string' ? types[name.toLowerCase()] : undefined;
  const shape = at.has('component') ? (found?.ofComponent ?? found?.inline) : (found?.inline ?? found?.ofComponent);
  if (shape) return shape.read(at, scope);
  const known = Object.keys(types);
  const near = typeof name === 'string' ? suggestion(name, known) : undefined;
  throw (said ?? at).error(
    `${at.path} is of type ${JSON.stringify(name)}`,
    `${near ? `${near} ` : ''}Known types: ${known.join(', ')}.`,
  );
}
