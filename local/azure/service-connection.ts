import type { FederatedCredential } from './assertions';
import { names, type Directory } from './seed';

export type ConnectionScheme =
  'ManagedServiceIdentity' | 'WorkloadIdentityFederation' | 'ServicePrincipalKey' | 'ServicePrincipalCertificate';

/** A service connection of type azurerm, as Azure DevOps hands it to the agent. */
export interface ServiceConnection {
  id: string;
  name: string;
  type: 'azurerm';
  url: string;
  authorization: { scheme: string; parameters: Record<string, string> };
  data: Record<string, string>;
}

const ids: Record<ConnectionScheme, string> = {
  ManagedServiceIdentity: '8d4f2a10-0000-4000-8000-000000000001',
  WorkloadIdentityFederation: '8d4f2a10-0000-4000-8000-000000000002',
  ServicePrincipalKey: '8d4f2a10-0000-4000-8000-000000000003',
  ServicePrincipalCertificate: '8d4f2a10-0000-4000-8000-000000000004',
};

export function serviceConnection(
  scheme: ConnectionScheme,
  url: string,
  directory: Directory,
  federated: FederatedCredential | undefined,
): ServiceConnection {
  return {
    id: ids[scheme],
    name: `azure-${scheme}`,
    type: 'azurerm',
    url: `${url}/`,
    authorization: authorization(scheme, directory, federated),
    data: {
      subscriptionId: names.subscriptionId,
      subscriptionName: 'mlops local',
      scopeLevel: 'Subscription',
      environment: 'AzureCloud',
      environmentAuthorityUrl: `${url}/`,
      activeDirectoryAuthority: `${url}/`,
      activeDirectoryServiceEndpointResourceId: 'https://management.azure.com/',
      microsoftGraphUrl: 'https://graph.microsoft.com/',
      creationMode: 'Manual',
    },
  };
}

function authorization(
  scheme: ConnectionScheme,
  directory: Directory,
  federated: FederatedCredential | undefined,
): ServiceConnection['authorization'] {
  const { clientId, secret, key, certificate } = directory.servicePrincipal;
  const tenantid = names.tenantId;
  switch (scheme) {
    case 'ManagedServiceIdentity':
      return { scheme, parameters: { tenantid } };
    case 'WorkloadIdentityFederation':
      if (federated === undefined)
        throw new Error('No federated credential is registered: call federate() with the issuer and subject first.');
      return {
        scheme,
        parameters: {
          tenantid,
          serviceprincipalid: clientId,
          workloadIdentityFederationIssuer: federated.issuer,
          workloadIdentityFederationSubject: federated.subject,
        },
      };
    case 'ServicePrincipalKey':
      return {
        scheme: 'ServicePrincipal',
        parameters: {
          tenantid,
          serviceprincipalid: clientId,
          authenticationType: 'spnKey',
          serviceprincipalkey: secret,
        },
      };
    case 'ServicePrincipalCertificate':
      return {
        scheme: 'ServicePrincipal',
        parameters: {
          tenantid,
          serviceprincipalid: clientId,
          authenticationType: 'spnCertificate',
          servicePrincipalCertificate: `${key}${certificate}`,
        },
      };
  }
}
