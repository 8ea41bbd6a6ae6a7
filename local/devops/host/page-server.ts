import type { IncomingMessage, ServerResponse } from 'node:http';

import { readBody } from '../request-body';
import { check, oneOf, optional, shape, ShapeError, text } from '../shape';
import type { Access } from './access';
import { DataError, type ExtensionData } from './extension-data';
import { plain } from './listen';
import { passOn } from './rest-proxy';
import type { StaticFiles } from './static-files';

export interface PageServerOptions {
  access: Access;
  /** The page itself: `index.html`, `main.js`, `main.css`. */
  files: StaticFiles;
  data: ExtensionData;
  /** What the page must know before anybody is chosen: no secret in it. */
  configuration: () => Promise<Record<string, unknown>>;
  /** A token for the extension, in the name of that person; one of kind `app` opens nothing of the service. `undefined`: there is nobody of that id. */
  issue: (userId: string, kind: 'access' | 'app') => string | undefined;
  /** The personal token with which the host's own pages read. */
  personalToken: (userId: string) => string | undefined;
  /** Address of the collection in REST. */
  rest: () => string;
  /** Origin of the extension's pages. */
  assets: () => string;
  /** Changes how the service behaves; tells how that is. */
  behave: (change: unknown) => unknown;
}

const prefix = '/_host/';
const noKey = 'Open the page by the address that `mlops status` prints: its key is missing or of an earlier start.';
const tokenRequest = shape({ user: text, kind: optional(oneOf('access', 'app')) });
const largestBody = 2 * 1024 * 1024;

/** Serves the host page and answers its own requests. Every address that is no file of the page is the page: it finds its way by itself. */
export class PageServer {
  constructor(private readonly options: PageServerOptions) {}

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    if (!url.pathname.startsWith(prefix)) {
      this.page(request, response);
      return;
    }
    const path = url.pathname.slice(prefix.length);
    if (this.options.files.serve(path, request, response)) return;
    response.setHeader('cache-control', 'no-store');
    try {
      await this.answer(path, url, request, response);
    } catch (error) {
      if (error instanceof ShapeError) plain(response, 400, error.message);
      else if (error instanceof DataError)
        json(response, { typeKey: error.typeKey, message: error.message }, error.status);
      else throw error;
    }
  }

  private page(request: IncomingMessage, response: ServerResponse): void {
    const policy = [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self' data:",
      "connect-src 'self'",
      `frame-src ${this.options.assets()}`,
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join('; ');
    const headers = { 'content-security-policy': policy, 'referrer-policy': 'no-referrer' };
    if (request.method !== 'GET' && request.method !== 'HEAD') plain(response, 405, 'A page is only read.');
    else if (!this.options.files.serve('index.html', request, response, headers))
      plain(response, 500, 'The host page is not built. Build it with `npm run build`.');
  }

  private async redeem(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { ticket } = check(shape({ ticket: text }), await body(request));
    const key = this.options.access.comesFromPage(request) ? this.options.access.redeem(ticket) : undefined;
    if (key === undefined)
      plain(response, 403, 'This link has been used, or is older than a minute. `mlops status` prints the address.');
    else json(response, { key });
  }

  private async answer(path: string, url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { options } = this;
    const method = request.method ?? 'GET';
    const [area = '', ...rest] = path.split('/');
    if (path === 'key' && method === 'POST') await this.redeem(request, response);
    else if (!options.access.holdsKey(request)) plain(response, 403, noKey);
    else if (area === 'configuration' && method === 'GET') json(response, await options.configuration());
    else if (area === 'ticket' && method === 'POST') json(response, { ticket: options.access.newTicket() });
    else if (area === 'token' && method === 'POST') {
      const { user, kind } = check(tokenRequest, await body(request));
      const token = options.issue(user, kind ?? 'access');
      if (token !== undefined) json(response, { token });
      else plain(response, 404, 'There is nobody of that id.');
    } else if (area === 'behaviour' && method === 'PUT') json(response, options.behave(await body(request)));
    else if (area === 'data') json(response, this.data(rest.map(decoded), method, await body(request)));
    else if (area !== 'rest' || !(await this.pass(rest.join('/'), url, request, response)))
      plain(response, 404, `There is no ${path} here.`);
  }

  /** `rest/<user id>/<path of REST>`. */
  private pass(path: string, url: URL, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const [user = '', ...rest] = path.split('/');
    const token = this.options.personalToken(user);
    if (token === undefined) return Promise.resolve(false);
    const to = { collection: this.options.rest(), path: rest.join('/'), search: url.search, token };
    return passOn(to, request, response);
  }

  /** `data/<scope>/<collection>[/<document>]`, as the service's own addresses: `User/<id>` stands in the scope with a colon. */
  private data(path: string[], method: string, value: unknown): unknown {
    const { data } = this.options;
    const [scope = '', collection = '', id] = path;
    if (method === 'GET') return id === undefined ? data.all(scope, collection) : data.get(scope, collection, id);
    if (method === 'POST') return data.create(scope, collection, value);
    if (method === 'PUT') return data.set(scope, collection, value);
    if (method === 'PATCH') return data.update(scope, collection, value);
    if (method !== 'DELETE' || id === undefined) throw new DataError(405, 'VssMethodNotAllowedException', 'Not so.');
    data.delete(scope, collection, id);
    return {};
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new DataError(400, 'VssInvalidPathException', `'${part}' is not a valid part of a URL.`);
  }
}

async function body(request: IncomingMessage): Promise<unknown> {
  const bytes = await readBody(
    request,
    largestBody,
    () => new DataError(413, 'RequestContentTooLargeException', 'The request is larger than 2 MiB.'),
  );
  if (bytes.length === 0) return undefined;
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new DataError(400, 'VssPropertyValidationException', 'The body of the request is not valid JSON.');
  }
}

function json(response: ServerResponse, value: unknown, status = 200): void {
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.setHeader('x-content-type-options', 'nosniff');
  response.writeHead(status).end(JSON.stringify(value));
}
