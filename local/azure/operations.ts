import { AsyncLocalStorage } from 'node:async_hooks';
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { asObject, asString } from './json';
import {
  ArmFault,
  type Answer,
  type Call,
  type Operations,
  type Route,
  type StartedOperation,
  type Store,
} from './service';

/** The api-version of the request being answered: status URLs carry the version of the request that began the operation. */
export const requestApiVersion = new AsyncLocalStorage<string>();

interface Status {
  name: string;
  /** What the operation works on: for whoever reads the state. */
  resource: string;
  /** `Succeeded`, `Failed`, or the word of the running operation. */
  status: string;
  running: boolean;
  startTime: string;
  endTime: string;
  percentComplete: number;
  error?: { status: number; code: string; message: string; details: { code: string; message: string }[] };
}

const never = '0001-01-01T00:00:00+00:00';

/** The service sends none, and its clients then wait up to 30 s between two looks; an operation takes seconds here. */
/** Operations end within a second, or with the service that carries them out. */
const patienceMs = 3_000;
const soon = { 'retry-after': '1' };
const provider = 'Microsoft.MachineLearningServices';

/** Operations of the parts that provision have addresses of their own; all others are the management front end's. */
const families: Record<string, string> = {
  compute: 'computeOperationsStatus',
  ws: 'workspaceOperationsStatus',
};

/**
 * Long-running operations as Azure Machine Learning shows them: the status document is polled with 200 and says the
 * provisioning word while it runs; the result URL says 202 while it runs. Both URLs are signed and must be followed verbatim.
 */
export class LongRunningOperations implements Operations {
  private readonly signingKey: string;
  private readonly running = new Set<Promise<void>>();

  constructor(
    private readonly store: Store,
    private readonly where: { url: string; subscriptionId: string; location: string; workspaceId: string },
  ) {
    this.signingKey = asString(store.get('operations-key')) ?? randomBytes(32).toString('hex');
    store.set('operations-key', this.signingKey);
    this.endInterrupted();
  }

  start(
    kind: string,
    resourceUrl: string,
    work: (report: (percent: number) => void) => Promise<void>,
    runningStatus = 'Creating',
  ): StartedOperation {
    const id = randomUUID();
    const name = `${kind}:${this.where.workspaceId}:${id}`;
    const key = `operation/${name}`;
    const status: Status = {
      name,
      resource: resourceUrl,
      status: runningStatus,
      running: true,
      startTime: new Date().toISOString(),
      endTime: never,
      percentComplete: 0,
    };
    this.store.set(key, status);
    const running = this.run(key, status, work).finally(() => this.running.delete(running));
    this.running.add(running);
    const family = families[kind];
    return {
      id,
      asyncOperationUrl: this.statusUrl(family ?? 'mfeOperationsStatus', name, family && 'async'),
      resultUrl: this.statusUrl(family ?? 'mfeOperationResults', name, family && 'location'),
    };
  }

  routes(): Route[] {
    const path = (kind: string): string =>
      `/subscriptions/{subscription}/providers/${provider}/locations/{location}/${kind}/{name}`;
    // Whoever holds the signed URL may read it: no action is asked for.
    const common = { method: 'GET', token: 'arm', action: '' } as const;
    return [
      { ...common, path: path('mfeOperationsStatus'), handle: (call) => this.answerStatus(call) },
      { ...common, path: path('mfeOperationResults'), handle: (call) => this.answerResult(call) },
      // As recorded: one address, whose parameter says in which form it answers.
      ...Object.values(families).map((family): Route => ({
        ...common,
        path: path(family),
        handle: (call) => (call.query.get('type') === 'async' ? this.answerStatus(call) : this.answerResult(call)),
      })),
    ];
  }

  /** Waits for what is on its way, so that nothing writes after the stop; one that does not end in time is left. */
  async stop(): Promise<void> {
    const patience = new AbortController();
    await Promise.race([
      Promise.allSettled(this.running),
      sleep(patienceMs, undefined, { signal: patience.signal }).catch(() => undefined),
    ]);
    patience.abort();
  }

  private async run(
    key: string,
    status: Status,
    work: (report: (percent: number) => void) => Promise<void>,
  ): Promise<void> {
    const save = (change: Partial<Status>): void => {
      Object.assign(status, change);
      this.store.set(key, status);
    };
    try {
      await work((percentComplete) => save({ percentComplete }));
      save({ status: 'Succeeded', running: false, percentComplete: 100, endTime: new Date().toISOString() });
    } catch (cause) {
      const fault = cause instanceof ArmFault ? cause : new ArmFault(500, 'InternalServerError', String(cause));
      const error = {
        status: fault.status,
        code: fault.code,
        message: fault.message,
        details: fault.more.details ?? [],
      };
      save({ status: 'Failed', running: false, endTime: new Date().toISOString(), error });
    }
  }

  private answerStatus(call: Call): Answer {
    const status = this.find(call);
    const { error } = status;
    return {
      status: 200,
      ...(status.running ? { headers: soon } : {}),
      body: {
        id: call.url.pathname,
        name: status.name,
        startTime: status.startTime,
        endTime: status.endTime,
        percentComplete: status.percentComplete,
        status: status.status,
        ...(error === undefined ? {} : { error: { code: error.code, message: error.message, details: error.details } }),
      },
    };
  }

  private answerResult(call: Call): Answer {
    const status = this.find(call);
    if (status.error !== undefined) {
      throw new ArmFault(status.error.status, status.error.code, status.error.message, {
        details: status.error.details,
      });
    }
    return { ...this.answerStatus(call), status: status.running ? 202 : 200 };
  }

  private find(call: Call): Status {
    const name = call.params['name'] ?? '';
    if (call.query.get('s') !== this.signature(name, call.query)) {
      throw new ArmFault(
        403,
        'AuthorizationFailed',
        'The signature of the operation URL is not valid; it must be used as it was given.',
      );
    }
    const found = readStatus(this.store.get(`operation/${name}`));
    if (found === undefined) throw new ArmFault(404, 'OperationNotFound', `The operation ${name} was not found.`);
    return found;
  }

  /** As long as the real one (about 4 kB): a client that cuts it must fail here too. */
  private statusUrl(kind: string, name: string, type: string | undefined): string {
    const version = requestApiVersion.getStore() ?? '2024-10-01';
    const base = `${this.where.url}/subscriptions/${this.where.subscriptionId}/providers/${provider}/locations/${this.where.location}`;
    const query = new URLSearchParams({
      'api-version': version,
      ...(type === undefined ? {} : { type }),
      t: String(Date.now()),
      c: randomBytes(2900).toString('base64url'),
    });
    query.set('s', this.signature(name, query));
    query.set('h', randomBytes(32).toString('base64url'));
    return `${base}/${kind}/${name}?${query.toString()}`;
  }

  private signature(name: string, query: URLSearchParams): string {
    const text = `${name}\n${query.get('t') ?? ''}\n${query.get('c') ?? ''}`;
    return createHmac('sha256', this.signingKey).update(text).digest('base64url');
  }

  /** What ran when the stand-in was stopped will not end any more. */
  private endInterrupted(): void {
    for (const key of this.store.keys('operation/')) {
      const status = readStatus(this.store.get(key));
      if (status?.running !== true) continue;
      const error = {
        status: 409,
        code: 'OperationCanceled',
        message: 'The operation was interrupted by a restart.',
        details: [],
      };
      this.store.set(key, { ...status, running: false, status: 'Failed', endTime: new Date().toISOString(), error });
    }
  }
}

function readStatus(value: unknown): Status | undefined {
  const document = asObject(value);
  const name = asString(document['name']);
  const status = asString(document['status']);
  if (name === undefined || status === undefined) return undefined;
  const error = document['error'] === undefined ? undefined : asObject(document['error']);
  return {
    name,
    resource: asString(document['resource']) ?? '',
    status,
    running: document['running'] === true,
    startTime: asString(document['startTime']) ?? never,
    endTime: asString(document['endTime']) ?? never,
    percentComplete: Number(document['percentComplete']),
    ...(error === undefined
      ? {}
      : {
          error: {
            status: Number(error['status']),
            code: asString(error['code']) ?? '',
            message: asString(error['message']) ?? '',
            details: readDetails(error['details']),
          },
        }),
  };
}

function readDetails(value: unknown): { code: string; message: string }[] {
  const list: unknown[] = Array.isArray(value) ? value : [];
  return list
    .map(asObject)
    .map((one) => ({ code: asString(one['code']) ?? '', message: asString(one['message']) ?? '' }));
}
