import { createClient, type Client, type ClientOptions } from '../../../hub/devops/client';
import type { Connection } from '../../../hub/devops/connection';
import type { Fetch } from '../../../hub/devops/exchange';

export const projectId = '11111111-1111-1111-1111-111111111111';
export const userId = '22222222-2222-2222-2222-222222222222';

export const connection: Connection = {
  organization: 'https://dev.azure.com/fabrikam/',
  project: projectId,
  token: () => Promise.resolve('token-of-ana'),
  userId,
};

export interface Asked {
  method: string;
  url: URL;
  /** Path below `_apis/`. */
  path: string;
  headers: Record<string, string>;
  body?: unknown;
}

type Answer = (asked: Asked) => unknown;

/** A service in memory: the last route that matches answers, with a `Response` or with what becomes one as JSON. */
export class FakeService {
  readonly asked: Asked[] = [];
  private readonly routes: { method: string; path: RegExp; answer: Answer }[] = [];

  on(method: string, path: RegExp, answer: Answer): this {
    this.routes.unshift({ method, path, answer });
    return this;
  }

  list(path: RegExp, answer: (asked: Asked) => readonly unknown[]): this {
    return this.on('GET', path, (asked) => {
      const value = answer(asked);
      return { count: value.length, value };
    });
  }

  paths(method = 'GET'): string[] {
    return this.asked.filter((asked) => asked.method === method).map(({ path }) => path);
  }

  readonly fetch: Fetch = async (url, init) => {
    const path = decodeURIComponent(url.pathname.split('/_apis/')[1] ?? url.pathname);
    const method = init.method ?? 'GET';
    const body: unknown = typeof init.body === 'string' ? JSON.parse(init.body) : undefined;
    const asked: Asked = { method, url, path, headers: { ...(init.headers as Record<string, string>) }, body };
    this.asked.push(asked);
    const route = this.routes.find((each) => each.method === method && each.path.test(path));
    if (!route) return json({ message: `nothing at ${path}` }, 404);
    const answer = await Promise.race([route.answer(asked), unanswered(init)]);
    return answer instanceof Response ? answer : json(answer);
  };

  client(options: ClientOptions = {}): Client {
    return createClient(connection, { fetch: this.fetch, sleep: () => Promise.resolve(), ...options });
  }
}

/** An answer that never comes; like a browser's, the request ends when it is aborted. */
export function unanswered(init: RequestInit): Promise<never> {
  return new Promise((_, reject) => {
    init.signal?.addEventListener('abort', () => reject(new DOMException('The request was aborted.', 'AbortError')));
  });
}

export function json(value: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(value), { status, headers: { 'content-type': 'application/json', ...headers } });
}
