import {
  appendFileSync,
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import type { Caller } from './service';

/** One request with its answer, as it went over the wire: nothing is hidden in it. */
export interface Exchange {
  time: string;
  ms: number;
  method: string;
  /** Absolute. */
  url: string;
  requestHeaders: IncomingHttpHeaders;
  requestBody: Buffer;
  status: number;
  responseHeaders: OutgoingHttpHeaders;
  responseBody: Buffer;
  caller?: Caller;
  /** A planned fault was the answer, not the stand-in itself. */
  planned?: boolean;
}

const limit = 16 * 1024 * 1024;

/** Collects what passes through a request and its answer, however they are read and written. */
export function tap(
  request: IncomingMessage,
  response: ServerResponse,
): { request: () => Buffer; response: () => Buffer } {
  const received = collector();
  const sent = collector();
  const push = request.push.bind(request);
  request.push = (chunk, encoding) => {
    received.keep(chunk);
    return push(chunk, encoding);
  };
  const write = response.write.bind(response);
  const end = response.end.bind(response);
  response.write = function (this: ServerResponse, ...args: unknown[]) {
    sent.keep(args[0]);
    return Reflect.apply(write, this, args) as boolean;
  };
  response.end = function (this: ServerResponse, ...args: unknown[]) {
    sent.keep(args[0]);
    return Reflect.apply(end, this, args) as ServerResponse;
  };
  return { request: received.take, response: sent.take };
}

function collector(): { keep: (chunk: unknown) => void; take: () => Buffer } {
  const chunks: Buffer[] = [];
  let size = 0;
  return {
    keep: (chunk) => {
      const bytes =
        typeof chunk === 'string' ? Buffer.from(chunk) : chunk instanceof Uint8Array ? Buffer.from(chunk) : undefined;
      if (bytes === undefined || size > limit) return;
      size += bytes.length;
      chunks.push(bytes);
    },
    take: () => Buffer.concat(chunks),
  };
}

/** The log of requests (one JSON line each) and, when asked for, the recording of whole exchanges. Neither holds a secret. */
export class Recorder {
  constructor(
    readonly logFile: string,
    private readonly recordFile?: string,
  ) {
    mkdirSync(dirname(logFile), { recursive: true });
    if (recordFile !== undefined) writeFileSync(recordFile, '{"Entries":[\n]}\n');
  }

  get records(): boolean {
    return this.recordFile !== undefined;
  }

  log(line: {
    time: string;
    method: string;
    url: string;
    status: number;
    ms: number;
    task?: string;
    caller?: string;
    note?: string;
  }): void {
    // A stand-in whose folder is being removed still answers its last requests.
    if (existsSync(dirname(this.logFile)))
      appendFileSync(this.logFile, `${JSON.stringify({ ...line, url: redactText(line.url) })}\n`);
  }

  record(exchange: Exchange): void {
    if (this.recordFile === undefined) return;
    const entry = {
      RequestMethod: exchange.method,
      RequestUri: redactText(exchange.url),
      RequestHeaders: redactHeaders(exchange.requestHeaders),
      RequestBody: recordBody(exchange.requestBody, exchange.requestHeaders['content-type']),
      StatusCode: exchange.status,
      ResponseHeaders: redactHeaders(exchange.responseHeaders),
      ResponseBody: recordBody(exchange.responseBody, exchange.responseHeaders['content-type']),
    };
    const file = openSync(this.recordFile, 'r+');
    try {
      // The file is whole JSON after each entry: the closing brackets are written over.
      const end = fstatSync(file).size - '\n]}\n'.length;
      const comma = end > '{"Entries":['.length ? ',' : '';
      writeSync(file, `${comma}\n${JSON.stringify(entry)}\n]}\n`, end);
    } finally {
      closeSync(file);
    }
  }
}

const hidden = 'SANITIZED';
const secretHeaders = /^(authorization|cookie|set-cookie|x-identity-header|x-azureml-token|secret|www-authenticate)$/i;
const secretFields =
  'access_?token|refresh_?token|id_?token|client_?secret|client_?assertion|assertion|password|primaryKey|secondaryKey|sasToken|' +
  'secureValue|oidcToken|key1|key2|accountKey|kubeconfig|pat|adminUserPassword|relayConnectionString|serviceBusConnectionString';

function redactHeaders(headers: IncomingHttpHeaders | OutgoingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      secretHeaders.test(name) ? hidden : redactText(String(value)),
    ]),
  );
}

/** Hides signatures of SAS and operation URLs, tokens, and the values of fields that hold secrets. */
export function redactText(text: string): string {
  return (
    text
      .replaceAll(/([?&](?:sig|c|s|h|code)=)[^&\s"']+/g, `$1${hidden}`)
      .replaceAll(/eyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g, hidden)
      .replaceAll(new RegExp(`("(?:${secretFields})"\\s*:\\s*")[^"]*"`, 'gi'), `$1${hidden}"`)
      .replaceAll(new RegExp(`(^|[?&])((?:${secretFields})=)[^&\\s]+`, 'gi'), `$1$2${hidden}`)
      // The key of a storage account, whose field has a common name.
      .replaceAll(/("secretsType"\s*:\s*"AccountKey"\s*,\s*"key"\s*:\s*")[^"]*"/g, `$1${hidden}"`)
      .replaceAll(/("key"\s*:\s*")[^"]*("\s*,\s*"secretsType")/g, `$1${hidden}$2`)
      .replaceAll(/("name"\s*:\s*"cluster(?:User|Admin)"\s*,\s*"value"\s*:\s*")[^"]*"/g, `$1${hidden}"`)
  );
}

function recordBody(body: Buffer, contentType: unknown): unknown {
  if (body.length === 0) return null;
  if (body.length > limit) return `(more than ${limit} bytes)`;
  const text = body.toString('utf8');
  if (!Buffer.from(text).equals(body)) return `base64:${body.toString('base64')}`;
  const clean = redactText(text);
  if (!/json/i.test(String(contentType))) return clean;
  try {
    return JSON.parse(clean);
  } catch {
    return clean;
  }
}
