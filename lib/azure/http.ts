/** One HTTP layer for everything the tasks call: retries, time-outs, proxy, private CA, redaction. */
export interface Http {
  send(request: HttpRequest): Promise<HttpAnswer>;
}

export interface HttpRequest {
  method: 'GET' | 'HEAD' | 'PUT' | 'PATCH' | 'POST' | 'DELETE';
  url: string;
  headers?: Record<string, string>;
  /** Objects are sent as JSON; strings, buffers and streams as they are (streams are not retried). */
  body?: unknown;
  /** Resource (audience) whose bearer token is sent, for example `cloud.resources.arm`. None: no Authorization header. */
  resource?: string;
  /** Statuses besides 2xx that are answers, not errors. */
  accept?: readonly number[];
  /** May a POST be sent again after a network error or 5xx? GET, HEAD, PUT and DELETE always may. */
  idempotent?: boolean;
  /** `json` (default) parses, `text`, `buffer`, `stream` (a Readable). */
  as?: 'json' | 'text' | 'buffer' | 'stream';
  /** Limit of one attempt; default 60 s. */
  timeoutMs?: number;
  /** Number of attempts in all; default by the policy (about 10 min budget). 1 = never again. */
  attempts?: number;
}

export interface HttpAnswer {
  status: number;
  /** Lower-case names. */
  headers: Record<string, string>;
  body: unknown;
}
