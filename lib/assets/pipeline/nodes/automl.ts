import { automlTask } from '../../automl/tasks';
import { computeId } from '../../parts/references';
import { pythonTextMap, textMap } from '../../shape/collections';
import { dropped, optional, record, required, withDefault, type Fields } from '../../shape/record';
import { anything, text, word, words } from '../../shape/scalars';
import { refine, type Shape } from '../../shape/shape';
import { isRecord } from '../../../agent/json';
import { nodeOutputs, type NodeOutput } from '../node-outputs';
import { givenPort, wireOutputs, type Node } from '../node';
import { bindable, nodeQueueSettings, nodeResources } from '../node-parts';

/** The clients write an AutoML node out as a file again: a compute with its prefix, an identity in the file's words. */
const compute = refine(bindable(computeId), (id) => (id.startsWith('/') ? `azureml:${id}` : id));

const identity = record(
  {
    type: required(
      word({
        managed: 'managed_identity',
        managed_identity: 'managed_identity',
        aml_token: 'aml_token',
        user_identity: 'user_identity',
        user: 'user_identity',
      }),
    ),
    client_id: optional(text),
    object_id: optional(text),
    msi_resource_id: optional(text),
  },
  'yaml',
);

/** Beside the task's own keys. */
const common: Fields = {
  type: required(words('automl')),
  name: dropped(text),
  display_name: optional(text),
  description: optional(text),
  experiment_name: optional(text),
  tags: withDefault(textMap, () => ({})),
  properties: withDefault(pythonTextMap, () => ({})),
  compute: optional(compute),
  identity: optional(identity),
  outputs: withDefault(nodeOutputs, () => ({})),
  environment_id: optional(text),
  environment_variables: optional(textMap),
  resources: optional(nodeResources),
  queue_settings: nodeQueueSettings,
  services: dropped(anything),
};

/** An AutoML node: no component; the service makes the trials of what the node says. Its data are expressions. */
export const automlNode: Shape<Node> = refine(automlTask('yaml', common), ({ outputs: read, ...members }, at) => {
  const outputs = outputsOf(read);
  return {
    type: 'automl',
    at,
    inputs: {},
    lacksCompute: members.compute === undefined,
    ports: {
      given: new Map(Object.entries(outputs).map(([name, output]) => [name, givenPort(output)])),
      every: { type: 'mltable' },
      isOpen: true,
    },
    finish: () => ({ ...members, outputs: wireOutputs(outputs) }),
  };
});

/** The tasks' fields are put together at run time: what the outputs read as is not known to their type. */
function outputsOf(read: unknown): Record<string, NodeOutput | undefined> {
  if (!isRecord(read)) return {};
  return Object.fromEntries(Object.entries(read).map(([name, value]) => [name, isOutput(value) ? value : undefined]));
}

function isOutput(value: unknown): value is NodeOutput {
  return isRecord(value) && typeof value.isPlain === 'boolean';
}
