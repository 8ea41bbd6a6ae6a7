import { answered } from './answered';
import { list } from '../shape/collections';
import { optional, record, required } from '../shape/record';
import { snake, text, textLike, word } from '../shape/scalars';
import { refine, type Shape } from '../shape/shape';

/** What resources of Resource Manager have, whatever they are: ids, names, identities, subnets. */

/** Id of a resource; a template's placeholders may stand in it. */
export const resourceId = textLike(/^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/.+$/i, 'an ARM id');

/** Id of a resource with nothing left to fill in. */
export const exactResourceId = textLike(
  /^\/subscriptions\/[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\/resourceGroups\/.*\/providers\/[a-z.]*\/[a-z]*\/.*$/i,
  'an ARM id (/subscriptions/ID/resourceGroups/NAME/providers/…)',
);

/** A name that becomes a part of an address. */
export const pathName = textLike(/^(?!\.{1,2}$)[^/?#%\\\s]+$/, 'a name: it has no spaces and none of / ? # % \\');

const identityTypes = {
  system_assigned: 'SystemAssigned',
  user_assigned: 'UserAssigned',
  none: 'None',
  'system_assigned,user_assigned': 'SystemAssigned,UserAssigned',
} as const;
const identityWord = word(identityTypes);

/** Also in the service's own spelling, and with a space after the comma. */
export const identityType: typeof identityWord = {
  ...identityWord,
  read: (at, scope) => {
    const value = at.plain();
    const words = typeof value === 'string' ? value.split(/,\s*/).map(snake).join() : '';
    const found = Object.entries(identityTypes).find(([known]) => known === words)?.[1];
    return found ?? identityWord.read(at, scope);
  },
};

const userAssigned = record({
  resource_id: required(text),
  principal_id: answered,
  client_id: answered,
  tenant_id: answered,
});

export interface ResourceIdentity {
  type: string;
  userAssignedIdentities?: Record<string, Record<string, string>>;
}

/** Whose rights a compute has. */
export const computeIdentity: Shape<ResourceIdentity> = refine(
  record({
    type: required(identityType),
    user_assigned_identities: optional(list(userAssigned)),
    principal_id: answered,
    tenant_id: answered,
  }),
  ({ type, userAssignedIdentities: ids = [] }) => ({
    type,
    userAssignedIdentities: ids.length === 0 ? undefined : Object.fromEntries(ids.map((one) => [one.resourceId, {}])),
  }),
);

/** A subnet: its id, or its name and that of its network in the workspace's own group. */
export const subnet: Shape<{ id: string } | undefined> = refine(
  record({
    vnet_name: optional(text),
    subnet: optional(text),
    public_ip_address: answered,
    private_ip_address: answered,
  }),
  ({ vnetName, subnet: name }, at, scope) => {
    if (name === undefined) {
      if (vnetName === undefined) return undefined;
      throw at.required('vnet_name').error('a virtual network alone says no subnet', 'Give subnet as well.', true);
    }
    if (/^\/subscriptions\//i.test(name)) return { id: resourceId.read(at.required('subnet'), scope) };
    if (vnetName === undefined) {
      throw at
        .required('subnet')
        .error(`subnet is "${name}", and vnet_name is missing`, 'Give vnet_name, or an ARM id.');
    }
    const group = scope.workspaceId.replace(/\/providers\/.*$/, '');
    return { id: `${group}/providers/Microsoft.Network/virtualNetworks/${vnetName}/subnets/${name}` };
  },
);
