/**
 * What is wrong with an answer, told twice: who sees the run may read a piece of the answer beside its log; a record is kept for
 * years and holds no value of anybody's data.
 */
export interface Problem {
  /** For log, test run and summary; may quote the service. */
  text: string;
  /** For the record: what is wrong and where, in our own words alone. */
  code: string;
}

/** Members and positions from the answer's root to a part of it. */
export type Place = readonly (string | number)[];

/** A problem of a part of the answer; `code` is what the record says when `text` quotes a value. */
export function problemAt(
  place: Place,
  text: string,
  code = text,
  isKnown: (member: string) => boolean = all,
): Problem {
  return { text: `${spelled(place)} ${text}`, code: `${pointer(place, isKnown)} ${code}` };
}

const all = (): boolean => true;

/** `the answer.predictions[0]` */
function spelled(place: Place): string {
  return `the answer${place.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('')}`;
}

/**
 * `/predictions/0`, a JSON pointer (RFC 6901). Members that only the service names are `*`: answers may be keyed by customers.
 *
 * @param isKnown whether the user's own expectation names a member
 */
export function pointer(place: Place, isKnown: (member: string) => boolean): string {
  if (place.length === 0) return 'the answer';
  const escaped = (member: string): string => member.replaceAll('~', '~0').replaceAll('/', '~1');
  return place.map((step) => `/${typeof step === 'number' ? step : isKnown(step) ? escaped(step) : '*'}`).join('');
}
