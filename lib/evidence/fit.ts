import { canonicalJson } from './canonical';

/** A record has at most this many bytes: pages read many of them. */
export const largestRecordBytes = 256 * 1024;

/** The keywords of a schema that bound a value. */
export interface Limits {
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly maxItems?: number;
  readonly items?: Limits;
  readonly maxProperties?: number;
  readonly propertyNames?: Limits;
  readonly properties?: Readonly<Record<string, Limits>>;
  readonly additionalProperties?: boolean | Limits;
}

type Members = Record<string, unknown>;

/** A list, or a map with keys of its own: what may lose entries. */
interface Collection {
  place: string;
  value: unknown[] | Members;
}

/** What fitting did: the collections that are left, and what was left out, by place. */
interface Work {
  collections: Collection[];
  omitted: Map<string, number>;
}

/**
 * A record within the limits of its schema: texts end in `…`, lists and maps lose their end, and `omitted` says where and
 * how much. A step must not fail because its data has a thousand files. What did not pass is kept before what passed.
 *
 * While the whole is larger than `largestRecordBytes`, its largest list or map is halved.
 */
export function fitRecord(limits: Limits, record: Members): Members {
  const work: Work = { collections: [], omitted: new Map() };
  const json: unknown = JSON.parse(canonicalJson(record));
  const fitted = isMap(json) ? fitMap(limits, json, '', work) : {};
  const whole = (): Members =>
    work.omitted.size === 0 ? fitted : { ...fitted, omitted: Object.fromEntries(work.omitted) };
  while (sizeOf(whole()) > largestRecordBytes && halveLargest(work));
  return whole();
}

/** Bytes of the text to attach. */
export function sizeOf(value: unknown): number {
  return new TextEncoder().encode(canonicalJson(value)).length;
}

function fit(limits: Limits, value: unknown, place: string, work: Work): unknown {
  if (typeof value === 'string') return fitText(limits, value, place, work);
  if (Array.isArray(value)) return fitList(limits, value, place, work);
  return isMap(value) ? fitMap(limits, value, place, work) : value;
}

/** A text with a pattern is a digest: half of it would be another one. */
function fitText({ maxLength, pattern }: Limits, value: string, place: string, work: Work): string {
  if (maxLength === undefined || pattern !== undefined || value.length <= maxLength) return value;
  const characters = Array.from(value);
  if (characters.length <= maxLength) return value;
  leaveOut(work, place, characters.length - maxLength + 1);
  return `${characters.slice(0, maxLength - 1).join('')}…`;
}

function fitList({ maxItems, items = {} }: Limits, value: unknown[], place: string, work: Work): unknown[] {
  const kept = keepItems(value, maxItems ?? value.length);
  leaveOut(work, place, value.length - kept.length);
  const fitted = kept.map((item) => fit(items, item, `${place}/*`, work));
  work.collections.push({ place, value: fitted });
  return fitted;
}

function fitMap(limits: Limits, value: Members, place: string, work: Work): Members {
  const { maxProperties, propertyNames, properties = {}, additionalProperties } = limits;
  const longest = propertyNames?.maxLength ?? Infinity;
  const entries = Object.entries(value);
  const kept = entries.filter(([key]) => Array.from(key).length <= longest).slice(0, maxProperties);
  leaveOut(work, place, entries.length - kept.length);
  const ofMember = ([key, member]: [string, unknown]): [string, unknown] => {
    const known = Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (known) return [key, fit(known, member, `${place}/${key}`, work)];
    return isLimits(additionalProperties)
      ? [key, fit(additionalProperties, member, `${place}/*`, work)]
      : [key, member];
  };
  const fitted = Object.fromEntries(kept.map(ofMember));
  if (isLimits(additionalProperties)) work.collections.push({ place, value: fitted });
  return fitted;
}

/** At most `most` items in their order; those that did not pass are chosen first. */
function keepItems(items: readonly unknown[], most: number): unknown[] {
  if (items.length <= most) return [...items];
  const ranked = items.map((item, index) => ({ index, rank: isMap(item) && item['passed'] === false ? 0 : 1 }));
  const chosen = ranked.sort((a, b) => a.rank - b.rank || a.index - b.index).slice(0, most);
  const indexes = new Set(chosen.map(({ index }) => index));
  return items.filter((_, index) => indexes.has(index));
}

/** @returns false when there is nothing left to halve */
function halveLargest(work: Work): boolean {
  const sized = work.collections
    .filter(({ value }) => Object.keys(value).length > 0)
    .map((collection) => ({ ...collection, size: sizeOf(collection.value) }))
    .sort((a, b) => b.size - a.size);
  const [largest] = sized;
  if (!largest) return false;
  const { place, value } = largest;
  const keys = Object.keys(value);
  const most = Math.floor(keys.length / 2);
  leaveOut(work, place, keys.length - most);
  if (Array.isArray(value)) value.splice(0, value.length, ...keepItems(value, most));
  else for (const key of keys.slice(most)) Reflect.deleteProperty(value, key);
  return true;
}

function leaveOut({ omitted }: Work, place: string, more: number): void {
  if (more > 0) omitted.set(place, (omitted.get(place) ?? 0) + more);
}

function isMap(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isLimits(rule: boolean | Limits | undefined): rule is Limits {
  return typeof rule === 'object';
}
