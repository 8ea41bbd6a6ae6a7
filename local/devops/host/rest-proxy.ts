import { request as send, type IncomingMessage, type ServerResponse } from 'node:http';

/** What the host's own pages need of REST to be read; nothing is written through here but an approver's decision. */
const readable = /^(?:[^/]+\/)?_apis\//;
const decisions = /^[^/]+\/_apis\/pipelines\/approvals$/i;
const passedBack = ['content-type', 'x-ms-continuationtoken'];

/**
 * Passes a request of the host's own pages on to REST in the name of one person, as the service's pages call it in the name of who is signed in.
 * The person's token stays here. Gives `false` for what the pages do not need.
 */
export function passOn(
  to: { collection: string; path: string; search: string; token: string },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const method = request.method ?? 'GET';
  const allowed = method === 'GET' ? readable.test(to.path) : method === 'PATCH' && decisions.test(to.path);
  if (!allowed) return Promise.resolve(false);
  return new Promise((resolve, reject) => {
    const headers: Record<string, string> = {
      accept: request.headers.accept ?? 'application/json',
      authorization: `Basic ${Buffer.from(`:${to.token}`).toString('base64')}`,
    };
    if (method === 'PATCH') headers['content-type'] = 'application/json';
    const passed = send(`${to.collection}/${to.path}${to.search}`, { method, headers, agent: false }, (answer) => {
      for (const name of passedBack) {
        const value = answer.headers[name];
        if (value !== undefined) response.setHeader(name, value);
      }
      response.setHeader('cache-control', 'no-store');
      // Logs are text that others wrote: nothing here may become a page of this origin.
      response.setHeader('x-content-type-options', 'nosniff');
      response.setHeader('content-security-policy', 'sandbox');
      response.writeHead(answer.statusCode ?? 502);
      answer.pipe(response);
      answer.on('end', () => resolve(true));
      answer.on('error', reject);
    });
    passed.on('error', reject);
    request.pipe(passed);
  });
}
