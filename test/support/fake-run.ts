import { azureError } from '../../lib/azure/errors';
import type { Http, HttpAnswer, HttpRequest } from '../../lib/azure/http';
import { createRunService, type RunService } from '../../lib/agent/run-service';

/** A call as the fake saw it. */
export interface RunCall {
  method: string;
  /** Below `_apis`, with its query. */
  path: string;
  url: URL;
  headers: Record<string, string>;
  body: unknown;
}

interface Reply {
  status?: number;
  body?: unknown;
}

export const token = 'the-job-token-of-this-run';

/** Azure DevOps for one run: the real client over an HTTP layer in memory that answers as the REST reference shows. */
export class FakeRun {
  readonly calls: RunCall[] = [];
  readonly properties = new Map<string, string>();
  leases: Record<string, unknown>[] = [];
  records: Record<string, unknown>[] = [];
  approvals: Record<string, unknown>[] = [];
  attachments: { type: string; name: string; recordId: string; content: string | Buffer; href?: string }[] = [];
  build: Record<string, unknown> = { requestedFor: person('ana'), requestedBy: person('ana') };
  /** Answers first; `undefined` leaves the call to the run. */
  override: (call: RunCall) => Reply | undefined = () => undefined;
  readonly service: RunService;

  constructor(readonly runId = '812') {
    const http: Http = { send: (request) => this.send(request) };
    const collectionUrl = 'https://dev.azure.com/fabrikam';
    this.service = createRunService({
      collectionUrl,
      project: 'Churn',
      runId,
      pipelineId: 14,
      accessToken: token,
      http,
    });
  }

  paths(method: string): string[] {
    return this.calls.filter((call) => call.method === method).map(({ path }) => path);
  }

  private send(request: HttpRequest): Promise<HttpAnswer> {
    const url = new URL(request.url);
    const path = decodeURIComponent(url.pathname.split('/_apis/')[1] ?? '') + decodeURIComponent(url.search);
    const body: unknown = typeof request.body === 'string' ? JSON.parse(request.body) : request.body;
    const call = { method: request.method, path, url, headers: request.headers ?? {}, body };
    this.calls.push(call);
    const { status = 200, body: answered } = this.override(call) ?? this.answer(call);
    const answer = { status, headers: {}, body: answered };
    if (status >= 300 && !request.accept?.includes(status)) {
      return Promise.reject(azureError(`${request.method} ${url.pathname}`, answer));
    }
    return Promise.resolve(answer);
  }

  private answer({ method, path, url, body }: RunCall): Reply {
    const run = `build/builds/${this.runId}`;
    const [route = ''] = path.split('?');
    if (method === 'GET' && route === run) return { body: { id: Number(this.runId), ...this.build } };
    if (method === 'GET' && route === `${run}/timeline`) return { body: { id: timelineId, records: this.records } };
    if (route === `${run}/properties`) return method === 'GET' ? this.readProperty(url) : this.writeProperties(body);
    if (route === 'build/retention/leases') return method === 'GET' ? this.findLeases(url) : this.addLease(body);
    if (route === 'pipelines/approvals') {
      const ids = (url.searchParams.get('approvalIds') ?? '').split(',');
      const value = this.approvals.filter((approval) => ids.includes(String(approval['id'])));
      return { body: { count: value.length, value } };
    }
    const list = /\/attachments\/([^/]+)$/.exec(route);
    if (list && route === `${run}/attachments/${list[1]}`) return { body: this.list(list[1] ?? '') };
    const found = this.attachments.find(
      ({ type, name, recordId }) => route === `${run}/${timelineId}/${recordId}/attachments/${type}/${name}`,
    );
    if (found) return { body: Buffer.from(found.content) };
    return { status: 404, body: { message: `nothing is at ${route}` } };
  }

  private readProperty(url: URL): Reply {
    const name = url.searchParams.get('filter') ?? '';
    const value = this.properties.get(name);
    const shown = value === undefined ? {} : { [name]: { $type: 'System.String', $value: value } };
    return { body: { count: Object.keys(shown).length, value: shown } };
  }

  private writeProperties(body: unknown): Reply {
    for (const { path, value } of body as { path: string; value: string }[]) this.properties.set(path.slice(1), value);
    return { body: { count: 1, value: {} } };
  }

  private findLeases(url: URL): Reply {
    const value = this.leases.filter((lease) =>
      ['ownerId', 'definitionId', 'runId'].every((key) => String(lease[key]) === url.searchParams.get(key)),
    );
    return { body: { count: value.length, value } };
  }

  private addLease(body: unknown): Reply {
    const added = body as Record<string, unknown>[];
    this.leases.push(...added.map((lease, index) => ({ ...lease, leaseId: 90 + index })));
    return { body: { count: added.length, value: added } };
  }

  private list(type: string): unknown {
    const value = this.attachments
      .filter((attachment) => attachment.type === type)
      .map(({ name, recordId, href }) => ({
        name,
        _links: {
          self: {
            href:
              href ??
              `https://dev.azure.com/fabrikam/0aa0/_apis/build/Builds/${this.runId}/${timelineId}/${recordId}/attachments/${type}/${encodeURIComponent(name)}`,
          },
        },
      }));
    return { count: value.length, value };
  }
}

export const timelineId = '55555555-5555-4555-8555-555555555555';

export function person(name: string): Record<string, unknown> {
  return { id: guid(name), displayName: name, uniqueName: `${name}@fabrikam.com` };
}

/** The same id for the same text. */
export function guid(text: string): string {
  const hex = Buffer.from(text.padEnd(6)).toString('hex').padEnd(12, '0').slice(0, 12);
  return `11111111-1111-4111-8111-${hex}`;
}
