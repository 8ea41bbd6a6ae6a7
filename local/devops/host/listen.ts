import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

export interface Listening {
  /** `http://127.0.0.1:PORT`. */
  origin: string;
  stop(): Promise<void>;
}

/** Listens on loopback, at any free port when `port` is 0. Throws one sentence when the port is taken. */
export async function listen(port: number, what: string, handler: Handler): Promise<Listening> {
  const server = createServer((request, response) => void answer(handler, request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? new PortTaken(
              `Port ${port} is in use by another program; ${what} cannot listen there. Stop it, or choose another port.`,
            )
          : error,
      );
    });
    server.listen(port, '127.0.0.1', resolve);
  });
  return { origin: originOf(server), stop: () => stop(server) };
}

export class PortTaken extends Error {
  override readonly name = 'PortTaken';
}

async function answer(handler: Handler, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    if (!isOurs(request.headers.host)) plain(response, 400, 'Only this machine is served, under its own name.');
    else await handler(request, response);
  } catch (error) {
    if (response.headersSent) response.destroy();
    else plain(response, 500, error instanceof Error ? error.message : String(error));
  }
}

/** Only our own names for loopback: a page of another site must not reach this server by a name of its own. */
function isOurs(host: string | undefined): boolean {
  return /^(127\.0\.0\.1|localhost)(:\d+)?$/i.test(host ?? '');
}

export function plain(response: ServerResponse, status: number, text: string): void {
  response.setHeader('content-type', 'text/plain; charset=utf-8');
  response.setHeader('x-content-type-options', 'nosniff');
  response.writeHead(status).end(`${text}\n`);
}

function originOf(server: Server): string {
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('The server has no address.');
  return `http://127.0.0.1:${address.port}`;
}

async function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
}
