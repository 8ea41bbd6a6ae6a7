import { readFileSync } from 'node:fs';
import { posix } from 'node:path';

import { anything, check, list, map, optional, shape, text } from '../shape';

/** Places of Azure DevOps at which an extension's pages appear, by contribution type and target. */
export type Place = 'hub' | 'run-tab' | 'settings' | 'other';

/** A page of the extension, as its manifest declares it. */
export interface Contribution {
  /** Without publisher and extension. */
  id: string;
  place: Place;
  name: string;
  /** Relative to the extension's base address. */
  uri: string;
  order: number;
  /** A run tab is shown only on runs in which one of these tasks ran; empty: on every run. Lower case. */
  supportsTasks: string[];
}

export interface Manifest {
  publisherId: string;
  extensionId: string;
  name: string;
  version: string;
  scopes: string[];
  contributions: Contribution[];
}

const runTabType = 'ms.vss-build-web.build-results-tab';
const settingsTarget = 'ms.vss-web.project-admin-hub-group';

const manifestShape = shape({
  id: text,
  publisher: text,
  name: text,
  version: text,
  scopes: optional(list(text)),
  contributions: optional(
    list(shape({ id: text, type: text, targets: optional(list(text)), properties: optional(map(anything)) })),
  ),
});

/** The pages and scopes of an extension's manifest. Throws with the place of what is wrong. */
export function readManifest(file: string): Manifest {
  let document: unknown;
  try {
    document = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`The extension's manifest ${file} cannot be read: ${String(error)}`);
  }
  const { id, publisher, name, version, scopes = [], contributions = [] } = check(manifestShape, document, file);
  const pages = contributions.flatMap((one, index) => {
    const { uri, name: label, order, supportsTasks } = one.properties ?? {};
    if (typeof uri !== 'string') return [];
    const where = `${file}: contributions[${index}].properties`;
    return [
      {
        id: one.id,
        place: placeOf(one.type, one.targets ?? []),
        name: typeof label === 'string' ? label : one.id,
        uri: withoutParents(uri, where),
        order: typeof order === 'number' ? order : 100,
        supportsTasks: check(optional(list(text)), supportsTasks, `${where}.supportsTasks`)?.map(lower) ?? [],
      },
    ];
  });
  return { publisherId: publisher, extensionId: id, name, version, scopes, contributions: pages.sort(byOrder) };
}

/** The folder that holds the pages of all contributions, as their addresses name it: `hub` of `hub/models.html`. */
export function pageFolder({ contributions }: Manifest): string {
  const folders = new Set(contributions.map(({ uri }) => posix.dirname(uri)));
  const [folder = '.'] = folders;
  if (folders.size > 1)
    throw new Error(`The pages of the extension lie in several folders: ${[...folders].join(', ')}.`);
  return folder === '.' ? '' : folder;
}

function placeOf(type: string, targets: string[]): Place {
  if (type === runTabType) return 'run-tab';
  if (type !== 'ms.vss-web.hub') return 'other';
  return targets.includes(settingsTarget) ? 'settings' : 'hub';
}

function withoutParents(uri: string, where: string): string {
  const path = posix.normalize(uri.split(/[?#]/)[0] ?? '').replace(/^\/+/, '');
  if (path.startsWith('..') || /^[a-z][a-z0-9+.-]*:/i.test(path))
    throw new Error(`${where}.uri: expected a file of the extension, found '${uri}'.`);
  return path;
}

function lower(word: string): string {
  return word.toLowerCase();
}

function byOrder(one: Contribution, other: Contribution): number {
  return one.order - other.order;
}
