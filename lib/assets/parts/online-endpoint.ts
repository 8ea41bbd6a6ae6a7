import type { Soon } from '../later';
import { optional, record, withDefault } from '../shape/record';
import { word } from '../shape/scalars';
import type { Read, Shape } from '../shape/shape';
import { access, endpointFields, managedIdentity, mirrorTraffic, traffic, type ManagedIdentity } from './endpoint';
import { endpointName } from './names';
import { computeId, prefixed } from './references';

/** Online endpoints. A name may come from elsewhere than the file (an input of a task). */

export const authModes = { key: 'Key', aml_token: 'AMLToken', aad_token: 'AADToken' } as const;

const fields = {
  ...endpointFields,
  name: optional(endpointName),
  auth_mode: withDefault(word(authModes), () => 'Key' as const),
  identity: withDefault(managedIdentity, (): ManagedIdentity => ({ type: 'SystemAssigned' })),
  traffic: withDefault(traffic, () => ({})),
  mirror_traffic: withDefault(mirrorTraffic, () => ({})),
};

export const managedEndpoint = record({ ...fields, public_network_access: optional(access) });
export const kubernetesEndpoint = record({ ...fields, compute: optional(prefixed(computeId)) });

export type OnlineEndpoint = Pick<
  Read<typeof managedEndpoint>,
  | 'name'
  | 'description'
  | 'tags'
  | 'properties'
  | 'authMode'
  | 'identity'
  | 'traffic'
  | 'mirrorTraffic'
  | 'publicNetworkAccess'
> & { compute?: string };

/** Any endpoint file: with a compute it is on a cluster. */
export const onlineEndpoint: Shape<OnlineEndpoint> = {
  read: (at, scope) => (at.object().has('compute') ? kubernetesEndpoint : managedEndpoint).read(at, scope),
  schema: () => ({ anyOf: [managedEndpoint.schema(), kubernetesEndpoint.schema()] }),
};

/** Body of OnlineEndpoints_CreateOrUpdate. */
export function onlineEndpointBody(endpoint: OnlineEndpoint, location: Soon<string>): Record<string, unknown> {
  const { authMode, compute, description, identity, properties, publicNetworkAccess, tags } = endpoint;
  const shares = { traffic: endpoint.traffic, mirrorTraffic: endpoint.mirrorTraffic };
  return {
    location,
    identity,
    tags,
    properties: { authMode, compute, description, properties, publicNetworkAccess, ...shares },
  };
}
