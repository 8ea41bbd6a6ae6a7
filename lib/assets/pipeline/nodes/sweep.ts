import { earlyTermination, objective, samplingAlgorithm, searchSpace, sweepLimits } from '../../parts/sweep';
import { dropped, openRecord, optional, required } from '../../shape/record';
import { text } from '../../shape/scalars';
import { refine, type Shape } from '../../shape/shape';
import type { ComponentUse } from '../component-use';
import { nodeOf, type Node } from '../node';
import {
  anyNodeFields,
  bindable,
  nodeCompute,
  nodeIdentity,
  nodeQueueSettings,
  nodeResources,
} from '../node-parts';

/** A sweep: a command component, run with the values of a search space. */
export function sweepNode(use: Shape<ComponentUse>): Shape<Node> {
  const fields = openRecord(
    {
      ...anyNodeFields,
      description: dropped(text),
      comment: optional(text),
      trial: required(use),
      compute: nodeCompute,
      identity: nodeIdentity,
      search_space: optional(searchSpace('yaml')),
      sampling_algorithm: optional(bindable(samplingAlgorithm('yaml'))),
      objective: required(objective('yaml')),
      limits: required(sweepLimits('yaml')),
      early_termination: optional(earlyTermination('yaml')),
      queue_settings: nodeQueueSettings,
      resources: optional(nodeResources),
    },
    'yaml',
  );
  return refine(fields, ({ trial, inputs, outputs, others, ...members }, at) =>
    nodeOf({
      type: 'sweep',
      runs: 'command',
      at,
      inputs,
      outputs,
      use: trial,
      component: (componentId) => ({ trial: { componentId } }),
      provided: Object.keys(members.search_space ?? {}),
      lacksCompute: members.computeId === undefined,
      members: () => ({ ...members, ...others }),
    }),
  );
}
