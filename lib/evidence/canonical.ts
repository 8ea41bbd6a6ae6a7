/**
 * JSON with one spelling only: keys in code-unit order, no white space, no `undefined`. Equal values give equal bytes, so
 * that a digest of the text names the value (RFC 8785, JSON Canonicalization Scheme, for values that JSON can carry).
 *
 * Numbers that JSON cannot carry become the texts "NaN", "Infinity" and "-Infinity", as MLflow writes them.
 *
 * @throws TypeError for functions, symbols, big integers, objects that are no plain data (a Date, a Map, bytes), objects
 * that contain themselves, and texts with half of a surrogate pair, which have no UTF-8
 */
export function canonicalJson(value: unknown): string {
  return write(value, []);
}

function write(value: unknown, parents: readonly object[]): string {
  switch (typeof value) {
    case 'string':
      return writeText(value);
    case 'boolean':
      return String(value);
    case 'number':
      return JSON.stringify(Number.isFinite(value) ? value : String(value));
    case 'object':
      return value === null ? 'null' : writeObject(value, parents);
    default:
      throw new TypeError(`canonical JSON cannot carry a value of type ${typeof value}`);
  }
}

/** In Unicode mode an escape of the class Surrogate matches halves only, never a pair. */
const halfOfAPair = /\p{Surrogate}/u;

function writeText(value: string): string {
  if (halfOfAPair.test(value)) throw new TypeError('canonical JSON cannot carry half of a surrogate pair');
  return JSON.stringify(value);
}

function writeObject(value: object, parents: readonly object[]): string {
  if (parents.includes(value)) throw new TypeError('canonical JSON cannot carry an object that contains itself');
  const path = [...parents, value];
  if (Array.isArray(value)) return `[${Array.from(value, (item: unknown) => write(item ?? null, path)).join(',')}]`;
  const type = Object.prototype.toString.call(value);
  if (type !== '[object Object]') throw new TypeError(`canonical JSON cannot carry ${type}`);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, member]) => `${writeText(key)}:${write(member, path)}`);
  return `{${members.join(',')}}`;
}
