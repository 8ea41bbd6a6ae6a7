import { ServiceError } from './errors';
import { ScopeError } from './scopes';
import { check, flag, list, number, optional, shape, ShapeError, text, type Check } from './shape';

/** What can go wrong between a page and the service. */
export const faultKinds = [
  401, // the token is not accepted; without CORS headers
  403, // the person may not; readable
  'scope', // the token may not; without CORS headers
  409, // somebody else was faster
  429, // blocked by the rate limit
  500,
  'cors', // carried out, but the answer cannot be read by a page
  'lost', // carried out, but the answer never arrives
  'hang', // no answer, for as long as the client waits
  'offline', // the connection breaks before anything is carried out
] as const;
export type FaultKind = (typeof faultKinds)[number];

export interface Fault {
  /** Requests it meets: a pattern over `METHOD /path?query`, ignoring case. Absent: every one. */
  match?: string;
  /** Requests it meets: the resource of the service's location, for example `approvals`. */
  operation?: string;
  status: FaultKind;
  /** How many requests it meets; absent: all. */
  times?: number;
  /** Seconds in `Retry-After`, for 429; 5 when absent. */
  retryAfter?: number;
}

/** Headers of the service's rate limit. Answers with them have been delayed, not refused. */
export interface RateLimit {
  resource: string;
  /** Seconds. */
  delay: number;
  limit: number;
  remaining: number;
  /** Seconds since 1970. */
  reset: number;
  retryAfter: number;
}

/** How the service behaves towards its clients; changed while it runs. */
export interface Behaviour {
  /** Time that every answer takes longer, preflights too, as a slow network has it. */
  latencyMs: number;
  /** Whether a page may read the continuation token and the rate limit's headers. */
  exposeHeaders: boolean;
  /** Whether `builds` gives the properties that its `properties` option asks for. */
  propertiesInList: boolean;
  fail: Fault[];
  rateLimit?: RateLimit;
}

/** A page that waits longer than a minute is a page that hangs, which is a fault of its own. */
const longestLatencyMs = 60_000;

const calm: Behaviour = { latencyMs: 0, exposeHeaders: false, propertiesInList: true, fail: [] };

const statusShape: Check<FaultKind> = (value, where) => {
  const kind = faultKinds.find((one) => String(one) === String(value));
  if (kind === undefined) throw new ShapeError(where, faultKinds.join(' | '), value);
  return kind;
};

const patternShape: Check<string> = (value, where) => {
  const pattern = text(value, where);
  try {
    new RegExp(pattern);
  } catch {
    throw new ShapeError(where, 'a regular expression', value);
  }
  return pattern;
};

const latencyShape: Check<number> = (value, where) => {
  const milliseconds = number(value, where);
  if (milliseconds < 0 || milliseconds > longestLatencyMs)
    throw new ShapeError(where, `milliseconds from 0 to ${longestLatencyMs}`, value);
  return milliseconds;
};

/** A change of behaviour as it comes from a page's controls. */
const changeShape = shape({
  latencyMs: optional(latencyShape),
  exposeHeaders: optional(flag),
  propertiesInList: optional(flag),
  fail: optional(
    list(
      shape({
        match: optional(patternShape),
        operation: optional(text),
        status: statusShape,
        times: optional(number),
        retryAfter: optional(number),
      }),
    ),
  ),
  rateLimit: optional(
    shape({ resource: text, delay: number, limit: number, remaining: number, reset: number, retryAfter: number }),
  ),
});

interface Armed extends Fault {
  pattern: RegExp | undefined;
  left: number;
}

/** Switches of the running service. */
export class Behaviours {
  private current: Behaviour = { ...calm };
  private armed: Armed[] = [];

  get now(): Readonly<Behaviour> {
    return this.current;
  }

  /** Changes what is given; `fail` replaces all faults. Throws when a pattern is not a regular expression. */
  change(change: Partial<Behaviour>): Behaviour {
    if (change.fail) {
      this.armed = change.fail.map((fault) => ({
        ...fault,
        pattern: fault.match === undefined ? undefined : new RegExp(fault.match, 'i'),
        left: fault.times ?? Infinity,
      }));
    }
    this.current = { ...this.current, ...change };
    return this.read();
  }

  read(): Behaviour {
    return structuredClone(this.current);
  }

  /** `change` for a value that is not trusted; throws a `ShapeError` when it is none. */
  write(value: unknown): Behaviour {
    return this.change(check(changeShape, value));
  }

  /** Back to a service without faults. */
  calm(): void {
    this.change({ ...calm, rateLimit: undefined });
  }

  /** The fault that meets this request, which uses it up by one. */
  take(method: string, url: string, operation: string): Fault | undefined {
    const found = this.armed.find(
      (fault) =>
        fault.left > 0 &&
        (fault.pattern?.test(`${method} ${url}`) ?? true) &&
        (fault.operation === undefined || fault.operation.toLowerCase() === operation.toLowerCase()),
    );
    if (found) found.left -= 1;
    return found;
  }

  headers(): Record<string, string> {
    return this.current.rateLimit ? rateLimitHeaders(this.current.rateLimit) : {};
  }
}

/** The connection is to be cut instead of answered. */
export class Disconnect extends Error {
  override readonly name = 'Disconnect';
}

/** Carries the work out and cuts the connection, also when the work is refused: a browser repeats a request whose kept-alive connection broke, and
 * must not learn from the refusal of the second that the first was carried out. */
export async function lose(work: () => Promise<unknown>): Promise<never> {
  await work().catch(() => undefined);
  throw new Disconnect();
}

/** The error with which a fault refuses a request before it is carried out; none when it is carried out all the same. */
export function refusalOf(fault: Fault, who: string): Error | undefined {
  switch (fault.status) {
    case 401:
      return new ServiceError(401, 'UnauthorizedRequestException', `TF400813: ${refused(who)}`);
    case 403:
      return new ServiceError(403, 'AccessDeniedException', `Access denied. ${who} needs permissions for this action.`);
    case 'scope':
      return new ScopeError(who);
    case 409:
      return new ServiceError(409, 'VssServiceException', 'The resource was changed by somebody else. Read it again.');
    case 429:
      return blocked(fault.retryAfter ?? 5);
    case 500:
      return new ServiceError(500, 'VssServiceException', 'TF10216: The service is currently unavailable.');
    case 'offline':
      return new Disconnect();
    default:
      return undefined;
  }
}

function refused(who: string): string {
  return `The user '${who}' is not authorized to access this resource.`;
}

function blocked(retryAfter: number): ServiceError {
  const reset = Math.ceil(Date.now() / 1000) + retryAfter;
  const limit = { resource: 'Concurrency', delay: retryAfter, limit: 200, remaining: 0, reset, retryAfter };
  return new ServiceError(
    429,
    'RequestBlockedException',
    "TF400733: The request has been canceled: Request was blocked due to exceeding usage of resource 'Concurrency' in namespace 'User'.",
    rateLimitHeaders(limit),
  );
}

function rateLimitHeaders(limit: RateLimit): Record<string, string> {
  return {
    'retry-after': String(limit.retryAfter),
    'x-ratelimit-resource': limit.resource,
    'x-ratelimit-delay': String(limit.delay),
    'x-ratelimit-limit': String(limit.limit),
    'x-ratelimit-remaining': String(limit.remaining),
    'x-ratelimit-reset': String(limit.reset),
  };
}
