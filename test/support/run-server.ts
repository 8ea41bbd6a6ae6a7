import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** What a step that runs alone needs of Azure DevOps: a run with one stage that has no approval, an index, leases. */
export interface RunServer {
  /** With a slash at its end. */
  collectionUrl: string;
  /** Properties by `run id/name`. */
  properties: ReadonlyMap<string, string>;
  /** Owners of leases by run id. */
  leases: ReadonlyMap<string, string[]>;
  stop(): Promise<void>;
}

/** System.JobId of a step that runs alone. */
export const jobId = '12f1170f-54f2-53f3-20dd-22fc7dff55f9';

export async function startRunServer(stage: string): Promise<RunServer> {
  const properties = new Map<string, string>();
  const leases = new Map<string, string[]>();

  async function answer(request: IncomingMessage): Promise<unknown> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    const body: unknown = request.method === 'GET' ? undefined : JSON.parse(await text(request));
    const [, run = '', what] = /\/_apis\/build\/builds\/(\d+)\/(timeline|properties)$/.exec(pathname) ?? [];
    if (what === 'timeline')
      return {
        records: [
          { id: 'stage', type: 'Stage', identifier: stage, state: 'inProgress' },
          { id: jobId, type: 'Job', parentId: 'stage', state: 'inProgress' },
        ],
      };
    if (what === 'properties') {
      for (const { path, value } of (body ?? []) as { path: string; value: string }[]) {
        properties.set(`${run}${path}`, value);
      }
      const name = searchParams.get('filter') ?? '';
      const value = properties.get(`${run}/${name}`);
      return { value: value === undefined ? {} : { [name]: { $type: 'System.String', $value: value } } };
    }
    if (!pathname.endsWith('/_apis/build/retention/leases')) return undefined;
    for (const { runId, ownerId } of (body ?? []) as { runId: number; ownerId: string }[]) {
      leases.set(String(runId), [...(leases.get(String(runId)) ?? []), ownerId]);
    }
    const asked = searchParams.get('runId') ?? '';
    return { value: (leases.get(asked) ?? []).map((ownerId) => ({ ownerId, runId: Number(asked) })) };
  }

  const server = createServer((request, response) => {
    void answer(request).then((found) => {
      response.writeHead(found === undefined ? 404 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(found ?? { message: 'not found' }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    collectionUrl: `http://127.0.0.1:${port}/DefaultCollection/`,
    properties,
    leases,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
