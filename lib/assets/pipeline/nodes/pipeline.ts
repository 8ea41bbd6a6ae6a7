import { dropped, openRecord, required } from '../../shape/record';
import { anything } from '../../shape/scalars';
import { refine, type Shape } from '../../shape/shape';
import type { ComponentUse } from '../component-use';
import { nodeOf, type Node } from '../node';
import { componentNodeFields, nodeCompute } from '../node-parts';

/** A pipeline inside a pipeline: always a component. */
export function pipelineNode(use: Shape<ComponentUse>): Shape<Node> {
  const fields = openRecord(
    {
      ...componentNodeFields,
      component: required(use),
      compute: nodeCompute,
      // Settings are the whole pipeline's; the clients read and forget those of a part.
      settings: dropped(anything),
    },
    'yaml',
  );
  return refine(fields, ({ component, inputs, outputs, others, ...members }, at) =>
    nodeOf({
      type: 'pipeline',
      at,
      inputs,
      outputs,
      use: component,
      lacksCompute: false,
      members: () => ({ ...members, ...others }),
    }),
  );
}
