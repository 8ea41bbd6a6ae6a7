import { answered } from './answered';
import type { YamlReader } from '../../agent/yaml';
import type { Soon } from '../later';
import { looseTextMap } from '../shape/collections';
import { optional, record, required, withDefault } from '../shape/record';
import { boolean, integerIn, text, word } from '../shape/scalars';
import { refine, type Read, type Scope, type Shape } from '../shape/shape';
import { collectorBody, dataCollector } from './collector';
import { access } from './endpoint';
import { environmentChoice } from './environment-choice';
import { modelChoice } from './model';
import { endpointName, endpointReference } from './names';
import {
  codeConfiguration,
  containerResources,
  kubernetesScale,
  managedScale,
  probe,
  requestSettings,
} from './serving';
import { without } from './without';

/** Online deployments. The names may come from elsewhere than the file (inputs of a task). */

const fields = {
  name: optional(endpointName),
  endpoint_name: optional(endpointReference),
  description: optional(text),
  tags: withDefault(looseTextMap, () => ({})),
  properties: withDefault(looseTextMap, () => ({})),
  model: optional(modelChoice),
  model_mount_path: optional(text),
  code_configuration: optional(codeConfiguration),
  environment: optional(environmentChoice),
  environment_variables: withDefault(looseTextMap, () => ({})),
  app_insights_enabled: withDefault(boolean, () => false),
  instance_count: optional(integerIn(0)),
  request_settings: optional(requestSettings),
  liveness_probe: optional(probe),
  readiness_probe: optional(probe),
  data_collector: optional(dataCollector),
  id: answered,
  provisioning_state: answered,
};

const managedFields = record({
  ...fields,
  type: withDefault(word({ managed: 'Managed' }), () => 'Managed' as const, { as: 'endpointComputeType' }),
  instance_type: required(text),
  scale_settings: optional(managedScale),
  egress_public_network_access: optional(access),
  private_network_connection: optional(boolean),
  creation_context: answered,
});

const kubernetesFields = record({
  ...fields,
  type: required(word({ kubernetes: 'Kubernetes' }), { as: 'endpointComputeType' }),
  instance_type: optional(text),
  scale_settings: optional(kubernetesScale),
  resources: optional(containerResources, { as: 'containerResourceRequirements' }),
});

type Managed = Read<typeof managedFields>;
type Kubernetes = Read<typeof kubernetesFields>;

/** A deployment's file, checked; what is local or has no version yet is registered and looked up later. */
export type OnlineDeployment = Omit<
  Managed,
  'endpointComputeType' | 'instanceType' | 'scaleSettings' | 'privateNetworkConnection'
> &
  Omit<Kubernetes, 'endpointComputeType' | 'scaleSettings'> & {
    endpointComputeType: 'Managed' | 'Kubernetes';
    scaleSettings?: unknown;
  };

/** The private connection is switched on among the properties. */
export const managedDeployment: Shape<OnlineDeployment> = refine(
  managedFields,
  ({ privateNetworkConnection, properties, ...value }) => ({
    ...value,
    properties:
      privateNetworkConnection === true ? { ...properties, 'private-network-connection': 'True' } : properties,
  }),
);

export const kubernetesDeployment: Shape<OnlineDeployment> = refine(kubernetesFields, (value, at) => {
  for (const key of ['model', 'environment'] as const) {
    const choice = value[key];
    if (choice?.kind !== 'reference' || choice.reference.kind !== 'id') continue;
    if (!/^azureml:\/\/registries\//.test(choice.reference.id)) continue;
    throw at
      .required(key)
      .error(`a Kubernetes deployment takes no ${key} from a registry`, 'Register it in the workspace.');
  }
  return value;
});

/** Any deployment file, as its `type` says; without one it is managed. */
export const onlineDeployment: Shape<OnlineDeployment> = {
  read: (at: YamlReader, scope: Scope) => shapeOf(at).read(at, scope),
  schema: () => ({ anyOf: [managedDeployment.schema(), kubernetesDeployment.schema()] }),
};

function shapeOf(at: YamlReader): Shape<OnlineDeployment> {
  const type = at.object().optional('type')?.plain();
  return typeof type === 'string' && type.toLowerCase() === 'kubernetes' ? kubernetesDeployment : managedDeployment;
}

/** Ids of what a deployment refers to. */
export interface DeploymentIds {
  /** ARM id, or a registry's. */
  model?: Soon<string>;
  environmentId?: Soon<string>;
  codeId?: Soon<string>;
  /** Of the data asset of each collection. */
  dataIds: Readonly<Record<string, Soon<string>>>;
}

/** Body of OnlineDeployments_CreateOrUpdate. */
export function onlineDeploymentBody(
  deployment: OnlineDeployment,
  { model, environmentId, codeId, dataIds }: DeploymentIds,
  location: Soon<string>,
): { location: Soon<string>; sku: unknown; tags: Record<string, string>; properties: Record<string, unknown> } {
  const { codeConfiguration: code, dataCollector: collector, instanceCount, tags } = deployment;
  return {
    location,
    sku: { name: 'Default', capacity: instanceCount },
    tags,
    properties: {
      ...without(deployment, 'name', 'endpointName', 'environment', 'tags', 'instanceCount'),
      model,
      environmentId,
      codeConfiguration: code && { codeId, scoringScript: code.scoringScript },
      dataCollector: collector && collectorBody(collector, dataIds),
    },
  };
}
