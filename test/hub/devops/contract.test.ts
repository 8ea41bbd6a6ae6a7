import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { decideApproval, getApprovals, queryApprovals } from '../../../hub/devops/approvals';
import { listAttachments, readAttachment } from '../../../hub/devops/attachments';
import { buildsByIds, getBuild, getProperties, listBuilds } from '../../../hub/devops/builds';
import { getChanges, getChangesBetween } from '../../../hub/devops/changes';
import { getCheckRuns, queryChecks } from '../../../hub/devops/checks';
import type { Client } from '../../../hub/devops/client';
import { listDefinitions } from '../../../hub/devops/definitions';
import { listEnvironments } from '../../../hub/devops/environments';
import { evaluatePermissions } from '../../../hub/devops/security';
import { listOwnTeams } from '../../../hub/devops/teams';
import { getTimeline } from '../../../hub/devops/timeline';
import { contracts, hasContracts } from '../../support/contracts';
import { FakeService, type Asked } from './fake-service';

interface Parameter {
  name?: string;
  in?: string;
  enum?: string[];
  required?: boolean;
  $ref?: string;
  'x-ms-required'?: boolean;
}
interface Document {
  paths: Record<string, Record<string, { parameters: Parameter[] } | undefined>>;
  parameters: Record<string, { description: string }>;
}

const id = '7e90b9f7-f3f8-4548-a108-8b80c0fa80e7';
const root = 'https://dev.azure.com/fabrikam/11111111-1111-1111-1111-111111111111/_apis';

/** Every request that the client can make, with each of its options. */
const requests: Record<string, (client: Client) => Promise<unknown>> = {
  'runs by tag': (client) =>
    listBuilds(client, {
      tags: ['mlops'],
      properties: ['p'],
      top: 5,
      continuationToken: 't',
      maxTime: '2026-11-20T00:00:00Z',
    }),
  'runs by id': (client) => buildsByIds(client, [1, 2]),
  run: (client) => getBuild(client, 1),
  properties: (client) => getProperties(client, 1, ['p']),
  attachments: (client) => listAttachments(client, 1, 'mlops.smoke.v1'),
  'attachment bytes': (client) =>
    readAttachment(client, {
      recordId: id,
      content: new URL(`${root}/build/builds/1/${id}/${id}/attachments/mlops.smoke.v1/a.json`),
    }),
  timeline: (client) => getTimeline(client, 1),
  changes: (client) => getChanges(client, 1),
  'changes between': (client) => getChangesBetween(client, 1, 2),
  definitions: (client) => listDefinitions(client),
  approvals: (client) => queryApprovals(client, { state: 'pending', assignedTo: 'u', top: 5 }),
  'approvals by id': (client) => getApprovals(client, [id]),
  decision: (client) =>
    decideApproval(client, { approvalId: id, status: 'approved', comment: 'x', deferredTo: '2026-11-20T00:00:00Z' }),
  checks: (client) => queryChecks(client, [1]),
  'check runs': (client) => getCheckRuns(client, id),
  environments: (client) => listEnvironments(client),
  permissions: (client) => evaluatePermissions(client, [{ namespace: id, token: 't', permissions: 1 }]),
  teams: (client) => listOwnTeams(client),
};

/** Described in no contract that is here. */
const undescribed = ['security/permissionevaluationbatch', `projects/11111111-1111-1111-1111-111111111111/teams`];
/** New in 7.2 and so not in the description of 7.1, where it was called `userIds`. */
const newer = ['assignedTo'];

async function askedBy(request: (client: Client) => Promise<unknown>): Promise<Asked> {
  const service = new FakeService();
  const any = (): unknown => ({
    id: 1,
    value: [{ id, status: 'pending', createdOn: '2026-11-20T00:00:00Z', permissions: '' }],
  });
  for (const method of ['GET', 'POST', 'PATCH']) service.on(method, /./, any);
  // Answers that do not fit are no matter here: the request was made.
  await request(service.client()).catch(() => undefined);
  const [asked] = service.asked;
  assert.ok(asked);
  return asked;
}

function documents(): Document[] {
  const files = [
    'build/7.1/build.json',
    'approvalsAndChecks/7.1/pipelinesapproval.json',
    'approvalsAndChecks/7.1/pipelinesChecks.json',
    'environments/7.2/environments.json',
  ];
  return files.map((file) => {
    const text = readFileSync(path.join(contracts, 'azure-devops/specification', file), 'utf8');
    return JSON.parse(text.replace(/^\uFEFF/, '')) as Document;
  });
}

interface Operation {
  parameters: Parameter[];
  version: string;
}

function find(all: readonly Document[], { method, url }: Asked): Operation | undefined {
  const parts = url.pathname.split('/').slice(1);
  const matches = all.flatMap((document) =>
    Object.entries(document.paths).flatMap(([template, operations]) => {
      const parameters = operations[method.toLowerCase()]?.parameters;
      if (parameters === undefined) return [];
      const expected = template.split('/').slice(1);
      const last = parameters.find(({ name }) => `{${name ?? ''}}` === expected.at(-1));
      if (last?.['x-ms-required'] === false && parts.length === expected.length - 1) expected.pop();
      if (parts.length !== expected.length) return [];
      const literal = expected.filter(
        (part, at) => part.toLowerCase() === decodeURIComponent(parts[at] ?? '').toLowerCase(),
      );
      const fits = expected.every((part, at) => part.startsWith('{') || literal.includes(part) || !parts[at]);
      const reference = parameters.flatMap(({ $ref }) => $ref?.split('/').at(-1) ?? []).at(-1) ?? '';
      const version = /'([^']+)'/.exec(document.parameters[reference]?.description ?? '')?.[1] ?? '';
      return fits ? [{ parameters, version, literal: literal.length }] : [];
    }),
  );
  return matches.sort((left, right) => right.literal - left.literal)[0];
}

describe('requests to Azure DevOps (need ../shared/contracts)', () => {
  for (const [name, request] of Object.entries(requests)) {
    it(`are as described: ${name}`, async function () {
      if (!hasContracts('azure-devops', 'specification')) return this.skip();
      const asked = await askedBy(request);
      const operation = find(documents(), asked);
      if (undescribed.includes(asked.path)) {
        assert.equal(operation, undefined);
        return;
      }
      assert.ok(operation, `${asked.method} ${asked.path} is not described`);
      const query = new Map(
        operation.parameters.filter((each) => each.in === 'query').map((each) => [each.name, each]),
      );
      for (const [key, value] of asked.url.searchParams) {
        if (newer.includes(key)) continue;
        const described = query.get(key);
        assert.ok(described, `${asked.path} has no parameter ${key}`);
        if (described.enum) assert.ok(described.enum.includes(value), `${key}=${value}`);
      }
      for (const [key, { required }] of query) assert.ok(!required || asked.url.searchParams.has(key ?? ''), key);
      const version = /api-version=(.+)$/.exec(asked.headers['Accept'] ?? '')?.[1] ?? '';
      const wanted = asked.path.startsWith('pipelines/approvals') ? '7.2-preview.2' : operation.version;
      assert.equal(version, wanted);
    });
  }
});
