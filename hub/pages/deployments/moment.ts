/** The zone that a moment is written and read in. */
export type Zone = 'utc' | 'local';

/** A moment from the address: any ISO 8601 text with a zone and a date that there is; `undefined` for everything else. */
export function readMoment(text: string | undefined): string | undefined {
  if (text === undefined || !/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text))
    return undefined;
  if (!isInCalendar(text)) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : withoutFraction(time);
}

/** Value of an `<input type="datetime-local">`, which knows no zones: `2026-11-21T09:30:12`. */
export function toField(moment: string, zone: Zone): string {
  const date = new Date(moment);
  const shifted = zone === 'utc' ? date : new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 19);
}

/** The moment that a field means in a zone; `undefined` while it is not filled in. */
export function fromField(value: string, zone: Zone): string | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/.test(value) || !isInCalendar(value)) return undefined;
  const time = Date.parse(zone === 'utc' ? `${value}Z` : value);
  return Number.isNaN(time) ? undefined : withoutFraction(time);
}

/** A date that there is: 30 February would silently become 2 March. */
function isInCalendar(text: string): boolean {
  const minutes = text.slice(0, 16);
  const time = Date.parse(`${minutes}Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().slice(0, 16) === minutes;
}

function withoutFraction(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}
