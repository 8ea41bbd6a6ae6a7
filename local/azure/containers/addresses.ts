import { createServer, type Server } from 'node:net';

/** Where something is reachable: an address of its own, and for each declared port the port that is really bound. */
export interface Place {
  ip: string;
  ports: Map<number, number>;
}

/** In use in this process. */
const taken = new Set<string>();
/**
 * A port that is kept open on every address in use: a container that starts again has its own port closed for a while, and
 * another process must not take the address from it meanwhile.
 */
const holdPort = 49_150;
const holds = new Map<string, Server>();
const closing = new Map<string, Promise<void>>();
/** Promised to what is deployed and not running yet: only who names the address as preferred gets it. */
const reserved = new Set<string>();
let ownAddresses: Promise<boolean> | undefined;

/**
 * Finds a loopback address on which all these ports are free. Linux answers on the whole of 127.0.0.0/8, so each gets an
 * address of its own and keeps its ports; elsewhere only 127.0.0.1 exists, and a port in use is replaced by a free one.
 * @param preferred the address of an earlier life, used again when it is free.
 */
export async function takePlace(ports: number[], preferred?: string): Promise<Place> {
  ownAddresses ??= isFree('127.0.0.2', 0);
  if (!(await ownAddresses)) return placeOnOneAddress(ports);
  for (const ip of preferred === undefined ? candidates() : [preferred, ...candidates()]) {
    if (taken.has(ip) || (ip !== preferred && reserved.has(ip))) continue;
    taken.add(ip);
    if ((ports.includes(holdPort) || (await hold(ip))) && (await areFree(ip, ports)))
      return { ip, ports: new Map(ports.map((port) => [port, port])) };
    letGo(ip);
    taken.delete(ip);
  }
  throw new Error(`No loopback address has the ports ${ports.join(', ')} free.`);
}

/** Keeps an address for who will ask for it as preferred: what was deployed has the same address after a restart. */
export function reservePlace(ip: string): void {
  if (ip !== '') reserved.add(ip);
}

export function releasePlace(place: Place): void {
  letGo(place.ip);
  taken.delete(place.ip);
  for (const port of place.ports.values()) taken.delete(`${place.ip}:${port}`);
}

/** Opens the port that says "in use" on an address; false when another process has it. */
async function hold(ip: string): Promise<boolean> {
  await closing.get(ip);
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', () => resolve(false));
    server.listen({ host: ip, port: holdPort, exclusive: true }, () => {
      server.unref();
      holds.set(ip, server);
      resolve(true);
    });
  });
}

function letGo(ip: string): void {
  const server = holds.get(ip);
  if (server === undefined) return;
  holds.delete(ip);
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  closing.set(
    ip,
    closed.then(() => void closing.delete(ip)),
  );
}

/** 127.0.0.53 and .54 are resolvers on many systems, 127.0.1.1 is the machine's own name. */
function* candidates(): Generator<string> {
  for (const third of [0, 2, 3, 4]) {
    for (let last = 2; last < 255; last++)
      if (third !== 0 || (last !== 53 && last !== 54)) yield `127.0.${third}.${last}`;
  }
}

async function placeOnOneAddress(declared: number[]): Promise<Place> {
  const ip = '127.0.0.1';
  const ports = new Map<number, number>();
  for (const port of declared) {
    const usable = !taken.has(`${ip}:${port}`) && (await isFree(ip, port));
    const chosen = usable ? port : await freePort(ip);
    taken.add(`${ip}:${chosen}`);
    ports.set(port, chosen);
  }
  return { ip, ports };
}

async function areFree(ip: string, ports: number[]): Promise<boolean> {
  for (const port of ports) if (!(await isFree(ip, port))) return false;
  return true;
}

function isFree(ip: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: ip, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

function freePort(ip: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, ip, () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('No port is free.')),
      );
    });
  });
}
