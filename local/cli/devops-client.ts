import { createHash } from 'node:crypto';

import { check, isObject, list, number, optional, shape, text, type Check, type Of } from '../devops/shape';
import { Failure } from './errors';
import { send } from './http';
import type { Running } from './running';

const buildShape = shape({
  id: number,
  buildNumber: text,
  status: text,
  result: optional(text),
  startTime: optional(text),
  finishTime: optional(text),
  queueTime: text,
  definition: shape({ id: number, name: text }),
  requestedFor: shape({ id: text, displayName: text }),
  _links: shape({ web: shape({ href: text }) }),
});
export type Build = Of<typeof buildShape>;

const definitionShape = shape({
  id: number,
  name: text,
  process: shape({ yamlFilename: text }),
  repository: shape({ url: text }),
});

const recordShape = shape({
  id: text,
  parentId: optional(text),
  type: text,
  name: text,
  identifier: optional(text),
  refName: optional(text),
  state: text,
  result: optional(text),
  startTime: optional(text),
  finishTime: optional(text),
  order: optional(number),
  attempt: optional(number),
  percentComplete: optional(number),
  currentOperation: optional(text),
  log: optional(shape({ id: number })),
  issues: optional(list(shape({ type: text, message: text }))),
});
export type TimelineRecord = Of<typeof recordShape>;

const timelineShape = shape({ changeId: number, records: list(recordShape) });
export type Timeline = Of<typeof timelineShape>;

const personShape = shape({ id: text, displayName: text });
const approvalShape = shape({
  id: text,
  status: text,
  createdOn: text,
  instructions: optional(text),
  permissions: optional(text),
  blockedApprovers: list(personShape),
  steps: list(
    shape({
      assignedApprover: personShape,
      actualApprover: optional(personShape),
      status: text,
      comment: optional(text),
    }),
  ),
  pipeline: shape({ owner: shape({ id: number, name: text }), name: text }),
});
export type Approval = Of<typeof approvalShape>;

const attachmentShape = shape({ name: text, _links: shape({ self: shape({ href: text }) }) });
export type User = Running['devops']['users'][number];

/** The REST API of Azure DevOps in the name of one person. Throws a Failure with the service's own message. */
export class DevOpsClient {
  constructor(
    private readonly devops: Running['devops'],
    readonly user: User,
  ) {}

  /** The pipeline of that file in that repository: the one that is there, or a new one of a free name. */
  async definition(
    name: string,
    yamlFile: string,
    repository: { name: string; url: string; branch: string },
  ): Promise<number> {
    const known = (await this.ask('GET', 'build/definitions?api-version=7.1', shape({ value: list(definitionShape) })))
      .value;
    const same = known.find((one) => one.process.yamlFilename === yamlFile && one.repository.url === repository.url);
    if (same) return same.id;
    let free = name;
    for (let number = 2; known.some((one) => one.name.toLowerCase() === free.toLowerCase()); number += 1)
      free = `${name}-${number}`;
    const body = {
      name: free,
      process: { type: 2, yamlFilename: yamlFile },
      repository: { name: repository.name, url: repository.url, defaultBranch: repository.branch, type: 'TfsGit' },
    };
    return (await this.ask('POST', 'build/definitions?api-version=7.1', definitionShape, body)).id;
  }

  queue(
    definitionId: number,
    templateParameters: Record<string, unknown>,
    variables: Record<string, string>,
  ): Promise<Build> {
    const parameters = JSON.stringify(variables);
    return this.ask('POST', 'build/builds?api-version=7.1', buildShape, {
      definition: { id: definitionId },
      templateParameters,
      parameters,
    });
  }

  build(id: number): Promise<Build> {
    return this.ask('GET', `build/builds/${id}?api-version=7.1`, buildShape);
  }

  async builds(query: string): Promise<Build[]> {
    return (await this.ask('GET', `build/builds?${query}&api-version=7.1`, shape({ value: list(buildShape) }))).value;
  }

  async cancel(id: number): Promise<void> {
    await this.ask('PATCH', `build/builds/${id}?api-version=7.1`, buildShape, { status: 'cancelling' });
  }

  timeline(id: number): Promise<Timeline> {
    return this.ask('GET', `build/builds/${id}/timeline?api-version=7.1`, timelineShape);
  }

  async log(id: number, logId: number): Promise<string[]> {
    return (await this.ask('GET', `build/builds/${id}/logs/${logId}?api-version=7.1`, shape({ value: list(text) })))
      .value;
  }

  /** The attachments of a type, the latest last: the timeline record each hangs on, the sha256 of its bytes, and its content, where that is JSON. */
  async attachments(
    id: number,
    type: string,
  ): Promise<{ name: string; recordId: string; sha256: string; content: unknown }[]> {
    const path = `build/builds/${id}/attachments/${encodeURIComponent(type)}?api-version=7.1`;
    const { value } = await this.ask('GET', path, shape({ value: list(attachmentShape) }));
    const found = [];
    for (const one of value) {
      const { href } = one._links.self;
      const answer = await send({ url: href, headers: this.headers });
      if (answer.status !== 200)
        throw new Failure(`Attachment '${one.name}' of run ${id} cannot be read (HTTP ${answer.status}).`);
      const sha256 = createHash('sha256').update(answer.body).digest('hex');
      found.push({ name: one.name, recordId: recordOf(href), sha256, content: parsed(answer.body) });
    }
    return found;
  }

  async approvals(query: string): Promise<Approval[]> {
    const path = `pipelines/approvals?${query}&$expand=permissions&api-version=7.2-preview.2`;
    return (await this.ask('GET', path, shape({ value: list(approvalShape) }))).value;
  }

  async decide(approvalId: string, status: 'approved' | 'rejected', comment: string): Promise<Approval> {
    const body = [{ approvalId, status, comment }];
    const path = 'pipelines/approvals?$expand=permissions&api-version=7.2-preview.2';
    const { value } = await this.ask('PATCH', path, shape({ value: list(approvalShape) }), body);
    const [decided] = value;
    if (!decided) throw new Failure(`Azure DevOps did not answer with approval ${approvalId}.`);
    return decided;
  }

  async deployments(environment: string): Promise<{ result: string; owner: { id: number } }[]> {
    const found = await this.ask(
      'GET',
      `pipelines/environments?name=${encodeURIComponent(environment)}&api-version=7.1`,
      shape({ value: list(shape({ id: number })) }),
    );
    const id = found.value[0]?.id;
    if (id === undefined) return [];
    const record = shape({ result: text, owner: shape({ id: number }) });
    return (
      await this.ask(
        'GET',
        `pipelines/environments/${id}/environmentdeploymentrecords?api-version=7.1`,
        shape({ value: list(record) }),
      )
    ).value;
  }

  private get headers(): Record<string, string> {
    return { authorization: `Basic ${Buffer.from(`:${this.user.token}`).toString('base64')}` };
  }

  private async ask<T>(method: string, path: string, answer: Check<T>, body?: unknown): Promise<T> {
    const url = `${this.devops.url}/${encodeURIComponent(this.devops.project)}/_apis/${path}`;
    const response = await send({ method, url, body, headers: this.headers });
    const content: unknown = response.body.length === 0 ? undefined : JSON.parse(response.body.toString('utf8'));
    if (response.status >= 400) {
      const message =
        isObject(content) && typeof content.message === 'string' ? content.message : `HTTP ${response.status}`;
      throw new Failure(message);
    }
    return check(answer, content, `${method} ${path}`);
  }
}

/** The record in `…/<timeline>/<record>/attachments/<type>/<name>`: the service gives it nowhere else. */
function recordOf(href: string): string {
  const [, recordId] = /\/([0-9a-f-]{36})\/attachments\//i.exec(new URL(href).pathname) ?? [];
  if (recordId === undefined) throw new Failure(`The address of an attachment names no record: ${href}`);
  return recordId;
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** The person of that name (display name, mail address or first name). */
export function userNamed(devops: Running['devops'], name: string): User {
  const wanted = name.trim().toLowerCase();
  const found = devops.users.find((one) =>
    [one.shortName, one.displayName, one.mail, one.id].some((key) => key.toLowerCase() === wanted),
  );
  if (!found) {
    const names = devops.users.map((one) => `${one.shortName} (${one.displayName})`).join(', ');
    throw new Failure(`There is no user '${name}'. The users are ${names}.`);
  }
  return found;
}
