import { createHash } from 'node:crypto';
import { readFileSync, realpathSync, statSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, sep } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.md': 'text/markdown; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.ico': 'image/x-icon',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
};

/** A name that changes with the content (`main-4F2A91BC.js`) can be kept for ever. */
const hashedName = /[-.][0-9A-Z]{8,}\.[a-z0-9]+$/;
const forEver = 'public, max-age=31536000, immutable';
const askAgain = 'no-cache';

interface Stored {
  modified: number;
  etag: string;
  bodies: { identity: Buffer; gzip: Buffer; br: Buffer };
}
type Encoding = keyof Stored['bodies'];

/** The files of one folder as a content delivery network gives them: typed, compressed, with validators. */
export class StaticFiles {
  private readonly known = new Map<string, Stored>();

  constructor(private readonly folder: string) {}

  /** Answers with the file of that path; `false` when there is none. Nothing outside of the folder is ever given. */
  serve(
    path: string,
    request: IncomingMessage,
    response: ServerResponse,
    headers: Record<string, string> = {},
  ): boolean {
    const file = this.fileOf(path);
    if (file === undefined) return false;
    const stored = this.read(file);
    const encoding = encodingFor(request.headers['accept-encoding'], stored);
    response.setHeader('content-type', types[extname(file).toLowerCase()] ?? 'application/octet-stream');
    response.setHeader('cache-control', hashedName.test(file) ? forEver : askAgain);
    response.setHeader('vary', 'Accept-Encoding');
    response.setHeader('etag', stored.etag);
    response.setHeader('x-content-type-options', 'nosniff');
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    if (request.headers['if-none-match'] === stored.etag) {
      response.writeHead(304).end();
      return true;
    }
    if (encoding !== 'identity') response.setHeader('content-encoding', encoding);
    const body = stored.bodies[encoding];
    response.setHeader('content-length', body.length);
    response.writeHead(200).end(request.method === 'HEAD' ? undefined : body);
    return true;
  }

  private fileOf(path: string): string | undefined {
    try {
      const root = realpathSync(this.folder);
      const file = realpathSync(join(root, path));
      return file.startsWith(root + sep) && statSync(file).isFile() ? file : undefined;
    } catch (error) {
      if (
        error instanceof Error &&
        'code' in error &&
        /^(ENOENT|ENOTDIR|ENAMETOOLONG|ERR_INVALID_ARG_VALUE)$/.test(String(error.code))
      )
        return undefined;
      throw error;
    }
  }

  private read(file: string): Stored {
    const modified = statSync(file).mtimeMs;
    const before = this.known.get(file);
    if (before?.modified === modified) return before;
    const identity = readFileSync(file);
    const stored = {
      modified,
      etag: `"${createHash('sha256').update(identity).digest('base64url').slice(0, 27)}"`,
      bodies: {
        identity,
        gzip: gzipSync(identity, { level: 9 }),
        br: brotliCompressSync(identity, { params: { [constants.BROTLI_PARAM_QUALITY]: 6 } }),
      },
    };
    this.known.set(file, stored);
    return stored;
  }
}

/** The smallest form that the browser takes. */
function encodingFor(accepted: string | undefined, { bodies }: Stored): Encoding {
  const offered = (accepted ?? '').toLowerCase().split(',');
  const words = new Set(
    offered.filter((word) => !/;\s*q=0(\.0*)?\s*$/.test(word)).map((word) => word.split(';')[0]?.trim()),
  );
  const candidates: Encoding[] = (['br', 'gzip'] as const).filter((word) => words.has(word));
  return candidates.reduce<Encoding>(
    (best, one) => (bodies[one].length < bodies[best].length ? one : best),
    'identity',
  );
}
