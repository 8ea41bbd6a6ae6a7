/** Small readers for what the host frame answers: everything that crosses the frame is unknown until it was looked at. */

export class HostError extends Error {
  override name = 'HostError';
}

type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function fieldsOf(value: unknown, where: string): Fields {
  if (!isFields(value))
    throw new HostError(`Azure DevOps answered ${where} with ${describe(value)} instead of an object.`);
  return value;
}

export function textOf(value: unknown, where: string): string {
  if (typeof value !== 'string' || value === '') {
    throw new HostError(`Azure DevOps answered ${where} with ${describe(value)} instead of a text.`);
  }
  return value;
}

/** Address with a trailing slash; `https`, or loopback for the local host. */
export function addressOf(value: unknown, where: string): string {
  const text = textOf(value, where);
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new HostError(`Azure DevOps answered ${where} with something that is not an address.`);
  }
  const loopback = url.protocol === 'http:' && url.hostname === '127.0.0.1';
  if ((url.protocol !== 'https:' && !loopback) || url.username !== '' || url.password !== '') {
    throw new HostError(`Azure DevOps answered ${where} with an address that is not https.`);
  }
  return url.href.endsWith('/') ? url.href : `${url.href}/`;
}

/** Query parameters; what is not a text is left out. */
export function parametersOf(value: unknown, where: string): Record<string, string> {
  const entries = Object.entries(fieldsOf(value, where));
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

function describe(value: unknown): string {
  if (value === null) return 'nothing';
  return Array.isArray(value) ? 'a list' : value === '' ? 'an empty text' : typeof value;
}
