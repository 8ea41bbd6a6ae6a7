import { request as httpsRequest } from 'node:https';
import { rootCertificates } from 'node:tls';
import { readFileSync } from 'node:fs';
import type { Agent } from '../agent/agent';
import { TaskError, errorText } from '../agent/errors';
import { pause } from '../agent/poll';
import { parseYaml, type YamlReader } from '../agent/yaml';
import type { Azure } from './azure';
import type { Tokens } from './credential';
import { azureError } from './errors';
import { at, isRecord, textAt } from '../agent/json';
import { parseJson, retryAfterMs } from './wire';

/** api-version of the cluster resource. */
const clusterApiVersion = '2024-09-01';
/** Who owns the fields that we apply (server-side apply). */
const fieldManager = 'mlops-azure-ml';
const attemptMs = 60_000;
const attempts = 5;
const transient = new Set([408, 429, 500, 502, 503, 504]);

/** How to reach a cluster's API server, from its kubeconfig. */
export interface KubeConfig {
  /** Address of the API server; it may have a path. */
  server: string;
  /** Certificate authority of the server, PEM. */
  ca?: string;
  auth:
    | { kind: 'certificate'; cert: string; key: string }
    /** A token that the kubeconfig carries. */
    | { kind: 'token'; token: string }
    /** The cluster asks for a token of Microsoft Entra ID. */
    | { kind: 'entra' };
}

/** The few calls that are made of the Kubernetes API. Paths start with `/api` or `/apis`. */
export interface Kubernetes {
  /** @returns `undefined` for 404 */
  get(path: string): Promise<unknown>;
  /** Server-side apply: creates or changes what the object says, and takes over its fields. */
  apply(path: string, object: unknown): Promise<unknown>;
  /** A pod's log, text. */
  log(path: string): Promise<string>;
}

/** What one attempt sends and gets; tests replace it. */
export type Transport = (request: KubeRequest) => Promise<KubeAnswer>;

export interface KubeRequest {
  method: 'GET' | 'PATCH';
  url: string;
  headers: Record<string, string>;
  body?: string;
  ca?: string[];
  cert?: string;
  key?: string;
}

export interface KubeAnswer {
  status: number;
  /** Lower-case names. */
  headers: Record<string, string>;
  body: string;
}

/** ARM id of a cluster of the resource group, or the id that was given. */
export function clusterId(azure: Azure, cluster: string): string {
  if (cluster.startsWith('/')) return cluster;
  return `${azure.resourceGroupId}/providers/Microsoft.ContainerService/managedClusters/${cluster}`;
}

/**
 * The kubeconfig that Azure gives this identity for a cluster. Operation: ManagedClusters_ListClusterUserCredentials.
 *
 * @param cluster name in the resource group of the step, or ARM id
 */
export async function clusterConfig(azure: Azure, agent: Agent, cluster: string): Promise<KubeConfig> {
  const { body } = await azure.arm.post(
    `${clusterId(azure, cluster)}/listClusterUserCredential`,
    clusterApiVersion,
    undefined,
    {
      idempotent: true,
    },
  );
  const list = at(body, 'kubeconfigs');
  const value = Array.isArray(list) ? textAt(list[0], 'value') : undefined;
  if (value === undefined) throw new TaskError(`Azure gave no kubeconfig for the cluster ${cluster}.`);
  const config = await readKubeConfig(`kubeconfig of ${cluster}`, Buffer.from(value, 'base64').toString('utf8'));
  if (config.auth.kind === 'certificate') agent.secret(config.auth.key);
  if (config.auth.kind === 'token') agent.secret(config.auth.token);
  return config;
}

/** Reads the current context of a kubeconfig. @throws TaskError for one that cannot be used without other programs */
export async function readKubeConfig(name: string, text: string): Promise<KubeConfig> {
  const reader = await parseYaml(name, text);
  const wanted = reader.optionalString('current-context');
  const contexts = reader.list('contexts');
  const context = (contexts.find((entry) => entry.string('name') === wanted) ?? contexts[0])?.required('context');
  const cluster = byName(reader, 'clusters', context?.optionalString('cluster')).required('cluster');
  const server = cluster.string('server').replace(/\/+$/, '');
  if (!URL.canParse(server) || new URL(server).protocol !== 'https:') {
    throw cluster.error(`the server ${server} has no https address`);
  }
  const ca = cluster.optionalString('certificate-authority-data');
  const user = byName(reader, 'users', context?.optionalString('user')).required('user');
  return { server, ca: ca === undefined ? undefined : decode(ca), auth: readUser(user) };
}

function byName(reader: YamlReader, key: string, name: string | undefined): YamlReader {
  const list = reader.list(key);
  const found = list.find((entry) => entry.string('name') === name) ?? (name === undefined ? list[0] : undefined);
  if (found) return found;
  throw reader.error(`${key} has no entry "${name ?? ''}"`);
}

function readUser(user: YamlReader): KubeConfig['auth'] {
  // A cluster with Entra ID names a program (kubelogin) that would fetch the token; we fetch it ourselves.
  if (user.has('exec') || user.has('auth-provider')) return { kind: 'entra' };
  const [cert, key] = [user.optionalString('client-certificate-data'), user.optionalString('client-key-data')];
  if (cert !== undefined && key !== undefined) return { kind: 'certificate', cert: decode(cert), key: decode(key) };
  const token = user.optionalString('token');
  return token === undefined ? { kind: 'entra' } : { kind: 'token', token };
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}

export interface ConnectOptions {
  azure: Azure;
  tokens: Tokens;
  agent: Agent;
  transport?: Transport;
}

/** Opens the API of a cluster. Calls are repeated after network errors, 408, 429 and 5xx; a 401 renews the token once. */
export function connect(config: KubeConfig, { azure, tokens, agent, transport = send }: ConnectOptions): Kubernetes {
  const authorization = async (renew: boolean): Promise<Record<string, string>> => {
    if (config.auth.kind === 'certificate') return {};
    if (config.auth.kind === 'token') return { authorization: `Bearer ${config.auth.token}` };
    return { authorization: `Bearer ${await tokens.get(azure.cloud.resources.kubernetes, renew)}` };
  };
  const call = async (method: KubeRequest['method'], path: string, body?: string): Promise<KubeAnswer> => {
    let renewed = false;
    for (let attempt = 1; ; attempt++) {
      const request: KubeRequest = {
        method,
        url: `${config.server}${path}`,
        headers: {
          accept: path.includes('/log?') ? '*/*' : 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/apply-patch+yaml' }),
          ...(await authorization(renewed)),
        },
        body,
        ca: config.ca === undefined ? undefined : [config.ca],
        ...(config.auth.kind === 'certificate' ? { cert: config.auth.cert, key: config.auth.key } : {}),
      };
      const answer = await attemptOnce(transport, request, attempt, config.server);
      if (answer?.status === 401 && config.auth.kind === 'entra' && !renewed) {
        renewed = true;
        continue;
      }
      if (answer !== undefined && (!transient.has(answer.status) || attempt >= attempts)) return answer;
      const asked = answer === undefined ? undefined : retryAfterMs(answer.headers);
      await pause(asked ?? Math.random() * 1000 * 2 ** attempt, agent.cancelled);
    }
  };
  const json = (method: string, path: string, answer: KubeAnswer): unknown => {
    const body = parseJson(answer.body);
    if (answer.status >= 200 && answer.status < 300) return body;
    throw explained(`${method} ${config.server}${path.split('?')[0] ?? path}`, { ...answer, body });
  };
  return {
    async get(path) {
      const answer = await call('GET', path);
      return answer.status === 404 ? undefined : json('GET', path, answer);
    },
    async apply(path, object) {
      const url = `${path}?fieldManager=${fieldManager}&force=true`;
      return json('PATCH', url, await call('PATCH', url, JSON.stringify(object)));
    },
    async log(path) {
      const answer = await call('GET', path);
      if (answer.status >= 200 && answer.status < 300) return answer.body;
      json('GET', path, answer);
      return '';
    },
  };
}

/** @returns `undefined` for a network error that may pass */
async function attemptOnce(
  transport: Transport,
  request: KubeRequest,
  attempt: number,
  server: string,
): Promise<KubeAnswer | undefined> {
  try {
    return await transport(request);
  } catch (error) {
    const problem = errorText(error);
    const isCertificate = /certificate|self.signed|CERT_|UNABLE_TO_VERIFY/i.test(problem);
    if (attempt < attempts && !isCertificate) return undefined;
    throw new TaskError(
      `The cluster's API server ${server} cannot be reached: ${problem}`,
      isCertificate
        ? "The server's certificate is not the one that the kubeconfig names: is there a proxy between agent and cluster?"
        : 'Run the step on an agent in the network of the cluster (private clusters), or allow its address (authorised ranges).',
      { cause: error },
    );
  }
}

function explained(
  request: string,
  answer: { status: number; headers: Record<string, string>; body: unknown },
): TaskError {
  const error = azureError(request, answer);
  if (answer.status === 401) {
    return new TaskError(error.message, 'The cluster does not know the identity: is Entra ID switched on for it?', {
      cause: error,
    });
  }
  if (answer.status !== 403) return error;
  return new TaskError(
    error.message,
    'Give the identity of the service connection the role Azure Kubernetes Service RBAC Writer on the namespace (or a Role of the cluster with these verbs). A new namespace must be created by somebody who may.',
    { cause: error },
  );
}

/** One call over TLS with the certificates of the kubeconfig: the shared HTTP layer has none of its own for each request. */
const send: Transport = ({ method, url, headers, body, ca, cert, key }) =>
  new Promise((resolve, reject) => {
    const extra = process.env['NODE_EXTRA_CA_CERTS'];
    const trusted = ca ?? [
      ...rootCertificates,
      ...(extra === undefined || extra === '' ? [] : [readFileSync(extra, 'utf8')]),
    ];
    const options = { method, headers, ca: trusted, cert, key, timeout: attemptMs, agent: false as const };
    const outgoing = httpsRequest(url, options, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const lower = Object.entries(incoming.headers).map(([name, value]) => [name.toLowerCase(), String(value)]);
        resolve({
          status: incoming.statusCode ?? 0,
          headers: Object.fromEntries(lower) as Record<string, string>,
          body: Buffer.concat(chunks).toString('utf8'),
        });
      });
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${attemptMs / 1000} s`)));
    outgoing.on('error', reject);
    outgoing.end(body);
  });

/** Objects of a list answer. */
export function items(list: unknown): Record<string, unknown>[] {
  const found = at(list, 'items');
  return Array.isArray(found) ? found.filter(isRecord) : [];
}
