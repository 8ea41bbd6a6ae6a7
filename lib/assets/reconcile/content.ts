import { createHash } from 'node:crypto';
import { at, isRecord, stringMap } from '../../agent/json';
import { canonicalJson } from '../../evidence/canonical';
import { without } from '../parts/without';

/** The clients leave their hash on components of some types; on all others we leave one. */
const clientHash = 'client_component_hash';
const contentNote = 'mlops.content';

/** The body of a component with a hash over its specification: the service rewrites specifications, and keeps properties. */
export function withContentNote(path: string, body: unknown): unknown {
  const properties = at(body, 'properties');
  const spec: unknown = JSON.parse(JSON.stringify(at(properties, 'componentSpec') ?? null));
  if (!/\/components\/[^/]+\/versions\//i.test(path) || !isRecord(body) || !isRecord(properties) || !isRecord(spec)) {
    return body;
  }
  const own = stringMap(properties['properties']);
  if (clientHash in own) return body;
  const content = without(spec, '_source', 'version');
  const hash = createHash('sha256').update(canonicalJson(content)).digest('hex');
  return { ...body, properties: { ...properties, properties: { ...own, [contentNote]: `sha256:${hash}` } } };
}

/**
 * Members that what is there has and what is wanted leaves out, where that makes it another thing. The service adds members
 * of its own to a specification: those of a component count only when the hash, which it keeps, tells the two apart.
 *
 * @param noted see `withContentNote`
 */
export function membersLeftOut(path: string, noted: unknown, found: unknown): string[] {
  const wanted: unknown = JSON.parse(JSON.stringify(at(noted, 'properties') ?? null));
  const there = at(found, 'properties');
  if (/\/environments\/[^/]+\/versions\//i.test(path)) {
    return ['condaFile', 'build', 'inferenceConfig'].filter(
      (key) => isGiven(at(there, key)) && !isGiven(at(wanted, key)),
    );
  }
  if (!hashes(noted, found).some(([own, other]) => other !== undefined && other !== own)) return [];
  return leftOut(at(wanted, 'componentSpec'), at(there, 'componentSpec'), 'componentSpec');
}

function leftOut(wanted: unknown, there: unknown, path: string): string[] {
  if (!isRecord(wanted) || !isRecord(there)) return [];
  return Object.entries(there).flatMap(([key, value]) => {
    const place = `${path}.${key}`;
    if (key in wanted) return leftOut(wanted[key], value, place);
    return isGiven(value) && !notSaid.includes(place) ? [place] : [];
  });
}

/** An empty member says as much as none. */
const isGiven = (value: unknown): boolean =>
  value !== undefined && value !== null && !['{}', '[]', '""', 'false'].includes(JSON.stringify(value));

/** Nobody says them in a file. */
const notSaid = ['componentSpec._source', 'componentSpec.version'];

/** Has what is there the hash of what is wanted? @param noted see `withContentNote` */
export function hasSameHash(noted: unknown, found: unknown): boolean {
  return hashes(noted, found).some(([wanted, there]) => wanted === there);
}

/** The hashes that what is wanted has, each beside that of what is there. */
function hashes(noted: unknown, found: unknown): [string, string | undefined][] {
  const wanted = stringMap(at(noted, 'properties', 'properties'));
  const there = stringMap(at(found, 'properties', 'properties'));
  return [clientHash, contentNote].flatMap((key): [string, string | undefined][] => {
    const hash = wanted[key];
    return hash === undefined ? [] : [[hash, there[key]]];
  });
}
