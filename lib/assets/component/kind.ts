import { kind, type Kind } from '../kinds/kind';
import { Later } from '../later';
import { refine, type Shape } from '../shape/shape';
import { componentName } from './common';
import { componentResource, type ComponentDefinition } from './component';

/** A kind of component file: it has a name, and a version of its own or the next one. */
export function componentKind({
  shape,
  ...rest
}: Pick<Kind, 'name' | 'schemas' | 'signs'> & { shape: Shape<ComponentDefinition> }): Kind {
  const named = refine(shape, (definition, at, scope) => ({
    ...definition,
    name: componentName.read(at.required('name'), scope),
  }));
  return kind({
    ...rest,
    shape: { ...named, schema: () => ({ allOf: [shape.schema(), { required: ['name'] }] }) },
    resource: (definition) => new Later((remote) => componentResource(remote, definition, 'YAML.COMPONENT')),
  });
}
