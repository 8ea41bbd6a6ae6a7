import { names } from './seed';

/** Resources that a token may be asked for, without a trailing slash. Anything else is unknown to the tenant, as in Azure. */
const known = [
  'https://management.azure.com',
  'https://management.core.windows.net',
  'https://ml.azure.com',
  'https://storage.azure.com',
  `https://${names.account}.blob.core.windows.net`,
  'https://containerregistry.azure.net',
  'https://vault.azure.net',
  'https://graph.microsoft.com',
  // Azure Kubernetes Service AAD Server, the same in every tenant.
  '6dae42f8-4368-4678-94ff-3960e28e3630',
  'api://AzureADTokenExchange',
];

/** The audience of a token for a resource, or `undefined` when the tenant does not know it. */
export function audienceOf(resource: string, url: string): string | undefined {
  const plain = resource.replace(/\/+$/, '');
  return plain === url || known.includes(plain) ? resource : undefined;
}

export function unknownResource(resource: string): string {
  return (
    `AADSTS500011: The resource principal named ${resource} was not found in the tenant named mlops local. This can happen if the ` +
    'application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might ' +
    'have sent your authentication request to the wrong tenant.'
  );
}
