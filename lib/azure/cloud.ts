import type { ServiceConnection } from '../agent/service-connection';

/** Hosts and audiences of a cloud, taken from the service connection. All addresses without a trailing slash. */
export interface Cloud {
  name: string;
  arm: string;
  authority: string;
  /** Audiences (resources) to ask tokens for. */
  resources: { arm: string; machineLearning: string; storage: string; kubernetes: string };
}

interface KnownCloud {
  authority: string;
  arm: string;
  machineLearning: string;
}

/** Public, US government and China: Azure CLI `az cloud list`, azure-ai-ml `_azure_environments.py`. */
const known = {
  azurecloud: {
    authority: 'https://login.microsoftonline.com',
    arm: 'https://management.azure.com',
    machineLearning: 'https://ml.azure.com',
  },
  azureusgovernment: {
    authority: 'https://login.microsoftonline.us',
    arm: 'https://management.usgovcloudapi.net',
    machineLearning: 'https://ml.azure.us',
  },
  azurechinacloud: {
    authority: 'https://login.chinacloudapi.cn',
    arm: 'https://management.chinacloudapi.cn',
    machineLearning: 'https://studio.ml.azure.cn',
  },
} satisfies Record<string, KnownCloud>;

/** Server application of AKS with Entra ID, the same in every cloud (kubelogin documentation). */
const kubernetesServer = '6dae42f8-4368-4678-94ff-3960e28e3630';

export function readCloud(connection: ServiceConnection): Cloud {
  const defaults = knownCloud(connection.environment);
  const address = (...keys: string[]): string | undefined =>
    keys.map((key) => connection.data(key)?.replace(/\/+$/, '')).find((value) => value !== undefined && value !== '');
  return {
    name: connection.environment,
    arm: connection.armUrl,
    authority: address('environmentauthorityurl', 'activedirectoryauthority') ?? defaults.authority,
    resources: {
      arm: address('activedirectoryserviceendpointresourceid') ?? defaults.arm,
      machineLearning: defaults.machineLearning,
      storage: 'https://storage.azure.com',
      kubernetes: kubernetesServer,
    },
  };
}

function knownCloud(name: string): KnownCloud {
  const found = Object.entries(known).find(([key]) => key === name.toLowerCase());
  return found ? found[1] : known.azurecloud;
}
