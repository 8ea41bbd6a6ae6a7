import { collectionIds } from '../parts/collector';
import { location } from '../parts/endpoint';
import { environmentId } from '../parts/environment-choice';
import { modelId } from '../parts/model';
import {
  kubernetesDeployment,
  managedDeployment,
  onlineDeploymentBody,
  type OnlineDeployment,
} from '../parts/online-deployment';
import { refine, type Scope, type Shape } from '../shape/shape';
import { kind, type Kind, type Resource } from './kind';

type Named = OnlineDeployment & { name: string; endpointName: string };

/** In a file of its own a deployment says what it is called and where it belongs. */
function named(inner: Shape<OnlineDeployment>): Shape<Named> {
  return refine(inner, (deployment, at) => ({
    ...deployment,
    // The clients write names in lower case.
    name: (deployment.name ?? at.string('name')).toLowerCase(),
    endpointName: deployment.endpointName ?? at.string('endpoint_name'),
  }));
}

function resource(deployment: Named, scope: Scope): Resource {
  const { name, endpointName, model, environment, codeConfiguration, dataCollector } = deployment;
  const ids = {
    model: model && modelId(model),
    environmentId: environment && environmentId(environment),
    codeId: codeConfiguration?.codeId,
    dataIds: dataCollector ? collectionIds(dataCollector, endpointName, name) : {},
  };
  return {
    path: `${scope.workspaceId}/onlineEndpoints/${endpointName}/deployments/${name}`,
    body: onlineDeploymentBody(deployment, ids, location),
  };
}

const keys = [
  'instance_type',
  'instance_count',
  'endpoint_name',
  'app_insights_enabled',
  'scale_settings',
  'request_settings',
  'liveness_probe',
  'readiness_probe',
];

/** `az ml online-deployment create`. Body: OnlineDeployments_CreateOrUpdate. */
export const managedOnlineDeployment: Kind = kind({
  name: 'managed online deployment',
  schemas: ['managedOnlineDeployment.schema.json'],
  signs: { type: ['managed'], keys: [...keys, 'egress_public_network_access'] },
  shape: named(managedDeployment),
  resource,
});

/** A deployment on a cluster. */
export const kubernetesOnlineDeployment: Kind = kind({
  name: 'kubernetes online deployment',
  schemas: ['kubernetesOnlineDeployment.schema.json'],
  signs: { type: ['kubernetes'] },
  shape: named(kubernetesDeployment),
  resource,
});
