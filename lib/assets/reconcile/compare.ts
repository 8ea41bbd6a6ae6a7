import { parse } from 'yaml';
import { isRecord, textAt } from '../../agent/json';

/** A member that is not as it should be. */
export interface Change {
  /** `properties.scaleSettings.maxNodeCount` */
  path: string;
  /** As it is; `undefined` when it is not there. */
  from: unknown;
  /** As it should be. */
  to: unknown;
}

/** Members that hold a person's own text, and everything below them: there case counts. */
const ownText = new Set([
  'command',
  'componentSpec',
  'condaFile',
  'defaults',
  'description',
  'displayName',
  'environmentVariables',
  'friendlyName',
  'jobDefinition',
  'metadata',
  'name',
  'tags',
]);

/** Computes describe themselves in `properties.properties`; everything else keeps a person's own texts there. */
function isOwnText(path: readonly string[], isCompute: boolean): boolean {
  return path.some((key) => ownText.has(key)) || (!isCompute && path[0] === 'properties' && path[1] === 'properties');
}

/**
 * What must change so that a resource is as wanted: every member that is wanted counts, what the service adds does not.
 * Ids, regions, durations, times and words of enumerations are equal in all their spellings.
 *
 * @param wanted body of a PUT
 * @param found what a GET answers
 */
export function changesOf(wanted: unknown, found: unknown): Change[] {
  const isCompute = textAt(wanted, 'properties', 'computeType') !== undefined;
  return compare(JSON.parse(JSON.stringify(wanted ?? null)), found, [], isCompute);
}

function compare(wanted: unknown, found: unknown, path: readonly string[], isCompute: boolean): Change[] {
  if (saysNothing(wanted) || (isEmpty(wanted) && (found === undefined || found === null))) return [];
  if (isRecord(wanted) && isRecord(found)) {
    return Object.entries(wanted).flatMap(([key, value]) =>
      compare(value, member(found, key), [...path, key], isCompute),
    );
  }
  if (isRecord(wanted) && found === undefined && path.length > 0) {
    return Object.entries(wanted).flatMap(([key, value]) => compare(value, undefined, [...path, key], isCompute));
  }
  if (Array.isArray(wanted) && Array.isArray(found) && wanted.length === found.length) {
    const differs = wanted.some(
      (item, index) => compare(item, found[index], [...path, String(index)], isCompute).length > 0,
    );
    return differs ? [change(path, found, wanted)] : [];
  }
  return isScalar(wanted) && isScalar(found) && isSame(wanted, found, path, isOwnText(path, isCompute))
    ? []
    : [change(path, found, wanted)];
}

const change = (path: readonly string[], from: unknown, to: unknown): Change => ({ path: path.join('.'), from, to });

/** The service has a word for what a file leaves open. */
function saysNothing(value: unknown): boolean {
  return value === undefined || value === null || value === 'NotSpecified';
}

/** What the service leaves out of its answers. */
function isEmpty(value: unknown): boolean {
  if (isRecord(value)) return Object.values(value).every((inner) => isEmpty(inner) || saysNothing(inner));
  return value === '' || value === false || value === 'None' || (Array.isArray(value) && value.length === 0);
}

/** Ids may be keys too. */
function member(map: Record<string, unknown>, key: string): unknown {
  if (key in map || !key.startsWith('/')) return map[key];
  return Object.entries(map).find(([other]) => other.toLowerCase() === key.toLowerCase())?.[1];
}

type Scalar = string | number | boolean;

function isScalar(value: unknown): value is Scalar {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function isSame(wanted: Scalar, found: Scalar, path: readonly string[], isOwn: boolean): boolean {
  if (wanted === found) return true;
  if (typeof wanted !== typeof found) return isSameText(wanted, found);
  if (typeof wanted !== 'string' || typeof found !== 'string') return false;
  const key = path.at(-1) ?? '';
  if (key === 'condaFile') return isSameYaml(wanted, found);
  if (!isOwn && /location$/i.test(key)) return region(wanted) === region(found);
  return canonical(wanted, isOwn) === canonical(found, isOwn) || shortUri(wanted) === shortUri(found);
}

/** Texts that hold a number or a truth value are answered as such, and the reverse. */
function isSameText(a: Scalar, b: Scalar): boolean {
  if (String(a).toLowerCase() === String(b).toLowerCase()) return true;
  return typeof a !== 'boolean' && typeof b !== 'boolean' && a !== '' && b !== '' && Number(a) === Number(b);
}

function isSameYaml(a: string, b: string): boolean {
  try {
    return JSON.stringify(sorted(parse(a))) === JSON.stringify(sorted(parse(b)));
  } catch {
    return false;
  }
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

/** `West Europe` is `westeurope`. */
const region = (text: string): string => text.replace(/\s/g, '').toLowerCase();

function canonical(text: string, isOwn: boolean): string {
  const bare = text.replace(/^azureml:(?=\/[^/])/, '');
  if (/^\/subscriptions\//i.test(bare)) return bare.toLowerCase();
  const seconds = durationSeconds(text);
  if (seconds !== undefined) return `P${seconds}`;
  if (/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/.test(text)) return text.replace(' ', 'T').replace(/(?:\.0+)?Z?$/, '');
  return !isOwn && /^[A-Za-z]\w*$/.test(text) ? text.toLowerCase() : text;
}

/** Seconds of an ISO 8601 duration without months and years. */
export function durationSeconds(text: string): number | undefined {
  const found = /^P(?=[\dT])(?:(\d+)W)?(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(text);
  if (!found) return undefined;
  const part = (index: number): number => Number(found[index] ?? 0);
  return (((part(1) * 7 + part(2)) * 24 + part(3)) * 60 + part(4)) * 60 + part(5);
}

/** The service answers with the long form of an address in a datastore. */
function shortUri(text: string): string {
  return text
    .replace(
      /^azureml:\/\/subscriptions\/[^/]+\/resourcegroups\/[^/]+\/workspaces\/[^/]+\/(?=datastores\/)/i,
      'azureml://',
    )
    .replace(/\/$/, '');
}
