import type { Agent } from '../agent/agent';
import { TaskError } from '../agent/errors';
import { waitFor, type Probe } from '../agent/poll';
import type { Arm, ArmAnswer, WaitOptions, WriteOptions } from './arm';
import type { Cloud } from './cloud';
import { azureError } from './errors';
import type { Http, HttpRequest } from './http';
import { at, isRecord, text, textAt } from '../agent/json';
import { retryAfterMs } from './wire';

/** Azure Resource Manager of a cloud over the shared HTTP layer. */
export class ArmClient implements Arm {
  constructor(
    readonly http: Http,
    private readonly cloud: Cloud,
    private readonly agent: Agent,
  ) {}

  async get(path: string, apiVersion: string): Promise<unknown> {
    return (await this.send('GET', this.url(path, apiVersion))).body;
  }

  async getIfExists(path: string, apiVersion: string): Promise<unknown> {
    const answer = await this.send('GET', this.url(path, apiVersion), { accept: [404] });
    if (answer.status !== 404) return answer.body;
    if (isMissingParent(answer)) throw azureError(`GET ${this.cloud.arm}${path}`, answer);
    return undefined;
  }

  put(path: string, apiVersion: string, body: unknown, options: WriteOptions = {}): Promise<ArmAnswer> {
    return this.send('PUT', this.url(path, apiVersion), { body, headers: options.headers });
  }

  patch(path: string, apiVersion: string, body: unknown, options: WriteOptions = {}): Promise<ArmAnswer> {
    return this.send('PATCH', this.url(path, apiVersion), { body, headers: options.headers });
  }

  post(path: string, apiVersion: string, body?: unknown, options: WriteOptions = {}): Promise<ArmAnswer> {
    const { headers, idempotent } = options;
    return this.send('POST', this.url(path, apiVersion), { body, headers, idempotent });
  }

  delete(path: string, apiVersion: string, options: WriteOptions = {}): Promise<ArmAnswer> {
    return this.send('DELETE', this.url(path, apiVersion), { headers: options.headers });
  }

  async *list(path: string, apiVersion: string): AsyncIterable<unknown> {
    let url: string | undefined = this.url(path, apiVersion);
    while (url !== undefined) {
      const { body }: ArmAnswer = await this.send('GET', url);
      const value = at(body, 'value');
      if (!Array.isArray(value))
        throw new TaskError(`GET ${path} answered without a list.`, 'Is this Azure Resource Manager?');
      yield* value as unknown[];
      url = textAt(body, 'nextLink');
    }
  }

  async wait(path: string, apiVersion: string, answer: ArmAnswer, options: WaitOptions): Promise<unknown> {
    const status =
      answer.headers['azure-asyncoperation'] ??
      textAt(answer.body, 'properties', 'properties', 'AzureAsyncOperationUri');
    const location = answer.status === 202 ? answer.headers['location'] : undefined;
    if (status !== undefined) await this.follow(options, () => this.operation(status, options.what));
    else if (location !== undefined) await this.follow(options, () => this.location(location));
    return this.follow(options, () => this.provisioned(path, apiVersion, options.what));
  }

  private follow<T>(options: WaitOptions, probe: () => Promise<Probe<T>>): Promise<T> {
    return waitFor(options, this.agent, probe);
  }

  /** Azure-AsyncOperation: `status` is Succeeded, Failed or Canceled at the end; anything else is on its way (RPC-Async). */
  private async operation(url: string, what: string): Promise<Probe<undefined>> {
    const answer = await this.send('GET', url);
    const status = textAt(answer.body, 'status') ?? 'Unknown';
    if (isSuccess(status)) return { done: true, value: undefined };
    if (isFailure(status)) throw azureError(`${what} ended as ${status}: the operation`, answer);
    return { done: false, state: status, retryAfterMs: retryAfterMs(answer.headers) };
  }

  private async location(url: string): Promise<Probe<undefined>> {
    const answer = await this.send('GET', url, { accept: [404] });
    if (answer.status !== 202) return { done: true, value: undefined };
    return {
      done: false,
      state: textAt(answer.body, 'status') ?? 'running',
      retryAfterMs: retryAfterMs(answer.headers),
    };
  }

  private async provisioned(path: string, apiVersion: string, what: string): Promise<Probe<unknown>> {
    const answer = await this.send('GET', this.url(path, apiVersion));
    const state = textAt(answer.body, 'properties', 'provisioningState') ?? 'Succeeded';
    if (isSuccess(state)) return { done: true, value: answer.body };
    if (isFailure(state)) throw azureError(`${what} has the provisioning state ${state}: GET ${path}`, answer);
    return { done: false, state, retryAfterMs: retryAfterMs(answer.headers) };
  }

  private send(method: HttpRequest['method'], url: string, more: Partial<HttpRequest> = {}): Promise<ArmAnswer> {
    return this.http.send({ method, url, resource: this.cloud.resources.arm, ...more });
  }

  private url(path: string, apiVersion: string): string {
    return `${this.cloud.arm}${path}${path.includes('?') ? '&' : '?'}api-version=${apiVersion}`;
  }
}

/** A 404 for the workspace or the resource group, not for the resource itself: never "it does not exist yet". */
function isMissingParent(answer: ArmAnswer): boolean {
  const error = at(answer.body, 'error');
  const code = isRecord(error) ? text(error['code']) : undefined;
  return /^(ParentResourceNotFound|ResourceGroupNotFound|SubscriptionNotFound)$/i.test(code ?? '');
}

function isSuccess(status: string): boolean {
  return /^(succeeded|completed)$/i.test(status);
}

function isFailure(status: string): boolean {
  return /^(failed|canceled|cancelled)$/i.test(status);
}
