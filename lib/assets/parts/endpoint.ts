import { answered } from './answered';
import type { YamlReader } from '../../agent/yaml';
import { Later } from '../later';
import { list, looseTextMap, mapOf } from '../shape/collections';
import { optional, record, required, withDefault } from '../shape/record';
import { integerIn, text, word } from '../shape/scalars';
import { refine, type Shape } from '../shape/shape';

/** Members that endpoints of several kinds share. */

/** The region of the workspace: endpoints and deployments live where it does, whatever their file says. */
export const location = new Later((remote) => Promise.resolve(remote.location));

export const access = word({ enabled: 'Enabled', disabled: 'Disabled' });

/** Keys of every endpoint. Those that are read over are what an exported endpoint has besides. */
export const endpointFields = {
  description: optional(text),
  tags: withDefault(looseTextMap, () => ({})),
  properties: withDefault(looseTextMap, () => ({})),
  id: answered,
  location: answered,
  provisioning_state: answered,
  scoring_uri: answered,
  openapi_uri: answered,
  kind: answered,
};

const userAssigned = refine(
  record({
    resource_id: required(text),
    client_id: answered,
    object_id: answered,
    principal_id: answered,
  }),
  ({ resourceId }) => resourceId,
);

export interface ManagedIdentity {
  type: string;
  userAssignedIdentities?: Record<string, Record<string, never>>;
}

/** Whose rights an endpoint has. */
export const managedIdentity: Shape<ManagedIdentity> = refine(
  record({
    type: required(word({ system_assigned: 'SystemAssigned', user_assigned: 'UserAssigned', none: 'None' })),
    user_assigned_identities: optional(list(userAssigned)),
    principal_id: answered,
    tenant_id: answered,
  }),
  ({ type, userAssignedIdentities: ids = [] }, at) => {
    if (ids.length > 1) {
      throw at.required('user_assigned_identities').error('an endpoint has at most one user-assigned identity');
    }
    if (type === 'UserAssigned' && ids.length === 0) {
      throw at.error(
        'a user-assigned identity needs user_assigned_identities',
        'Give the resource_id of the identity.',
      );
    }
    return ids.length === 0
      ? { type }
      : { type, userAssignedIdentities: Object.fromEntries(ids.map((id) => [id, {}])) };
  },
);

/** Percent by deployment; shares of nothing are left out. */
function shares(most: number, what: string): Shape<Record<string, number>> {
  return refine(mapOf(integerIn(0, 100)), (value, at: YamlReader) => {
    const sum = Object.values(value).reduce((total, share) => total + share, 0);
    if (sum > most) throw at.error(`${at.path} adds up to ${sum} %, but ${what} is at most ${most} %`);
    const given = Object.entries(value).filter(([, share]) => share > 0);
    // The clients write names in lower case.
    return Object.fromEntries(given.map(([name, share]) => [name.toLowerCase(), share]));
  });
}

export const traffic = shares(100, 'all traffic');
export const mirrorTraffic = shares(50, 'mirrored traffic');
