import { TaskError } from '../../agent/errors';
import { at } from '../../agent/json';
import type { Resource } from '../kinds/kind';
import type { Soon } from '../later';
import type { Remote } from '../remote';
import type { Scope } from '../shape/shape';
import { settleResource, type Sent } from '../translate';
import { changesOf, type Change } from './compare';
import { newestVersion, pinVersion, type Rehearsal } from './rehearsal';
import { hasSameHash, membersLeftOut, withContentNote } from './content';
import { isFailed, isOnItsWay, stateNote } from './state';
import { idIn, isBelow, nameOf, rulesOf, secretsNote, secretValues, withKept, withSecretsNote } from './rules';

export type Action = 'create' | 'update' | 'unchanged';

/** A resource, and what must be done so that it is as wanted. */
export interface Step {
  /** In words: `compute cpu-cluster`. */
  what: string;
  /** Of versioned assets. */
  version?: string;
  path: string;
  apiVersion?: string;
  action: Action;
  /** Empty unless it is updated. */
  changes: readonly Change[];
  /** What a person should know besides. */
  note?: string;
  /** What goes to the service, settled again when it does. */
  resource: Soon<Resource>;
  /** The resource as it is. */
  found?: unknown;
  /** Of the file that it is made of; absent where no file says it. */
  scope?: Scope;
}

/** What may change of a version that exists. */
const loose = ['properties.description', 'properties.tags', 'properties.isArchived', 'properties.properties'];
/**
 * How a component came about is no part of what it is; the service writes down its version by itself. What a table names
 * follows from its files, whose hash is in the address; the service does not always answer it.
 */
const unimportant = [
  'properties.componentSpec._source',
  'properties.componentSpec.version',
  'properties.referencedUris',
];

/**
 * Compares a resource with what is there. The rehearsal takes what would be made for made, so that what comes later may
 * refer to it.
 *
 * @param kind in words: `compute`
 * @param scope of the file that says it, for the place of what the service refuses later
 * @throws TaskError when the service could not make it so: a member that never changes, a version with other content
 */
export async function planResource(
  kind: string,
  resource: Soon<Resource>,
  rehearsal: Rehearsal,
  scope?: Scope,
): Promise<Step> {
  rehearsal.begin();
  const settled = await settleResource(resource, rehearsal);
  const [, container, version] =
    /^([^?]+\/(?:environments|data|models|components)\/[^/]+)\/versions\/([^/?]+)$/.exec(settled.path) ?? [];
  const step =
    container !== undefined && version !== undefined
      ? await planVersion(kind, { ...settled, container, version }, rehearsal)
      : await planPlain(kind, settled, rehearsal);
  if (step.action === 'create') rehearsal.create(step.path);
  if (step.action !== 'unchanged') await rehearsal.put(step.path, settled.body);
  return { ...step, resource, scope };
}

type Planned = Omit<Step, 'resource' | 'scope'>;
type Settled = Resource & { path: string };

async function planPlain(kind: string, { path, body, apiVersion }: Settled, rehearsal: Rehearsal): Promise<Planned> {
  const what = `${kind} ${nameOf(path)}`;
  const found = await rehearsal.existing(withoutQuery(path), apiVersion);
  if (found === undefined) return { what, path, apiVersion, action: 'create', changes: [] };
  const { fixed, secrets, fallbacks } = rulesOf(path);
  const changes = changesOf(withSecretsNote(path, body), found).filter(
    (change) => !isBelow(change.path, secrets) && !(change.path in fallbacks && fallbacks[change.path] === change.to),
  );
  refuseFixed(
    what,
    changes.filter((change) => isBelow(change.path, fixed)),
  );
  const state = stateNote(found);
  const action = changes.length > 0 || state !== undefined ? 'update' : 'unchanged';
  const notes = [state, secretsOf(path, body)].filter((one) => one !== undefined);
  const note = notes.length > 0 ? notes.join('; ') : undefined;
  return { what, path, apiVersion, action, changes: changes.map(withoutDigest), note, found };
}

/** The query of a path is for the PUT alone. */
const withoutQuery = (path: string): string => path.split('?')[0] ?? path;

/** Secrets are told apart by a digest, which says nothing to a person. */
function withoutDigest(change: Change): Change {
  if (!change.path.endsWith(secretsNote)) return change;
  return { path: 'secrets', from: change.from === undefined ? 'unknown' : 'others', to: 'those of the file' };
}

function secretsOf(path: string, body: unknown): string | undefined {
  const { notes } = rulesOf(path);
  if (notes !== undefined || secretValues(path, body).length === 0) return undefined;
  return 'its secrets cannot be compared';
}

function refuseFixed(what: string, changes: readonly Change[]): void {
  if (changes.length === 0) return;
  const differences = changes.map((change) => {
    const { from, to } = shownChange(change);
    return `${change.path} is ${from}, the file says ${to}`;
  });
  throw new TaskError(
    `${what} exists, and the service cannot change this of it: ${differences.join('; ')}.`,
    'Give the file what is there, or give the resource another name.',
  );
}

interface Version extends Settled {
  container: string;
  version: string;
}

/** Versions do not change: other content is a new version, unless the file names the version itself. */
async function planVersion(kind: string, asset: Version, rehearsal: Rehearsal): Promise<Planned> {
  const { container, body, apiVersion } = asset;
  const what = `${kind} ${nameOf(asset.path)}`;
  const isOpen = rehearsal.isUnnumbered(container);
  const version = isOpen ? await newestVersion(rehearsal, container) : asset.version;
  const path = `${container}/versions/${version ?? asset.version}`;
  const found = version === undefined ? undefined : await rehearsal.existing(path, apiVersion);
  const created: Planned = {
    what,
    version: asset.version,
    path: asset.path,
    apiVersion,
    action: 'create',
    changes: [],
  };
  if (found === undefined) return created;
  const wanted = withContentNote(path, body);
  const changes = changesOf({ properties: at(wanted, 'properties') }, found).filter(
    (change) => !isBelow(change.path, unimportant),
  );
  const gone = membersLeftOut(path, wanted, found).map((member) => ({
    path: `properties.${member}`,
    from: memberAt(found, member),
    to: undefined,
  }));
  const content = [...contentOf(changes, hasSameHash(wanted, found)), ...gone];
  if (content.length === 0) {
    const action = changes.length > 0 ? 'update' : 'unchanged';
    return { what, version, path, apiVersion, action, changes, found };
  }
  if (isOpen) return { ...created, note: `version ${version ?? ''} differs in ${places(content)}` };
  throw new TaskError(
    `${what} has a version ${asset.version} with other content: ${places(content)}. Versions do not change.`,
    'Give another version, or none: then the next one is taken when the content is new.',
  );
}

const memberAt = (found: unknown, member: string): unknown => at(found, 'properties', ...member.split('.'));

/** A component with the hash of the one that is there is the same, however the service writes it down. */
function contentOf(changes: readonly Change[], hasSame: boolean): Change[] {
  return changes.filter(
    ({ path }) => !isBelow(path, loose) && !(hasSame && isBelow(path, ['properties.componentSpec'])),
  );
}

function places(changes: readonly Change[]): string {
  const names = changes.map(({ path }) => path.replace(/^properties\./, ''));
  return names.length > 4 ? `${names.slice(0, 4).join(', ')} and ${names.length - 4} more` : names.join(', ');
}

/**
 * Makes a resource as planned, with what it needs: uploads, environments, components. Waits until it is there.
 *
 * Operation: its CreateOrUpdate.
 */
export async function carryOut(step: Step, remote: Remote): Promise<Sent> {
  const { what, path, apiVersion, resource, changes } = step;
  await pinVersion(remote, path);
  let { found } = step;
  if (isOnItsWay(found) && remote.rest !== undefined) {
    found = await remote.rest(withoutQuery(path), { apiVersion, what });
    // It has become what is wanted: somebody else made it so.
    if (found !== undefined && !isFailed(found) && changes.length === 0) return { id: idIn(found, path), body: found };
  }
  const settled = await settleResource(resource, remote);
  const body = withKept(settled.path, noted(settled.path, settled.body), found);
  const answer = await remote.put(settled.path, body, { apiVersion: settled.apiVersion, what });
  return { id: idIn(answer, settled.path), body: answer };
}

const noted = (path: string, body: unknown): unknown => withContentNote(path, withSecretsNote(path, body));

const longest = 80;

/** A value for people, on one line. Signatures stand in the query of an address. */
export function shown(value: unknown): string {
  return cut(textOf(value));
}

/** Two values for people. Of long ones that begin alike, what they begin with is left out: the rest tells them apart. */
export function shownChange({ from, to }: Pick<Change, 'from' | 'to'>): { from: string; to: string } {
  const [before, after] = [textOf(from), textOf(to)];
  let same = 0;
  while (same < before.length && before[same] === after[same]) same++;
  if (Math.max(before.length, after.length) <= longest || same <= longest / 2) {
    return { from: cut(before), to: cut(after) };
  }
  // A word before the difference says where it is.
  const start = same - 30;
  return { from: `…${cut(before.slice(start))}`, to: `…${cut(after.slice(start))}` };
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  return JSON.stringify(value).replace(/\?[^"\s]*(?=")/g, '');
}

const cut = (text: string): string => (text.length > longest ? `${text.slice(0, longest)}…` : text);
