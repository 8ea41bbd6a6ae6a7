import type { Agent } from '../../lib/agent/agent';
import { CancelledError, TaskError, errorText } from '../../lib/agent/errors';
import { pause } from '../../lib/agent/poll';
import type { Http, HttpAnswer } from '../../lib/azure/http';
import { isRecord, text } from '../../lib/agent/json';
import { retryAfterMs } from '../../lib/azure/wire';
import type { Service } from './authentication';
import type { Problem } from './problem';

/** What came of one request. */
export interface Exchange {
  status?: number;
  /** Of the last attempt, from sending to the last byte. */
  latencyMs?: number;
  /** Parsed JSON, present with status 200. */
  answer?: unknown;
  /** Why there is no answer. */
  problem?: Problem;
}

export interface Patience {
  /** Milliseconds since some start, as performance.now(). */
  now: () => number;
  pause: (ms: number) => Promise<void>;
}

/** A service that comes up answers so: no route yet, container not listening, too many requests, bad gateway. */
const startingUp = new Set([404, 408, 424, 429, 502, 503, 504]);
/** No key, no right, or another address: no request after it will fare better. */
const refusals = new Set([301, 302, 307, 308, 401, 403]);
const every: readonly number[] = Array.from({ length: 300 }, (_, index) => 300 + index);

/** Sends requests one after another and waits for the service while it comes up. */
export class Sender {
  /** Seconds until the first answer; `undefined` before. */
  startupSeconds: number | undefined;
  /** The service turned the last request away, as it will turn away every other one. */
  isRefused = false;
  private readonly started: number;

  constructor(
    private readonly http: Http,
    private readonly service: Service,
    private readonly agent: Agent,
    private readonly startupTimeoutMs: number,
    private readonly time: Patience = { now: () => performance.now(), pause: (ms) => pause(ms, agent.cancelled) },
  ) {
    this.started = this.time.now();
  }

  /** Never throws for what the service does, except when nobody can reach it for a reason that waiting does not mend. */
  async send(body: string): Promise<Exchange> {
    for (let delay = 1_000; ; delay = Math.min(delay * 1.5, 15_000)) {
      const attempt = await this.attempt(body);
      const left = this.startupTimeoutMs - (this.time.now() - this.started);
      if (attempt.retryAfterMs === undefined || left <= 0) return this.explained(attempt, left);
      const wait = Math.min(Math.max(delay, attempt.retryAfterMs), left);
      this.agent.print(
        `The service is not ready (${attempt.problem?.text ?? ''}); trying again in ${Math.ceil(wait / 1000)} s.`,
      );
      this.agent.progress(10, 'waiting for the service');
      await this.time.pause(wait);
    }
  }

  /** Once it has answered, the service is up: only a request to slow down is waited for then. */
  private mayComeUp(status: number): boolean {
    return this.startupSeconds === undefined ? startingUp.has(status) : status === 429;
  }

  private explained({ retryAfterMs: retry, ...exchange }: Attempt, left: number): Exchange {
    if (retry === undefined || left > 0) return exchange;
    const waited = Math.round(this.startupTimeoutMs / 1000);
    const { text: said, code } = exchange.problem ?? { text: 'no answer', code: 'no answer' };
    const late = `(after waiting ${waited} s)`;
    return { ...exchange, problem: { text: `${said} ${late}`, code: `${code} ${late}` } };
  }

  private async attempt(body: string): Promise<Attempt> {
    const begun = this.time.now();
    let answer: HttpAnswer;
    try {
      answer = await this.http.send({
        method: 'POST',
        url: this.service.scoringUri,
        headers: { 'Content-Type': 'application/json', ...this.service.headers },
        resource: this.service.resource,
        body,
        as: 'text',
        accept: every,
        attempts: 1,
        timeoutMs: 185_000,
      });
    } catch (error) {
      if (error instanceof CancelledError || !(error instanceof TaskError) || isLasting(error)) throw error;
      const code = codeOf(error.cause);
      const problem = { text: errorText(error.cause ?? error), code: `no answer${code === '' ? '' : ` (${code})`}` };
      return { problem, retryAfterMs: 0 };
    }
    const latencyMs = this.time.now() - begun;
    const { status } = answer;
    const content = typeof answer.body === 'string' ? answer.body : '';
    this.isRefused = refusals.has(status);
    // Errors of the model's own are answers too: whoever gives them is up.
    if (!startingUp.has(status) && !this.isRefused) this.startupSeconds ??= (this.time.now() - this.started) / 1000;
    if (status === 200) return { status, latencyMs, ...parsed(content) };
    const problem = explain(answer, content, this.service);
    return {
      status,
      latencyMs,
      problem,
      retryAfterMs: this.mayComeUp(status) ? (retryAfterMs(answer.headers) ?? 0) : undefined,
    };
  }
}

interface Attempt extends Exchange {
  /** Present when another attempt makes sense: how long the service asked to wait. */
  retryAfterMs?: number;
}

function parsed(content: string): Pick<Exchange, 'answer' | 'problem'> {
  try {
    return { answer: JSON.parse(content) as unknown };
  } catch {
    // Python writes bare NaN and Infinity, which JSON does not have: say so instead of "Unexpected token".
    const bare = /(?<![\w"])(-?Infinity|NaN)(?![\w"])/.exec(content);
    const problem = bare
      ? { text: `the answer holds ${bare[0]}, which is no JSON`, code: 'the answer holds NaN or Infinity: no JSON' }
      : { text: `the answer is no JSON: ${shortened(content)}`, code: 'the answer is no JSON' };
    return { problem };
  }
}

/** Statuses of online endpoints in words (Azure Machine Learning documentation, "HTTP status codes for online endpoints"). */
function explain({ status, headers }: HttpAnswer, content: string, service: Service): Problem {
  const reason = headers['ms-azureml-model-error-reason'];
  const inner = headers['ms-azureml-model-error-statuscode'];
  const said = shortened(messageOf(content));
  const tail = said === '' ? '' : `: ${said}`;
  const code = `status ${status}`;
  switch (status) {
    case 401:
    case 403:
      return { text: `${code}${tail}. ${accessAdvice(service)}`, code };
    case 424: {
      const failed = `${code}: the model's own code failed`;
      const why = `${inner ? ` with ${inner}` : ''}${reason ? ` (${shortened(reason)})` : ''}`;
      return { text: `${failed}${why}${tail}`, code: failed };
    }
    case 301:
    case 302:
    case 307:
    case 308: {
      const redirected = `${code}: the service redirects`;
      return {
        text: `${redirected}; redirects are not followed, give the address itself`,
        code: redirected,
      };
    }
    default:
      return { text: `${code}${tail}`, code };
  }
}

function accessAdvice({ authentication, resource }: Service): string {
  switch (authentication) {
    case 'aadToken':
      return `The endpoint wants an Entra token for ${resource ?? 'Azure Machine Learning'}: the identity needs the action Microsoft.MachineLearningServices/workspaces/onlineEndpoints/score/action.`;
    case 'none':
      return 'The service wants a key: give the input key.';
    default:
      return 'The key or token was refused: were the keys just regenerated?';
  }
}

/** `{"message": …}` or `{"error": {"message": …}}`, else the text itself. */
function messageOf(content: string): string {
  try {
    const body = JSON.parse(content) as unknown;
    const error = isRecord(body) && isRecord(body['error']) ? body['error'] : body;
    return (isRecord(error) ? text(error['message']) : undefined) ?? content;
  } catch {
    return content;
  }
}

function shortened(content: string): string {
  const line = content.replace(/\s+/g, ' ').trim();
  return line.length <= 300 ? line : `${line.slice(0, 299)}…`;
}

/** A certificate, a token that is refused or an address that may not be used do not mend by waiting. */
function isLasting(error: TaskError): boolean {
  const { cause } = error;
  if (cause === undefined) return true;
  return /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS|ERR_SSL|ERR_INVALID|EPROTO/.test(codeOf(cause));
}

/** `ECONNREFUSED`; Node's own word for what went wrong. */
function codeOf(cause: unknown): string {
  return typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : '';
}
