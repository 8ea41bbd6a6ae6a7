import { randomInt } from 'node:crypto';
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

/** Below the ports that systems hand out by themselves (32768 and up on Linux, 49152 on others). */
const firstPort = 20_000;
const lastPort = 32_000;

/** A port that nobody listens on now, and that no other program is given by chance before it is taken. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = randomInt(firstPort, lastPort);
    if (await isFree(port)) return port;
  }
  throw new Error('No port is free.');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
