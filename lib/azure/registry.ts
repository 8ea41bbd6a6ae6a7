import type { Agent } from '../agent/agent';
import { TaskError } from '../agent/errors';
import type { Azure } from './azure';
import type { Tokens } from './credential';
import { AzureError } from './errors';
import { textAt } from '../agent/json';

/** api-version of the registry resource (Registries_Get, Registries_ListByResourceGroup). */
export const registryApiVersion = '2023-07-01';

/** Registries whose policy refuses Resource Manager's tokens take tokens for this audience. */
const registryAudience = 'https://containerregistry.azure.net';

/** User name that goes with a refresh token wherever a registry asks for user and password. */
export const tokenUser = '00000000-0000-0000-0000-000000000000';

const manifestTypes = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
].join(', ');

/** An Azure Container Registry as Resource Manager knows it. */
export interface Registry {
  id: string;
  name: string;
  /** `name.azurecr.io`: what image names start with. */
  loginServer: string;
}

/** Looks at a registry's content, as the identity of the service connection. */
export interface RegistryAccess {
  azure: Azure;
  tokens: Tokens;
  agent: Agent;
  registry: Registry;
}

/**
 * Finds a registry by name, login server or ARM id; without any of these the workspace's own. A name or login server is
 * looked for at the workspace and in the resource group.
 *
 * @throws TaskError when the workspace has none or the login server is unknown; AzureError when it cannot be read
 */
export async function findRegistry(azure: Azure, wanted: string | undefined): Promise<Registry> {
  const own = azure.workspace.containerRegistry;
  if (wanted === undefined) {
    if (own !== undefined) return readRegistry(await azure.arm.get(own, registryApiVersion));
    throw new TaskError(
      `The workspace ${azure.workspace.name} has no container registry.`,
      'Name a registry in the input registry.',
    );
  }
  if (wanted.startsWith('/')) return readRegistry(await azure.arm.get(wanted, registryApiVersion));
  if (/[.:]/.test(wanted)) return registryOfLoginServer(azure, wanted);
  if (!/^[A-Za-z0-9]{5,50}$/.test(wanted)) {
    throw new TaskError(
      `Input "registry" is "${wanted}".`,
      'Write the name of an Azure Container Registry, its login server, or its ARM id.',
    );
  }
  const isOwn = own?.split('/').at(-1)?.toLowerCase() === wanted.toLowerCase();
  const id = isOwn ? own : `${registries(azure)}/${wanted}`;
  return readRegistry(await azure.arm.get(id, registryApiVersion));
}

/**
 * The registry behind a login server. Only a registry that Resource Manager confirms is ever sent a token.
 *
 * @throws TaskError that lists the login servers that were found
 */
export async function registryOfLoginServer(azure: Azure, loginServer: string): Promise<Registry> {
  const wanted = loginServer.toLowerCase();
  const seen: string[] = [];
  const own = azure.workspace.containerRegistry;
  if (own !== undefined) {
    const registry = readRegistry(await azure.arm.get(own, registryApiVersion));
    if (registry.loginServer.toLowerCase() === wanted) return registry;
    seen.push(registry.loginServer);
  }
  for await (const entry of azure.arm.list(registries(azure), registryApiVersion)) {
    const registry = readRegistry(entry);
    if (registry.loginServer.toLowerCase() === wanted) return registry;
    seen.push(registry.loginServer);
  }
  throw new TaskError(
    `No registry with the login server ${loginServer} belongs to the workspace ${azure.workspace.name} or the resource group ${azure.resourceGroup}.`,
    seen.length > 0 ? `Registries there: ${[...new Set(seen)].join(', ')}.` : 'There is no registry at all.',
  );
}

/**
 * A refresh token of the registry: it stands for the identity at this registry alone, and works as a password with the
 * user `tokenUser`. Operation: POST /oauth2/exchange of the registry's token service.
 */
export async function refreshToken({ azure, tokens, agent, registry }: RegistryAccess): Promise<string> {
  const exchange = async (audience: string): Promise<string> => {
    const answer = await azure.http.send({
      method: 'POST',
      url: `https://${registry.loginServer}/oauth2/exchange`,
      headers: formHeaders,
      body: form({
        grant_type: 'access_token',
        service: registry.loginServer,
        access_token: await tokens.get(audience),
      }),
      idempotent: true,
      attempts: 4,
    });
    return tokenOf(agent, registry, answer.body, 'refresh_token');
  };
  try {
    return await exchange(azure.cloud.resources.arm);
  } catch (error) {
    if (!(error instanceof AzureError) || error.status !== 401) throw error;
    return exchange(registryAudience);
  }
}

/**
 * The digest that a tag stands for; `undefined` when the tag or the repository does not exist.
 * Operations: POST /oauth2/token, HEAD /v2/{repository}/manifests/{tag} (OCI distribution).
 */
export async function manifestDigest(
  access: RegistryAccess,
  repository: string,
  tag: string,
): Promise<string | undefined> {
  const { azure, registry } = access;
  const token = await accessToken(access, `repository:${repository}:pull`);
  const answer = await azure.http.send({
    method: 'HEAD',
    url: `https://${registry.loginServer}/v2/${repository}/manifests/${encodeURIComponent(tag)}`,
    headers: { Authorization: `Bearer ${token}`, Accept: manifestTypes },
    accept: [404],
    as: 'text',
    attempts: 4,
  });
  if (answer.status === 404) return undefined;
  const digest = answer.headers['docker-content-digest'];
  if (digest !== undefined && isDigest(digest)) return digest;
  throw new TaskError(`The registry ${registry.loginServer} gave no digest for ${repository}:${tag}.`);
}

/** `sha256:` and 64 hexadecimal digits. */
export function isDigest(text: string): boolean {
  return /^sha256:[0-9a-f]{64}$/.test(text);
}

async function accessToken(access: RegistryAccess, scope: string): Promise<string> {
  const { azure, agent, registry } = access;
  const answer = await azure.http.send({
    method: 'POST',
    url: `https://${registry.loginServer}/oauth2/token`,
    headers: formHeaders,
    body: form({
      grant_type: 'refresh_token',
      service: registry.loginServer,
      scope,
      refresh_token: await refreshToken(access),
    }),
    idempotent: true,
    attempts: 4,
  });
  return tokenOf(agent, registry, answer.body, 'access_token');
}

const formHeaders = { 'Content-Type': 'application/x-www-form-urlencoded' };

function form(fields: Record<string, string>): string {
  return new URLSearchParams(fields).toString();
}

function tokenOf(agent: Agent, registry: Registry, body: unknown, member: string): string {
  const token = textAt(body, member);
  if (token === undefined)
    throw new TaskError(`The registry ${registry.loginServer} gave no token (${member} is missing).`);
  agent.secret(token);
  return token;
}

function registries(azure: Azure): string {
  return `${azure.resourceGroupId}/providers/Microsoft.ContainerRegistry/registries`;
}

function readRegistry(body: unknown): Registry {
  const [id, name, loginServer] = [textAt(body, 'id'), textAt(body, 'name'), textAt(body, 'properties', 'loginServer')];
  if (id !== undefined && name !== undefined && loginServer !== undefined) return { id, name, loginServer };
  throw new TaskError(
    `The description of the registry ${name ?? id ?? ''} lacks its login server.`,
    'Is it still being created?',
  );
}
