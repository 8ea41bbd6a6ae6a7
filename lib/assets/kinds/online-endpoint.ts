import { location } from '../parts/endpoint';
import {
  kubernetesEndpoint as kubernetesFields,
  managedEndpoint as managedFields,
  onlineEndpointBody,
  type OnlineEndpoint,
} from '../parts/online-endpoint';
import { refine, type Scope, type Shape } from '../shape/shape';
import { kind, type Kind, type Resource } from './kind';

function named<T extends OnlineEndpoint>(inner: Shape<T>): Shape<T & { name: string }> {
  return refine(inner, (endpoint, at) => ({ ...endpoint, name: (endpoint.name ?? at.string('name')).toLowerCase() }));
}

function resource(endpoint: OnlineEndpoint & { name: string }, scope: Scope): Resource {
  return {
    path: `${scope.workspaceId}/onlineEndpoints/${endpoint.name}`,
    body: onlineEndpointBody(endpoint, location),
  };
}

/** `az ml online-endpoint create`. Body: OnlineEndpoints_CreateOrUpdate. */
export const managedOnlineEndpoint: Kind = kind({
  name: 'managed online endpoint',
  schemas: ['managedOnlineEndpoint.schema.json'],
  signs: { keys: ['auth_mode', 'traffic', 'mirror_traffic', 'public_network_access', 'identity'] },
  shape: named(managedFields),
  resource,
});

/** An endpoint on a cluster: its file names the compute. */
export const kubernetesOnlineEndpoint: Kind = kind({
  name: 'kubernetes online endpoint',
  schemas: ['kubernetesOnlineEndpoint.schema.json'],
  signs: { keys: ['auth_mode', 'traffic', 'mirror_traffic', 'compute', 'identity'] },
  shape: named(kubernetesFields),
  resource,
});
