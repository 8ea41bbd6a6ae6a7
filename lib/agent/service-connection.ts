import * as tl from 'azure-pipelines-task-lib/task';
import type { Agent } from './agent';
import { TaskError } from './errors';

/** How the service connection proves who it is. */
export type Authentication =
  | { scheme: 'managedIdentity'; tenantId: string; clientId?: string }
  | { scheme: 'workloadIdentity'; tenantId: string; clientId: string; assertion: () => Promise<string> }
  | { scheme: 'secret'; tenantId: string; clientId: string; secret: string }
  | { scheme: 'certificate'; tenantId: string; clientId: string; pem: string };

/** An Azure Resource Manager service connection, checked. */
export interface ServiceConnection {
  id: string;
  authentication: Authentication;
  subscriptionId: string;
  /** `AzureCloud`, `AzureUSGovernment`, `AzureChinaCloud`, … */
  environment: string;
  armUrl: string;
  /** Data fields by lower-case name, for example `environmentauthorityurl`. */
  data(key: string): string | undefined;
}

/**
 * Reads the service connection of an input. Fields and schemes: azure-pipelines-tasks-common-packages, azure-arm-endpoint.ts.
 *
 * @param oidcToken fetches the token that workload identity federation presents, fresh for each use (it lives ten minutes)
 * @throws TaskError for a missing or unusable connection
 */
export function readServiceConnection(
  agent: Agent,
  inputName: string,
  managedIdentityClientId: string | undefined,
  oidcToken: (serviceConnectionId: string) => Promise<string>,
): ServiceConnection {
  refuseEndpointVariables();
  const id = agent.requiredInput(inputName);
  const armUrl = tl.getEndpointUrl(id, true);
  const scheme = tl.getEndpointAuthorizationScheme(id, true);
  if (!armUrl || !scheme) {
    throw new TaskError(
      `The service connection "${id}" (input ${inputName}) was not passed to this step.`,
      'Name an Azure Resource Manager service connection that the pipeline may use.',
    );
  }
  const parameters = (key: string): string | undefined =>
    tl.getEndpointAuthorizationParameter(id, key, true) ?? undefined;
  const data = (key: string): string | undefined => tl.getEndpointDataParameter(id, key, true) || undefined;
  const subscriptionId = data('subscriptionid');
  if (!subscriptionId) {
    throw new TaskError(
      `The service connection "${id}" has no subscription (scope level ${data('scopelevel') ?? 'unknown'}).`,
      'Use a service connection whose scope is a subscription.',
    );
  }
  return {
    id,
    authentication: readAuthentication(agent, { id, scheme, parameters, data, managedIdentityClientId, oidcToken }),
    subscriptionId,
    environment: data('environment') ?? 'AzureCloud',
    armUrl: armUrl.replace(/\/+$/, ''),
    data,
  };
}

interface Raw {
  id: string;
  scheme: string;
  parameters: (key: string) => string | undefined;
  data: (key: string) => string | undefined;
  managedIdentityClientId: string | undefined;
  oidcToken: (serviceConnectionId: string) => Promise<string>;
}

function readAuthentication(agent: Agent, raw: Raw): Authentication {
  const parameter = (key: string): string => {
    const value = raw.parameters(key);
    if (value) return value;
    throw new TaskError(
      `The service connection "${raw.id}" (${raw.scheme}) lacks the parameter ${key}.`,
      'Save the service connection again.',
    );
  };
  switch (raw.scheme.toLowerCase()) {
    case 'managedserviceidentity':
      return {
        scheme: 'managedIdentity',
        tenantId: raw.parameters('tenantid') ?? '',
        clientId: raw.managedIdentityClientId ?? raw.data('msiclientid'),
      };
    case 'workloadidentityfederation':
      return {
        scheme: 'workloadIdentity',
        tenantId: parameter('tenantid'),
        clientId: parameter('serviceprincipalid'),
        assertion: () => raw.oidcToken(raw.id),
      };
    case 'serviceprincipal':
      return readServicePrincipal(agent, raw, parameter);
    default:
      throw new TaskError(
        `The service connection "${raw.id}" uses the scheme ${raw.scheme}, which gives no token for Azure Machine Learning.`,
        'Use a connection of type managed identity, workload identity federation or service principal.',
      );
  }
}

function readServicePrincipal(agent: Agent, raw: Raw, parameter: (key: string) => string): Authentication {
  const common = { tenantId: parameter('tenantid'), clientId: parameter('serviceprincipalid') };
  if (raw.parameters('authenticationtype')?.toLowerCase() === 'spncertificate') {
    const pem = parameter('servicePrincipalCertificate');
    agent.secret(pem);
    return { scheme: 'certificate', ...common, pem };
  }
  const secret = parameter('serviceprincipalkey');
  agent.secret(secret);
  return { scheme: 'secret', ...common, secret };
}

/**
 * The job's access token and the address that it is for; every task gets them, mapped or not
 * (Handler.AddEndpointsToEnvironment). Both come from the agent's own endpoint: any step of the job can set the variable
 * System.TeamFoundationCollectionUri by a line of its output, and would get the token.
 *
 * @throws TaskError outside an agent, and when a variable of the job stands in an endpoint's place
 */
export function readJobConnection(agent: Agent): { collectionUrl: string; accessToken: string } {
  refuseEndpointVariables();
  const accessToken = tl.getEndpointAuthorizationParameter('SystemVssConnection', 'AccessToken', true);
  const collectionUrl = process.env['ENDPOINT_URL_SYSTEMVSSCONNECTION'];
  if (!accessToken || !collectionUrl) {
    throw new TaskError('The agent passed no job access token.', 'Run this task on an Azure Pipelines agent.');
  }
  agent.secret(accessToken);
  return { collectionUrl: collectionUrl.replace(/\/+$/, ''), accessToken };
}

/** Variables reach a task by its environment, after the endpoints: one named like an endpoint takes its place. */
function refuseEndpointVariables(): void {
  const forged = tl.getVariables().find(({ name }) => /^endpoint[. _]/i.test(name))?.name;
  if (forged === undefined) return;
  throw new TaskError(
    `The variable ${forged} stands in the place of one of the agent's endpoints.`,
    'Find the step or the variable group that sets it: nothing that is printed may name the address that tokens are sent to.',
  );
}
