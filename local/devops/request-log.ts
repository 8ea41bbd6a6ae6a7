import type { IncomingMessage, ServerResponse } from 'node:http';

/** One request as it went over the wire. */
export interface RequestRecord {
  method: string;
  /** Path and query, without host; tokens travel in headers, never here. */
  path: string;
  /** 0: it has no answer, or not yet. */
  status: number;
  /** Bytes of the answer, with its headers, as sent. */
  bytes: number;
  /** From its arrival to the end of the answer, in milliseconds. */
  durationMs: number;
  /** A browser's question before the request proper. */
  preflight: boolean;
  /** Id of the person, the extension and its token, when known. */
  user?: string;
  extension?: string;
  session?: string;
}

const longest = 20_000;

/** What was asked of the service lately; the newest last. */
export class RequestLog {
  private records: RequestRecord[] = [];

  all(): readonly RequestRecord[] {
    return [...this.records];
  }

  clear(): void {
    this.records = [];
  }

  /** Begins a record, which is complete when the answer has ended. The caller adds who asked. */
  begin(request: IncomingMessage, response: ServerResponse, preflight: boolean): RequestRecord {
    const started = performance.now();
    const { socket } = request;
    const before = socket.bytesWritten;
    const record: RequestRecord = {
      method: request.method ?? 'GET',
      path: request.url ?? '/',
      status: 0,
      bytes: 0,
      durationMs: 0,
      preflight,
    };
    this.records.push(record);
    if (this.records.length > longest) this.records.splice(0, this.records.length - longest);
    const measure = (): void => {
      record.bytes = socket.bytesWritten - before;
      record.durationMs = performance.now() - started;
    };
    response.once('finish', () => {
      record.status = response.statusCode;
      measure();
    });
    response.once('close', measure);
    return record;
  }
}
