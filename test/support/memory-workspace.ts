import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { textAt } from '../../lib/agent/json';
import type { Subscription } from '../../lib/azure/open';
import { FakeAgent } from './fake-agent';
import { armFault, FakeAssets, FakeAzure, workspaceId, type Answer } from './fake-azure';

/** Secrets that the service takes and never answers. */
const unanswered = /^(?:secrets|key|pat|adminUserPassword)$/;

/** A workspace in memory that keeps what is put into it and answers it again, as Resource Manager does. */
export class MemoryWorkspace {
  readonly agent = new FakeAgent();
  readonly fake = new FakeAzure(this.agent);
  readonly resources = new Map<string, unknown>();
  readonly assets: FakeAssets;

  constructor({ exists = true } = {}) {
    this.assets = new FakeAssets(this.fake);
    this.fake.on('GET', '{ws}(?:/.+)?', ({ path: at }) => this.get(at));
    this.fake.on('PUT', '{ws}(?:/(?!codes).+)?', ({ path: at, body }) => this.put(at, body));
    this.fake.on('PATCH', '{ws}', ({ path: at, body }) =>
      this.put(at, merged(this.resources.get(at.toLowerCase()), body)),
    );
    if (exists) this.put(workspaceId, { location: 'westeurope', properties: {} });
  }

  get subscription(): Subscription {
    const { azure } = this.fake;
    return {
      ...azure,
      workspaceId,
      enter: (body) => ({
        ...azure,
        workspace: { ...azure.workspace, location: textAt(body, 'location') ?? azure.workspace.location },
      }),
    };
  }

  /** Everything that was sent and might change something. */
  get writes(): string[] {
    return this.fake.seen
      .filter(({ method }) => method !== 'GET' && method !== 'HEAD')
      .map(({ method, path: at }) => `${method} ${short(at)}`);
  }

  at(resource: string): unknown {
    return this.resources.get(`${workspaceId}/${resource}`.toLowerCase());
  }

  put(at: string, body: unknown): Answer {
    const key = at.toLowerCase();
    const isNew = !this.resources.has(key);
    const [, container, version] = /^(.+)\/versions\/([^/]+)$/.exec(at) ?? [];
    this.resources.set(key, { id: at, name: at.split('/').at(-1), ...(answered(body) as object) });
    if (container !== undefined && version !== undefined) {
      const nextVersion = String(Number(version) + 1);
      this.resources.set(container.toLowerCase(), { properties: { latestVersion: version, nextVersion } });
    }
    return { status: isNew ? 201 : 200, body: this.resources.get(key) };
  }

  private get(at: string): Answer | undefined {
    const found = this.resources.get(at.toLowerCase());
    if (found !== undefined) return { body: found };
    if (/\/(?:codes\/|datastores\/workspaceblobstore$)/.test(at)) return undefined;
    return armFault(404, 'ResourceNotFound', at);
  }
}

function answered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(answered);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !unanswered.test(key))
      .map(([key, inner]) => [key, answered(inner)]),
  );
}

function merged(old: unknown, change: unknown): unknown {
  if (typeof old !== 'object' || old === null || typeof change !== 'object' || change === null) return change;
  const members = new Map<string, unknown>(Object.entries(old));
  for (const [key, value] of Object.entries(change)) members.set(key, merged(members.get(key), value));
  return Object.fromEntries(members);
}

function short(at: string): string {
  return at.replace(workspaceId, '').replace(/^\//, '');
}

/** A folder with these files. */
export function folderWith(files: Record<string, string>): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'files-'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), content);
  }
  return folder;
}
