import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Run, RunRequest, TimelineRecord } from '../../../local/agent/server';
import { startDevOps, type DevOpsOptions, type LocalDevOps, type User } from '../../../local/devops';
import { isObject } from '../../../local/devops/shape';

/** A folder that is gone after the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'devops-test-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export async function start(options: Partial<DevOpsOptions> = {}): Promise<LocalDevOps> {
  return startDevOps({ stateDir: options.stateDir ?? temporaryFolder(), ...options });
}

export function user(devops: LocalDevOps, name: 'ana' | 'ben' | 'cleo' | 'dora' | 'emil'): User {
  const found = devops.users.find((one) => one.shortName === name);
  assert.ok(found, `user ${name}`);
  return found;
}

export const request: RunRequest = {
  yamlFile: 'azure-pipelines.yml',
  pipelineName: 'diabetes',
  requestedFor: 'ana',
  repository: { name: 'diabetes', url: 'file:///diabetes', branch: 'refs/heads/main', commit: 'a'.repeat(40) },
  templateParameters: { alpha: '0.5' },
  variables: {},
};

export function stage(name: string, more: Partial<TimelineRecord> = {}): TimelineRecord {
  return {
    id: randomUUID(),
    type: 'Stage',
    name,
    identifier: name,
    refName: name,
    state: 'pending',
    order: 1,
    attempt: 1,
    ...more,
  };
}

export interface Reply {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
}

/** A REST call as a person or a job, given the token. The path begins behind the collection. */
export async function call(
  devops: LocalDevOps,
  token: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<Reply> {
  const response = await fetch(`${devops.url}/${path}`, {
    method,
    headers: {
      authorization: `Basic ${Buffer.from(`:${token}`).toString('base64')}`,
      'content-type': 'application/json',
      accept: 'application/json',
      // A server that starts again at the same port must not be asked through what is left of a connection to the one before.
      connection: 'close',
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  const parsed: unknown = text === '' ? {} : JSON.parse(text);
  // Deleting entries of a list answers whether there were any.
  if (typeof parsed === 'boolean')
    return { status: response.status, headers: response.headers, body: { answer: parsed } };
  assert.ok(isObject(parsed) || parsed === null, `${method} ${path} answered ${text}`);
  return { status: response.status, headers: response.headers, body: parsed ?? {} };
}

/** The entries of a list answer. */
export function values(reply: Reply): Record<string, unknown>[] {
  assert.equal(reply.status, 200, JSON.stringify(reply.body));
  const { value, count } = reply.body;
  assert.ok(Array.isArray(value));
  assert.equal(count, value.length);
  return value.map((one: unknown) => {
    assert.ok(isObject(one));
    return one;
  });
}

export async function newRun(devops: LocalDevOps, more: Partial<RunRequest> = {}): Promise<Run> {
  return devops.server.createRun({ ...request, ...more });
}
