import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { asNumber, asObject } from './json';

export interface Ports {
  https: number;
  metadata: number;
}

/** The ports asked for, else those of the last start, else free ones: URLs then stay the same over a restart. */
export async function choosePorts(stateDir: string, asked: { port?: number; imdsPort?: number }): Promise<Ports> {
  const file = join(stateDir, 'ports.json');
  const kept = existsSync(file) ? asObject(JSON.parse(readFileSync(file, 'utf8'))) : {};
  const choose = async (wanted: number | undefined, last: unknown): Promise<number> =>
    wanted !== undefined && wanted !== 0 ? wanted : (asNumber(last) ?? (await freePort()));
  const ports = {
    https: await choose(asked.port, kept['https']),
    metadata: await choose(asked.imdsPort, kept['metadata']),
  };
  writeFileSync(file, JSON.stringify(ports));
  return ports;
}

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('No port is free.')),
      );
    });
  });
}
