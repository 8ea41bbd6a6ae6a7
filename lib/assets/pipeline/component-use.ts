import type { YamlReader } from '../../agent/yaml';
import { registerAnonymousComponent, type ComponentDefinition, type ComponentSource } from '../component/component';
import { Later, type Soon } from '../later';
import { localPath } from '../parts/paths';
import { referenceAt } from '../parts/references';
import { sentFrom } from '../place';
import { idOf } from '../register/versions';
import type { Remote } from '../remote';
import { isMap, isText, union } from '../shape/collections';
import { refine, shape, type Scope, type Shape } from '../shape/shape';

/** The component that a node runs. */
export interface ComponentUse {
  id: Soon<string>;
  /** `_source` of the node. */
  source: ComponentSource | 'REMOTE.WORKSPACE.COMPONENT' | 'REMOTE.REGISTRY';
  /** What the component declares, where it is a file or written inside the node. */
  definition?: ComponentDefinition;
}

/** A definition that becomes an anonymous component of the workspace. @param at where it stands */
export function useOf(definition: ComponentDefinition, source: ComponentSource, at: YamlReader): ComponentUse {
  const registered = new WeakMap<Remote, Promise<string>>();
  const id = new Later((remote) => {
    const known = registered.get(remote) ?? sentFrom(at, () => registerAnonymousComponent(remote, definition, source));
    registered.set(remote, known);
    return known;
  });
  return { id, source, definition };
}

/** Components from files, by file and source: the nodes of a pipeline often share them, and reading takes time. */
const known = new WeakMap<Scope['origin'], Map<string, ComponentUse>>();

/** `./x.yml`; with the prefix `file:` the clients take the component for a part of the job. */
function readFile(component: Shape<ComponentDefinition>, at: YamlReader, scope: Scope): ComponentUse {
  const value = at.asString();
  const source = value.startsWith('file:') ? 'YAML.JOB' : 'YAML.COMPONENT';
  const file = localPath(scope.folder, value);
  const uses = known.get(scope.origin) ?? new Map<string, ComponentUse>();
  known.set(scope.origin, uses);
  const read = uses.get(`${source} ${file}`);
  if (read) return read;
  const opened = scope.open(file, at);
  const use = useOf(component.read(opened.reader, opened.scope), source, opened.reader);
  uses.set(`${source} ${file}`, use);
  return use;
}

/** `azureml:name:version`, `azureml:name@label`, an ARM id, a registry's. The label `default` is left to the service. */
function readReference(at: YamlReader, scope: Scope): ComponentUse {
  const value = at.asString();
  const reference = referenceAt(value, 'components', at);
  const isDefault = reference.kind === 'label' && reference.label === 'default';
  const id = isDefault
    ? `${scope.workspaceId}/components/${reference.name}/labels/default`
    : idOf(reference, 'components', scope.workspaceId, at);
  return { id, source: value.startsWith('azureml://registries/') ? 'REMOTE.REGISTRY' : 'REMOTE.WORKSPACE.COMPONENT' };
}

/**
 * The `component` of a node, and the `trial` of a sweep.
 *
 * @param component what may stand in the node itself or in a file
 */
export function componentUse(component: Shape<ComponentDefinition>): Shape<ComponentUse> {
  return union<ComponentUse>('a component, or where it is', [
    { when: isMap, shape: refine(component, (definition, at) => useOf(definition, 'YAML.JOB', at)) },
    {
      when: (at) => isText(at) && at.asString().startsWith('azureml:'),
      shape: shape({ type: 'string', pattern: '^azureml:' }, readReference),
    },
    { when: isText, shape: shape({ type: 'string' }, (at, scope) => readFile(component, at, scope)) },
  ]);
}
