import type { ClientSecretCredentialOptions, TokenCredential } from '@azure/identity';
import type { Agent } from '../agent/agent';
import { TaskError, errorText } from '../agent/errors';
import { pause } from '../agent/poll';
import type { Authentication } from '../agent/service-connection';
import type { Cloud } from './cloud';
import type { Network } from './network';

/** Hands out bearer tokens; each is masked before it is returned. */
export interface Tokens {
  /**
   * A token for `resource` that lives long enough for a call.
   * @param renew forget the one kept (after a 401)
   */
  get(resource: string, renew?: boolean): Promise<string>;
}

interface Kept {
  token: string;
  refreshAt: number;
}

/** `@azure/identity` has no limit of its own: a metadata service that accepts and never answers would hang for ever. */
const attemptMs = 15_000;
const attempts = 4;

/**
 * Tokens of a service connection, by an explicit credential for each scheme. Kept in memory only, asked for again five
 * minutes before they end (half-way for shorter ones), one request at a time for each resource.
 *
 * @throws TaskError that names the identity source, the client id, what the service said and what to do.
 */
export function createTokens(authentication: Authentication, cloud: Cloud, network: Network, agent: Agent): Tokens {
  const kept = new Map<string, Kept>();
  const pending = new Map<string, Promise<string>>();
  const fetch = async (resource: string): Promise<string> => {
    const { token, expiresOnTimestamp } = await request(authentication, cloud, network, agent, resource);
    agent.secret(token);
    const life = expiresOnTimestamp - Date.now();
    kept.set(resource, { token, refreshAt: Date.now() + (life > 600_000 ? life - 300_000 : life / 2) });
    return token;
  };
  return {
    async get(resource, renew = false) {
      const found = kept.get(resource);
      if (found && !renew && Date.now() < found.refreshAt) return found.token;
      const running = pending.get(resource) ?? fetch(resource).finally(() => pending.delete(resource));
      pending.set(resource, running);
      return running;
    },
  };
}

async function request(authentication: Authentication, cloud: Cloud, network: Network, agent: Agent, resource: string) {
  const credential = await createCredential(authentication, cloud, network);
  for (let attempt = 1; ; attempt++) {
    try {
      const token = await withLimit(credential.getToken(`${resource.replace(/\/$/, '')}/.default`), attemptMs);
      if (token) return token;
      throw new Error('no token in the answer');
    } catch (error) {
      if (attempt === attempts || !isTransient(error, authentication)) throw explain(error, authentication);
      const delay = 2 ** attempt * 500 * (1 + Math.random());
      agent.print(
        `No token yet (${brief(error)}); trying again in ${Math.round(delay / 1000)} s, attempt ${attempt + 1} of ${attempts}.`,
      );
      await pause(delay, agent.cancelled);
    }
  }
}

async function createCredential(
  authentication: Authentication,
  cloud: Cloud,
  network: Network,
): Promise<TokenCredential> {
  network.prepareEnvironment();
  const identity = await import('./credentials');
  const options = {
    authorityHost: cloud.authority,
    // Instance discovery asks the public cloud whether it knows the authority: private and sovereign ones are ours to trust.
    disableInstanceDiscovery: true,
    additionalPolicies: [{ policy: connectionPolicy(network), position: 'perCall' as const }],
  };
  switch (authentication.scheme) {
    case 'managedIdentity':
      return authentication.clientId
        ? new identity.ManagedIdentityCredential({ clientId: authentication.clientId })
        : new identity.ManagedIdentityCredential();
    case 'workloadIdentity':
      return new identity.ClientAssertionCredential(
        authentication.tenantId,
        authentication.clientId,
        authentication.assertion,
        options,
      );
    case 'secret':
      return new identity.ClientSecretCredential(
        authentication.tenantId,
        authentication.clientId,
        authentication.secret,
        options,
      );
    case 'certificate':
      return new identity.ClientCertificateCredential(
        authentication.tenantId,
        authentication.clientId,
        { certificate: authentication.pem },
        options,
      );
  }
}

/**
 * Sends sign-in by the same connections as everything else: the package's own handling of proxies ignores certificate
 * authorities (@azure/core-rest-pipeline, proxyPolicy).
 */
function connectionPolicy(network: Network): PipelinePolicy {
  return {
    name: 'agentConnection',
    async sendRequest(request, next) {
      request.agent ??= await network.agentFor(request.url);
      return next(request);
    },
  };
}

type Policies = NonNullable<ClientSecretCredentialOptions['additionalPolicies']>;
type PipelinePolicy = Policies[number]['policy'];

class TimeOut extends Error {}

async function withLimit<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new TimeOut(`no answer within ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * What the metadata service documents as passing: 404, 410, 429 and 5xx. `@azure/identity` does not tell the status of a
 * 429, so of a managed identity's errors only those that name a wrong request are final: the wrong identity stays wrong.
 */
function isTransient(error: unknown, { scheme }: Authentication): boolean {
  if (error instanceof TimeOut) return true;
  const said = errorText(error);
  const status = /\b(?:status(?: code)?|HTTP|response)[^0-9]{0,20}(\d{3})\b/i.exec(said)?.[1] ?? statusOf(error);
  if (status !== undefined) return ['404', '408', '410', '429'].includes(status) || status.startsWith('5');
  if (scheme === 'managedIdentity') return !/invalid_(request|resource|scope|client)|bad_request|not found/i.test(said);
  return /ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|socket hang up|network_error|temporarily/i.test(said);
}

function statusOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return undefined;
  return typeof error.statusCode === 'number' ? String(error.statusCode) : undefined;
}

function explain(error: unknown, authentication: Authentication): TaskError {
  const said = brief(error);
  const options = { cause: error };
  if (isTlsProblem(said)) {
    return new TaskError(
      `No token: the agent does not trust the certificate of the sign-in service or of a proxy before it: ${said}`,
      'Give the agent your certificate authority (--sslcacert, or NODE_EXTRA_CA_CERTS in its environment).',
      options,
    );
  }
  if (authentication.scheme !== 'managedIdentity') {
    const how =
      authentication.scheme === 'workloadIdentity'
        ? 'workload identity federation'
        : `a service principal's ${authentication.scheme}`;
    return new TaskError(
      `No token by ${how} for client ${authentication.clientId} in tenant ${authentication.tenantId}: ${said}`,
      authentication.scheme === 'workloadIdentity'
        ? 'Check that the app registration has a federated credential with the issuer and subject that the service connection shows.'
        : 'Check the secret or certificate of the service connection: it may have ended.',
      options,
    );
  }
  const who = authentication.clientId ? `identity ${authentication.clientId}` : "the agent's system-assigned identity";
  return new TaskError(
    `No token from the agent's metadata service for ${who}: ${said}`,
    managedIdentityAdvice(said, authentication.clientId !== undefined),
    options,
  );
}

function managedIdentityAdvice(said: string, named: boolean): string {
  if (/multiple user.assigned/i.test(said))
    return 'The machine has several identities: name one in the input managedIdentityClientId.';
  if (/identity not found/i.test(said)) {
    return named
      ? 'Assign that identity to the machine (or scale set) of the agent, or correct managedIdentityClientId.'
      : 'Switch the system-assigned identity of the machine on, or name a user-assigned one in managedIdentityClientId.';
  }
  return 'Run the task on a self-hosted agent in Azure whose machine has a managed identity; the metadata service (169.254.169.254) must be reachable without a proxy.';
}

function isTlsProblem(said: string): boolean {
  return /self.signed certificate|unable to verify|unable to get (local )?issuer|certificate has expired/i.test(said);
}

/** What the service said, without the advice pages that @azure/identity adds and without line breaks. */
function brief(error: unknown): string {
  return errorText(error)
    .replace(/To troubleshoot, visit \S+/g, '')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 600);
}
