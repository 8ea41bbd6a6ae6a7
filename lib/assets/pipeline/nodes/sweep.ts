import { earlyTermination, objective, samplingAlgorithm, searchSpace, sweepLimits } from '../../parts/sweep';
import { dropped, openRecord, optional, record, required } from '../../shape/record';
import { anything, words } from '../../shape/scalars';
import { identity } from '../../parts/job';
import { refine, type Shape } from '../../shape/shape';
import type { ComponentUse } from '../component-use';
import { nodeOf, type Node } from '../node';
import { componentNodeFields, bindable, nodeCompute, nodeResources } from '../node-parts';

const tiers = words('null', 'spot', 'basic', 'standard', 'premium');
const priorities = words('low', 'medium', 'high');

/** A sweep: a command component, run with the values of a search space. */
export function sweepNode(use: Shape<ComponentUse>): Shape<Node> {
  const fields = openRecord(
    {
      ...componentNodeFields,
      trial: required(use),
      compute: nodeCompute,
      // The clients read and forget these.
      identity: dropped(identity),
      services: dropped(anything),
      search_space: optional(searchSpace('yaml')),
      sampling_algorithm: optional(bindable(samplingAlgorithm('yaml'))),
      objective: required(objective('yaml')),
      limits: required(sweepLimits('yaml')),
      early_termination: optional(earlyTermination('yaml')),
      // Goes out in the file's own words.
      queue_settings: optional(record({ job_tier: optional(tiers), priority: optional(priorities) }, 'yaml')),
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
