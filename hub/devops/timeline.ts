import type { Client } from './client';
import { fields, time, type Reader } from './read';

/** A step of a run: stage, job, task or check. Ids are lower case. */
export interface TimelineRecord {
  id: string;
  parentId?: string;
  type: string;
  name: string;
  identifier?: string;
  refName?: string;
  state: string;
  result?: string;
  /** ISO 8601 with the service's precision. */
  finishTime?: string;
  startTime?: string;
  attempt: number;
}

/** The newest attempt of everything in a run; empty before the run starts. */
export async function getTimeline(client: Client, runId: number, signal?: AbortSignal): Promise<TimelineRecord[]> {
  const answer = await client.send({
    path: `build/builds/${runId}/timeline`,
    apiVersion: '7.1',
    read: (value) => (value === null ? [] : fields(value, 'timeline').list('records', record)),
    signal,
  });
  return answer.value;
}

const record: Reader<TimelineRecord> = (value, where) => {
  const read = fields(value, where);
  return {
    id: read.text('id').toLowerCase(),
    parentId: read.maybeText('parentId')?.toLowerCase(),
    type: read.maybeText('type') ?? '',
    name: read.maybeText('name') ?? '',
    identifier: read.maybeText('identifier'),
    refName: read.maybeText('refName'),
    state: read.maybeText('state') ?? '',
    result: read.maybeText('result'),
    startTime: read.maybe('startTime', time),
    finishTime: read.maybe('finishTime', time),
    attempt: read.maybeNumber('attempt') ?? 1,
  };
};

/** The nearest record of a type on the way up, the record itself included. */
export function ancestor(
  records: ReadonlyMap<string, TimelineRecord>,
  start: TimelineRecord | undefined,
  type: string,
): TimelineRecord | undefined {
  const passed = new Set<string>();
  for (let here = start; here !== undefined && !passed.has(here.id);) {
    if (here.type === type) return here;
    passed.add(here.id);
    here = here.parentId === undefined ? undefined : records.get(here.parentId);
  }
  return undefined;
}

export function byId(records: readonly TimelineRecord[]): Map<string, TimelineRecord> {
  return new Map(records.map((each) => [each.id, each]));
}

/** How a stage is named in evidence: `System.StageName`, which is its identifier. */
export function stageName(stage: TimelineRecord): string {
  return stage.identifier ?? stage.refName ?? stage.name;
}

/** Newest attempt of every stage, by the name that evidence has for it. */
export function stageAttempts(records: readonly TimelineRecord[]): Map<string, number> {
  return new Map(records.filter(({ type }) => type === 'Stage').map((stage) => [stageName(stage), stage.attempt]));
}
