import { createHash } from 'node:crypto';
import { canonicalJson } from '../../../lib/evidence/canonical';
import { json, projectId, type FakeService } from '../devops/fake-service';

export interface SampleAttachment {
  kind: string;
  name: string;
  /** Bytes; a value is written as canonical JSON. */
  content: unknown;
  /** Left by an attempt that is no longer the current one. */
  old?: boolean;
  /** Left by another step of the stage than the others. */
  step?: string;
}

export interface SampleStage {
  name: string;
  finishTime?: string;
  attachments?: SampleAttachment[];
  /** Id of an approval that the stage waits for. */
  approval?: string;
  started?: boolean;
  /** When the step that attached began, and when it ended. */
  taskStart?: string;
  taskEnd?: string;
  /** First when absent. */
  attempt?: number;
}

export interface Sample {
  id: number;
  requestedFor?: string;
  requestedBy?: string;
  finishTime?: string;
  tags?: string[];
  stages: SampleStage[];
  properties?: Record<string, unknown>;
}

const timelineId = 'aaaaaaaa-0000-4000-8000-000000000000';

/** A guid that depends on the text only. */
export function guid(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

export function textOf(content: unknown): string {
  return typeof content === 'string' ? content : canonicalJson(content);
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

export function buildOf({
  id,
  requestedFor = 'someone',
  requestedBy = requestedFor,
  finishTime,
  tags = ['mlops'],
}: Sample): Record<string, unknown> {
  return {
    id,
    buildNumber: `20261120.${id}`,
    status: finishTime === undefined ? 'inProgress' : 'completed',
    result: finishTime === undefined ? undefined : 'succeeded',
    queueTime: '2026-11-20T09:00:00Z',
    finishTime,
    definition: { id: 14, name: 'churn-train', path: '\\mlops\\team-a' },
    sourceBranch: 'refs/heads/main',
    sourceVersion: 'abc',
    requestedFor: { id: requestedFor, displayName: 'Someone', uniqueName: 'someone@fabrikam.test' },
    requestedBy: { id: requestedBy, displayName: 'Who queued' },
    tags,
    _links: { web: { href: `https://dev.azure.com/fabrikam/${projectId}/_build/results?buildId=${id}` } },
  };
}

/** Teaches a service a run with its timeline, attachments and properties. `sample` may change between requests. */
export function serveRun(service: FakeService, sample: Sample): FakeService {
  const base = `build/builds/${sample.id}`;
  service.on('GET', new RegExp(`^${base}$`), () => buildOf(sample));
  service.on('GET', new RegExp(`^${base}/timeline$`), () => ({ id: timelineId, records: recordsOf(sample) }));
  service.on('GET', new RegExp(`^${base}/properties$`), () => ({ count: 1, value: propertiesOf(sample) }));
  service.list(new RegExp(`^${base}/attachments/[^/]+$`), ({ path }) =>
    attachmentsOf(sample)
      .filter(({ kind }) => path.endsWith(`/${kind}`))
      .map(({ name, href }) => ({ name, _links: { self: { href } } })),
  );
  service.on('GET', new RegExp(`^${base}/${timelineId}/`), ({ url }) => {
    const found = attachmentsOf(sample).find(({ href }) => href === url.href);
    return found === undefined ? json({ message: 'no such attachment' }, 404) : new Response(textOf(found.content));
  });
  return service;
}

function propertiesOf({ properties = {} }: Sample): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, value]) => [
      name,
      { $type: 'System.String', $value: typeof value === 'string' ? value : JSON.stringify(value) },
    ]),
  );
}

function attachmentsOf({ id, stages }: Sample): (SampleAttachment & { href: string })[] {
  return stages.flatMap((stage) =>
    (stage.attachments ?? []).map((attachment) => {
      const step = attachment.step === undefined ? '' : `/${attachment.step}`;
      const record = guid(`${stage.name}/task${step}${attachment.old ? '/old' : ''}`);
      const href = `https://dev.azure.com/fabrikam/${projectId}/_apis/build/builds/${id}/${timelineId}/${record}/attachments/${attachment.kind}/${attachment.name}`;
      return { ...attachment, href };
    }),
  );
}

function recordsOf({ stages }: Sample): Record<string, unknown>[] {
  return stages.flatMap((stage) => {
    const { name, finishTime, approval } = stage;
    const state = finishTime === undefined ? 'pending' : 'completed';
    const started = stage.started ?? finishTime !== undefined;
    const id = guid(name);
    const checkpoint = guid(`${name}/checkpoint`);
    const steps = new Set((stage.attachments ?? []).flatMap(({ step }) => step ?? []));
    return [
      { id, type: 'Stage', name: `The stage ${name}`, identifier: name, state, finishTime, attempt: stage.attempt },
      { id: guid(`${name}/phase`), parentId: id, type: 'Phase', name, state },
      {
        id: guid(`${name}/job`),
        parentId: guid(`${name}/phase`),
        type: 'Job',
        name,
        state,
        startTime: started ? '2026-11-20T09:01:00Z' : undefined,
      },
      // Ids come in either case.
      {
        id: guid(`${name}/task`).toUpperCase(),
        parentId: guid(`${name}/job`),
        type: 'Task',
        name,
        state,
        startTime: stage.taskStart,
        finishTime: stage.taskEnd,
      },
      ...[...steps].map((step) => ({
        id: guid(`${name}/task/${step}`),
        parentId: guid(`${name}/job`),
        type: 'Task',
        name: step,
        state,
      })),
      ...(approval === undefined
        ? []
        : [
            { id: checkpoint, parentId: id, type: 'Checkpoint', name: 'Checkpoint', state },
            { id: approval, parentId: checkpoint, type: 'Checkpoint.Approval', name: 'Approval', state },
          ]),
    ];
  });
}

/** A record that fits its schema. */
export const dataSanity = (verdict = 'passed'): Record<string, unknown> => ({
  kind: 'mlops.data-sanity.v1',
  verdict,
  contract: { sha256: 'c'.repeat(64) },
  dataFingerprint: 'd'.repeat(64),
  rowCount: 100,
  files: [],
  checks: [],
});

export const indexOf = (
  stage: string,
  name: string,
  content: unknown,
  facts: Record<string, unknown>,
  at = '2026-11-20T09:10:00Z',
): Record<string, unknown> => ({ name, sha256: sha256(textOf(content)), stage, at, ...facts });
