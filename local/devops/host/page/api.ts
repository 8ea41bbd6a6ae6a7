import { check, list, number, oneOf, optional, shape, text, type Check, type Of } from '../../shape';

const configurationShape = shape({
  restUrl: text,
  organization: text,
  organizationId: text,
  /** Each with its default team, and the ids of those for whom it is there. */
  projects: list(shape({ id: text, name: text, team: shape({ id: text, name: text }), seenBy: list(text) })),
  users: list(
    shape({ id: text, displayName: text, mail: text, shortName: text, descriptor: text, groups: list(text) }),
  ),
  extension: shape({ publisherId: text, extensionId: text, name: text, version: text, baseUri: text }),
  contributions: list(
    shape({
      id: text,
      place: oneOf('hub', 'run-tab', 'settings', 'other'),
      name: text,
      uri: text,
      order: number,
      supportsTasks: list(text),
    }),
  ),
});
export type Configuration = Of<typeof configurationShape>;
export type Contribution = Configuration['contributions'][number];
export type Person = Configuration['users'][number];
export type Project = Configuration['projects'][number];

const keyName = 'mlops-host-key';

/** An answer that is not what was asked for, in the service's words. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  constructor(
    readonly status: number,
    message: string,
    /** The service's name for the error, where it has one. */
    readonly typeKey?: string,
  ) {
    super(message);
  }
}

const errorShape = shape({ message: optional(text), typeKey: optional(text) });

/** Requests of the page to its own server. The key of this start was in the page's address; it is kept for this origin only. */
export class Api {
  private constructor(private readonly key: string) {}

  /** Takes the key (or the ticket that stands for it once) out of the address. */
  static async open(): Promise<Api> {
    const given = new URLSearchParams(location.hash.slice(1));
    const ticket = given.get('ticket');
    let key = given.get('key') ?? undefined;
    if (key !== undefined || ticket !== null) history.replaceState(null, '', `${location.pathname}${location.search}`);
    if (ticket !== null) {
      const answer = await ask('POST', 'key', '', { ticket });
      key = check(shape({ key: text }), answer, 'the answer with the key').key;
    }
    if (key !== undefined) localStorage.setItem(keyName, key);
    return new Api(key ?? localStorage.getItem(keyName) ?? '');
  }

  async configuration(): Promise<Configuration> {
    return check(configurationShape, await ask('GET', 'configuration', this.key), 'the configuration');
  }

  /** A fresh token for the extension; `app` is one that opens nothing of the service. */
  async token(user: string, kind: 'access' | 'app'): Promise<string> {
    return check(shape({ token: text }), await ask('POST', 'token', this.key, { user, kind }), 'the token').token;
  }

  async behave(behaviour: Record<string, unknown>): Promise<void> {
    await ask('PUT', 'behaviour', this.key, behaviour);
  }

  /** REST in the name of a person, for the host's own pages. The path begins behind the collection. */
  async rest<T>(user: string, path: string, answer: Check<T>): Promise<T> {
    return check(answer, await ask('GET', `rest/${user}/${path}`, this.key), path);
  }

  data(method: string, path: string[], body?: unknown): Promise<unknown> {
    return ask(method, ['data', ...path.map(encodeURIComponent)].join('/'), this.key, body);
  }
}

async function ask(method: string, path: string, key: string, body?: unknown): Promise<unknown> {
  const headers: Record<string, string> = { accept: 'application/json', 'x-mlops-key': key };
  if (body !== undefined) headers['content-type'] = 'application/json';
  const response = await fetch(`/_host/${path}`, {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const content = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  const document: unknown = isJson && content !== '' ? JSON.parse(content) : content;
  if (response.ok) return document;
  const { message, typeKey } = isJson ? check(errorShape, document, path) : { message: content.trim() };
  throw new ApiError(response.status, message ?? `HTTP ${response.status}`, typeKey);
}
