import type { Http, HttpAnswer } from './http';

/** Azure Resource Manager: JSON in, JSON out, errors unwrapped, long-running operations followed. Paths start with `/subscriptions/…`. */
export interface Arm {
  readonly http: Http;
  /** `undefined` for 404 when `orUndefined` is set; otherwise throws `AzureError`. */
  get(path: string, apiVersion: string): Promise<unknown>;
  getIfExists(path: string, apiVersion: string): Promise<unknown>;
  put(path: string, apiVersion: string, body: unknown, options?: WriteOptions): Promise<ArmAnswer>;
  patch(path: string, apiVersion: string, body: unknown, options?: WriteOptions): Promise<ArmAnswer>;
  post(path: string, apiVersion: string, body?: unknown, options?: WriteOptions): Promise<ArmAnswer>;
  delete(path: string, apiVersion: string, options?: WriteOptions): Promise<ArmAnswer>;
  /** All pages of a list (`value[]`, `nextLink`). Stops early when the consumer stops iterating. */
  list(path: string, apiVersion: string): AsyncIterable<unknown>;
  /** Follows Azure-AsyncOperation, else Location, else provisioningState until it ended; returns the final resource (GET `path`). */
  wait(path: string, apiVersion: string, answer: ArmAnswer, options: WaitOptions): Promise<unknown>;
}

export interface ArmAnswer extends HttpAnswer {
  /** Parsed JSON body, `undefined` when empty. */
  body: unknown;
}

export interface WriteOptions {
  /** Extra request headers. */
  headers?: Record<string, string>;
  /** A POST that changes nothing (`list…`, `getLogs`): sent again after network errors and 5xx, as a GET is. */
  idempotent?: boolean;
}

export interface WaitOptions {
  /** What is being waited for, in words: "deployment green of endpoint churn". Printed at least every 30 s. */
  what: string;
  timeoutMs: number;
  /** Progress of the whole step at start and end of this wait, in percent. */
  progress?: { from: number; to: number };
}
