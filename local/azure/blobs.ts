import { XMLParser } from 'fast-xml-parser';
import { randomBytes } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { dirname, join, relative, resolve, sep } from 'node:path';
import type BlobServer from 'azurite/dist/src/blob/BlobServer.js';
import { asList, asObject, asString } from './json';
import { accountSas, serviceSas, type StorageAccount } from './sas';
import type { Blobs } from './service';

interface Listed {
  name: string;
  size: number;
  /** ISO 8601. */
  modified: string;
}

interface Options {
  folder: string;
  account: string;
  /** Port of the stand-in: what clients must use. */
  port: number;
}

/** Requests that come together are saved together. */
const savePauseMs = 100;

/**
 * Blob storage: Azurite in this process. Requests that reach the stand-in's own port are handed to it by `forward`; its own
 * loopback port serves only this class.
 */
export class BlobStorage implements Blobs {
  private readonly storage: StorageAccount;
  private server: BlobServer | undefined;
  private hostStyle = false;
  private saving: NodeJS.Timeout | undefined;
  private readonly made = new Set<string>();

  constructor(private readonly options: Options) {
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
    const keyFile = join(options.folder, 'account.key');
    if (!existsSync(keyFile)) writeFileSync(keyFile, randomBytes(64).toString('base64'), { mode: 0o600 });
    this.storage = { name: options.account, key: readFileSync(keyFile, 'utf8') };
  }

  get account(): string {
    return this.options.account;
  }

  get accountKey(): string {
    return this.storage.key;
  }

  get endpointSuffix(): string {
    return `core.localhost:${this.options.port}`;
  }

  async start(): Promise<void> {
    const host = `${this.account}.blob.core.localhost`;
    this.hostStyle = await lookup(host).then(
      ({ address }) => address === '127.0.0.1' || address === '::1',
      () => false,
    );
    this.server = await this.openAzurite();
    await this.server.start();
  }

  async stop(): Promise<void> {
    clearTimeout(this.saving);
    this.saving = undefined;
    const server = this.server;
    this.server = undefined;
    await server?.close();
  }

  /** Whether a request is for this account: by host name, or by the first part of the path. */
  owns(host: string, path: string): boolean {
    return (
      host.toLowerCase().startsWith(`${this.account}.blob.`) ||
      path === `/${this.account}` ||
      path.startsWith(`/${this.account}/`)
    );
  }

  forward(request: IncomingMessage, response: ServerResponse): void {
    if (request.method !== 'GET' && request.method !== 'HEAD') response.once('finish', () => this.save());
    if (request.headers.range !== undefined || request.headers['x-ms-range'] !== undefined) refuseRangeAtEnd(response);
    this.running().httpServer.emit('request', request, response);
  }

  /**
   * Saves Azurite's index soon. By itself it does so every five seconds, and whoever kills this process between would
   * leave assets whose blobs are lost.
   */
  private save(): void {
    this.saving ??= setTimeout(() => {
      this.saving = undefined;
      for (const index of [this.server?.extentMetadataStore, this.server?.metadataStore]) {
        index?.db.saveDatabase((error) => {
          if (error instanceof Error) process.stderr.write(`The index of the blobs was not saved: ${error.message}\n`);
        });
      }
    }, savePauseMs);
  }

  async containerUrl(container: string): Promise<string> {
    if (!this.made.has(container)) {
      await this.send('PUT', container, '', { query: 'restype=container', accept: [201, 409] });
      this.made.add(container);
    }
    return this.url(container);
  }

  async sasUrl(container: string, blob: string | undefined, permissions: string): Promise<string> {
    const base = await this.containerUrl(container);
    const path = blob === undefined ? base : `${base}/${encodePath(blob)}`;
    return `${path}?${serviceSas(this.storage, container, blob, permissions)}`;
  }

  /** Query of an account SAS (`?sv=…`), as `datastores/listSecrets` gives it. */
  accountSas(permissions: string, hours: number): string {
    return `?${accountSas(this.storage, permissions, 'co', hours)}`;
  }

  async write(
    container: string,
    blob: string,
    content: Buffer,
    contentType = 'application/octet-stream',
  ): Promise<void> {
    await this.containerUrl(container);
    const headers = { 'x-ms-blob-type': 'BlockBlob', 'content-type': contentType };
    await this.send('PUT', container, blob, { headers, body: content, accept: [201] });
    this.save();
  }

  async append(container: string, blob: string, content: Buffer): Promise<void> {
    await this.containerUrl(container);
    if (!(await this.exists(container, blob))) {
      const headers = {
        'x-ms-blob-type': 'AppendBlob',
        'content-type': 'text/plain; charset=utf-8',
        'if-none-match': '*',
      };
      await this.send('PUT', container, blob, { headers, accept: [201, 409] });
    }
    // One append takes at most 4 MiB.
    for (let start = 0; start < content.length; start += 4 * 1024 * 1024) {
      const body = content.subarray(start, start + 4 * 1024 * 1024);
      await this.send('PUT', container, blob, { query: 'comp=appendblock', body, accept: [201] });
    }
  }

  async setMetadata(container: string, blob: string, metadata: Record<string, string>): Promise<void> {
    const headers = Object.fromEntries(Object.entries(metadata).map(([name, value]) => [`x-ms-meta-${name}`, value]));
    await this.send('PUT', container, blob, { query: 'comp=metadata', headers, accept: [200] });
  }

  async read(container: string, blob: string): Promise<Buffer> {
    const response = await this.send('GET', container, blob, { accept: [200] });
    return Buffer.from(await response.arrayBuffer());
  }

  async exists(container: string, blob: string): Promise<boolean> {
    return (await this.send('HEAD', container, blob, { accept: [200, 404] })).status === 200;
  }

  async list(container: string, prefix: string): Promise<Listed[]> {
    const found: Listed[] = [];
    let marker = '';
    do {
      const query = `restype=container&comp=list&prefix=${encodeURIComponent(prefix)}&marker=${encodeURIComponent(marker)}`;
      const response = await this.send('GET', container, '', { query, accept: [200, 404] });
      const text = await response.text();
      if (response.status === 404) return [];
      const page = readListing(text);
      found.push(...page.blobs);
      marker = page.next;
    } while (marker !== '');
    return found;
  }

  async download(container: string, prefix: string, folder: string): Promise<void> {
    const root = resolve(folder);
    await inGroups(await this.list(container, prefix), async ({ name }) => {
      const file = resolve(root, name.slice(prefix.length).replace(/^\/+/, ''));
      // A blob's name is foreign text: it must not lead out of the folder.
      if (!file.startsWith(root + sep)) throw new Error(`The blob "${name}" lies outside the folder it is copied to.`);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, await this.read(container, name));
    });
  }

  async upload(folder: string, container: string, prefix: string): Promise<void> {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    const start = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
    await inGroups(files, async (file) => {
      await this.write(container, start + relative(folder, file).split(sep).join('/'), await readFile(file));
    });
  }

  parse(url: string): { container: string; blob: string } | undefined {
    if (!URL.canParse(url)) return undefined;
    const { hostname, port, pathname } = new URL(url);
    // A URL leaves its scheme's default port out.
    if ((port === '' ? '443' : port) !== String(this.options.port) || !this.owns(hostname, pathname)) return undefined;
    const parts = pathname.split('/').slice(hostname.startsWith(`${this.account}.blob.`) ? 1 : 2);
    const [container, ...blob] = parts.map(decodeURIComponent);
    return container === undefined || container === '' ? undefined : { container, blob: blob.join('/') };
  }

  private url(container: string): string {
    return this.hostStyle
      ? `https://${this.account}.blob.${this.endpointSuffix}/${container}`
      : `https://localhost:${this.options.port}/${this.account}/${container}`;
  }

  private async send(
    method: string,
    container: string,
    blob: string,
    more: { query?: string; headers?: Record<string, string>; body?: Buffer; accept: number[] },
  ): Promise<Response> {
    const path = `${this.account}/${container}${blob === '' ? '' : `/${encodePath(blob)}`}`;
    const query = [more.query, accountSas(this.storage, 'rwdlacup', 'sco')]
      .filter((part) => part !== undefined)
      .join('&');
    const headers = { 'x-ms-version': '2021-12-02', ...more.headers };
    const body = more.body ?? (method === 'PUT' ? Buffer.alloc(0) : undefined);
    const response = await fetch(`${this.running().getHttpServerAddress()}/${path}?${query}`, {
      method,
      headers,
      body,
    });
    if (more.accept.includes(response.status)) return response;
    const reason = response.headers.get('x-ms-error-code') ?? (await response.text());
    throw new Error(`Blob storage answered ${response.status} to ${method} ${path}: ${reason}`);
  }

  private running(): BlobServer {
    if (this.server === undefined) throw new Error('Blob storage is not started.');
    return this.server;
  }

  private async openAzurite(): Promise<BlobServer> {
    // Loaded here and not at the top: it takes more than a second.
    const Server = defaultExport(await import('azurite/dist/src/blob/BlobServer.js'));
    const Configuration = defaultExport(await import('azurite/dist/src/blob/BlobConfiguration.js'));
    const file = (name: string): string => join(this.options.folder, name);
    const places = [{ locationId: 'Default', locationPath: file('content'), maxConcurrency: 10 }];
    const server = new Server(
      new Configuration(
        '127.0.0.1', 0, 0, file('blobs.json'), file('extents.json'), places, false, undefined, false, undefined,
        true, true, '', '', '', 'basic', false,
      ),
    ); // prettier-ignore
    // Azurite reads accounts from a process-wide variable; several stand-ins may run in one process.
    const accounts = { [this.account]: { name: this.account, key1: Buffer.from(this.storage.key, 'base64') } };
    server.accountDataStore.refresh = () => {
      server.accountDataStore.accounts = accounts;
    };
    return server;
  }
}

/** A CommonJS module's default export: Node wraps it once more than compilers do. */
function defaultExport<T extends object>(module: { default: T | { default: T } }): T {
  return 'default' in module.default ? module.default.default : module.default;
}

/**
 * A range that begins where a blob ends is 416 `InvalidRange` in Azure: clients that follow a growing log live by it. Azurite
 * answers 206 with no bytes.
 */
function refuseRangeAtEnd(response: ServerResponse): void {
  const writeHead = response.writeHead.bind(response);
  response.writeHead = function (this: ServerResponse, ...args: unknown[]) {
    const [, first = '0', last = '0', size = '0'] =
      /^bytes (\d+)-(-?\d+)\/(\d+)$/.exec(String(response.getHeader('content-range'))) ?? [];
    if (response.statusCode !== 206 || Number(last) >= Number(first))
      return Reflect.apply(writeHead, this, args) as ServerResponse;
    response.setHeader('content-range', `bytes */${size}`);
    response.setHeader('x-ms-error-code', 'InvalidRange');
    response.statusCode = 416;
    return writeHead(416);
  };
}

export function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

function readListing(xml: string): { blobs: Listed[]; next: string } {
  const parser = new XMLParser({
    parseTagValue: false,
    trimValues: false,
    isArray: (name) => name === 'Blob',
  });
  const document = asObject(parser.parse(xml));
  const results = asObject(document['EnumerationResults']);
  const blobs = asList(asObject(results['Blobs'])['Blob']).map((entry) => {
    const blob = asObject(entry);
    const properties = asObject(blob['Properties']);
    const modified = new Date(asString(properties['Last-Modified']) ?? 0).toISOString();
    return { name: asString(blob['Name']) ?? '', size: Number(asString(properties['Content-Length']) ?? 0), modified };
  });
  return { blobs, next: asString(results['NextMarker']) ?? '' };
}

/** Eight at a time: enough to be fast, few enough to keep the machine responsive. */
async function inGroups<T>(items: T[], act: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const worker = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await act(item);
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}
