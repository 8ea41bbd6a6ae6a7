import { definitionOf, prefixed } from '../../component/common';
import { code } from '../../parts/code';
import { environment } from '../../parts/environment';
import type { ComponentDefinition } from '../../component/component';
import { checkCommand } from '../../component/expressions';
import { distribution } from '../../parts/job';
import { without } from '../../parts/without';
import { isRecord } from '../../../agent/json';
import { pythonTextMap } from '../../shape/collections';
import { dropped, openRecord, optional, record, required } from '../../shape/record';
import { anything, text } from '../../shape/scalars';
import { refine, type Shape } from '../../shape/shape';
import { useOf, type ComponentUse } from '../component-use';
import { nodeOf, type Node } from '../node';
import { declaredInputs } from '../node-inputs';
import { declaredOutputs } from '../node-outputs';
import {
  anyNodeFields,
  componentNodeFields,
  forgottenEnvironment,
  nodeCommandLimits,
  nodeCompute,
  nodeIdentity,
  nodeQueueSettings,
  nodeResources,
  nodeServices,
  nodeVariables,
} from '../node-parts';
import { machinesOnWire } from '../node-resources';
import type { Surroundings } from '../ports';

const runFields = {
  compute: nodeCompute,
  environment_variables: nodeVariables,
  resources: optional(nodeResources),
  distribution: optional(distribution('yaml')),
  limits: optional(nodeCommandLimits),
  services: optional(nodeServices),
  identity: nodeIdentity,
  queue_settings: nodeQueueSettings,
};

/** A command node that runs a component. What it does not say of its resources the component says. */
export function commandOfComponent(use: Shape<ComponentUse>): Shape<Node> {
  const fields = openRecord(
    {
      ...componentNodeFields,
      ...runFields,
      component: required(use),
      // The component has these; the clients read and forget what a node says.
      command: dropped(text),
      code: dropped(text),
      environment: dropped(forgottenEnvironment),
      is_deterministic: dropped(anything),
      parent_job_name: dropped(anything),
    },
    'yaml',
  );
  return refine(fields, ({ component, inputs, outputs, others, ...members }, at) =>
    nodeOf({
      type: 'command',
      at,
      inputs,
      outputs,
      use: component,
      lacksCompute: members.computeId === undefined,
      members: (definition) => machinesOnWire({ ...inherited(definition), ...members, ...others }),
    }),
  );
}

function inherited(definition: ComponentDefinition | undefined): Record<string, unknown> {
  return { resources: definition?.resources, distribution: nodeDistribution(definition?.spec.distribution) };
}

/** In a component it is `type: pytorch`, in a node `distribution_type: PyTorch`. */
function nodeDistribution(declared: unknown): unknown {
  if (!isRecord(declared)) return undefined;
  const { type, ...rest } = declared;
  const name = Object.values(distributionTypes).find((one) => one.toLowerCase() === type);
  return { distribution_type: name, ...rest };
}

const distributionTypes = { pytorch: 'PyTorch', tensorflow: 'TensorFlow', mpi: 'Mpi', ray: 'Ray' };

const ofCommand = record(
  {
    ...anyNodeFields,
    ...runFields,
    command: required(text),
    code: optional(code),
    environment: required(environment),
    environment_variables: nodeVariables,
    properties: optional(pythonTextMap),
    parent_job_name: dropped(text),
  },
  'yaml',
);

/** A command node that is written out: its component is made of it, the types of its inputs inferred from what is bound. */
export const commandInline: Shape<Node> = refine(ofCommand, (values, at) => {
  const { command, code: folder, environment: image, description, inputs, outputs, ...members } = values;
  checkCommand(at.required('command'), command, { inputs: Object.keys(inputs), outputs: Object.keys(outputs) });
  const definition = (around: Surroundings) =>
    definitionOf(
      'command',
      {
        description,
        tags: members.tags ?? {},
        is_deterministic: true,
        inputs: declaredInputs(inputs, around),
        outputs: declaredOutputs(outputs, around),
      },
      {
        command,
        code: prefixed(folder),
        environment: prefixed(image),
        resources: withoutProperties(members.resources),
        distribution: specDistribution(members.distribution),
      },
      at,
    );
  return nodeOf({
    type: 'command',
    at,
    inputs,
    outputs,
    use: (around) => useOf(definition(around), 'YAML.JOB', at),
    lacksCompute: members.computeId === undefined,
    members: () => machinesOnWire(members),
  });
});

function withoutProperties(resources: unknown): unknown {
  if (!isRecord(resources)) return undefined;
  return without(resources, 'properties');
}

function specDistribution(ofNode: unknown): unknown {
  if (!isRecord(ofNode)) return undefined;
  const { distribution_type, ...rest } = ofNode;
  return { type: typeof distribution_type === 'string' ? distribution_type.toLowerCase() : undefined, ...rest };
}
