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

/** Has what is there the hash of what is wanted? */
export function hasSameHash(path: string, body: unknown, found: unknown): boolean {
  const wanted = stringMap(at(withContentNote(path, body), 'properties', 'properties'));
  const there = stringMap(at(found, 'properties', 'properties'));
  return [clientHash, contentNote].some((key) => wanted[key] !== undefined && wanted[key] === there[key]);
}
