import { createHash } from 'node:crypto';
import { isRecord, textAt } from '../../agent/json';
import { canonicalJson } from '../../evidence/canonical';

/** What must be known of a type of resource to update it without harm. */
export interface Rules {
  /** Members that the service takes only when it makes the resource. */
  fixed: readonly string[];
  /** Members that the service never answers. */
  secrets: readonly string[];
  /** A map of texts on the resource: a digest of the secrets is kept there. */
  notes?: string;
  /** Members that other steps set; without a value of the file's they stay. */
  kept: readonly string[];
  /** What goes out of members that the file leaves open. The service may know better. */
  fallbacks: Readonly<Record<string, unknown>>;
}

const open: Rules = { fixed: [], secrets: [], kept: [], fallbacks: {} };
const endpoint: Rules = {
  ...open,
  fixed: ['location', 'kind', 'properties.authMode', 'properties.compute'],
  kept: ['properties.traffic', 'properties.mirrorTraffic', 'properties.defaults'],
};

/** By type of resource below the workspace. One that is not here has no such rules. */
const rules: Readonly<Record<string, Rules>> = {
  workspaces: {
    ...open,
    fixed: [
      'location',
      'kind',
      'properties.storageAccount',
      'properties.keyVault',
      'properties.hbiWorkspace',
      'properties.hubResourceId',
      'properties.enableDataIsolation',
    ],
  },
  computes: {
    ...open,
    fixed: [
      'location',
      'properties.computeType',
      'properties.resourceId',
      'properties.properties.vmSize',
      'properties.properties.vmPriority',
      'properties.properties.subnet',
      'properties.properties.osType',
      'properties.properties.enableNodePublicIp',
      'properties.properties.remoteLoginPortPublicAccess',
      'properties.properties.sshSettings',
      'properties.properties.personalComputeInstanceSettings',
      'properties.properties.namespace',
    ],
    secrets: ['properties.properties.userAccountCredentials', 'properties.properties.administratorAccount'],
    notes: 'tags',
  },
  datastores: {
    ...open,
    fixed: ['properties.datastoreType'],
    secrets: ['properties.credentials.secrets'],
    notes: 'properties.tags',
    fallbacks: { 'properties.endpoint': 'core.windows.net', 'properties.protocol': 'https' },
  },
  connections: { ...open, secrets: ['properties.credentials'], notes: 'properties.metadata' },
  onlineEndpoints: endpoint,
  batchEndpoints: endpoint,
  serverlessEndpoints: endpoint,
  schedules: { ...open, kept: ['properties.isEnabled'] },
};

/** Type of a resource by its path: `computes`, `components`, `workspaces` for the workspace itself. */
export function typeOf(path: string): string {
  const [resource = ''] = path.split('?');
  const below = /\/workspaces\/[^/]+\/(.+)$/i.exec(resource)?.[1]?.split('/');
  if (!below) return 'workspaces';
  return below.filter((_part, index) => index % 2 === 0).join('/');
}

export function rulesOf(path: string): Rules {
  return rules[typeOf(path)] ?? open;
}

/** Is a member at or below one of the paths? */
export function isBelow(path: string, paths: readonly string[]): boolean {
  return paths.some((one) => path === one || path.startsWith(`${one}.`));
}

/** Name of the note that holds the digest of a resource's secrets. */
export const secretsNote = 'mlops.secrets';

/**
 * The body with a digest of its secrets among its notes: what is never answered can be compared by it. The path is part of
 * what is hashed, so that equal secrets of two resources do not show.
 */
export function withSecretsNote(path: string, body: unknown): unknown {
  const { secrets, notes } = rulesOf(path);
  const values = secretValues(path, body);
  if (notes === undefined || values.length === 0) return body;
  const [resource = ''] = path.split('?');
  const hash = createHash('sha256').update(`${resource.toLowerCase()}\n${canonicalJson({ secrets, values })}`);
  return set(body, [...notes.split('.'), secretsNote], `sha256:${hash.digest('hex')}`);
}

/** The secrets that a body holds. */
export function secretValues(path: string, body: unknown): unknown[] {
  const plain: unknown = JSON.parse(JSON.stringify(body ?? null));
  return rulesOf(path)
    .secrets.map((place) => get(plain, place.split('.')))
    .filter((value) => value !== undefined && value !== null);
}

/** Every text in a secret that nobody may read. The name of a user is none: it may be a word that a log is full of. */
export function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => (key === 'username' ? [] : textsIn(inner)));
}

/** The body with the members of the resource that other steps set, where it says nothing of them. */
export function withKept(path: string, body: unknown, found: unknown): unknown {
  let result = body;
  for (const place of rulesOf(path).kept) {
    const keys = place.split('.');
    const own = get(body, keys);
    const there = get(found, keys);
    const isSilent = own === undefined || (isRecord(own) && Object.keys(own).length === 0);
    if (isSilent && there !== undefined && there !== null) result = set(result, keys, there);
  }
  return result;
}

function get(value: unknown, keys: readonly string[]): unknown {
  return keys.reduce<unknown>((inner, key) => (isRecord(inner) ? inner[key] : undefined), value);
}

function set(value: unknown, keys: readonly string[], member: unknown): unknown {
  const [key, ...rest] = keys;
  if (key === undefined) return member;
  const map = isRecord(value) ? value : {};
  return { ...map, [key]: set(map[key], rest, member) };
}

/** Name of a resource: the last part of its path, for a version the name before it. */
export function nameOf(path: string): string {
  const [resource = ''] = path.split('?');
  const [, versioned] = /\/([^/]+)\/versions\/[^/]+$/.exec(resource) ?? [];
  return versioned ?? resource.split('/').at(-1) ?? '';
}

/** The id that an answer names. */
export const idIn = (answer: unknown, path: string): string => textAt(answer, 'id') ?? path.split('?')[0] ?? path;
