import type { Run } from '../data/types';
import type { Answer, Client } from './client';
import { runPage, type Connection } from './connection';
import { ownLink } from './links';
import { plainPerson } from './person';
import { envelope, fields, id, isRecord, text, time, type Reader } from './read';

const apiVersion = '7.1';

/** A run with the build properties that came with it. */
export interface Build {
  run: Run;
  /** Values that are text; empty when the answer carried none. */
  properties: Record<string, string>;
  /** Whether the answer spoke of properties at all. */
  hasProperties: boolean;
  deleted: boolean;
}

export interface BuildQuery {
  tags: readonly string[];
  properties: readonly string[];
  top: number;
  continuationToken?: string;
  /** Only runs queued at this time or before, ISO 8601. */
  maxTime?: string;
}

/** Runs that carry all the tags, the one queued last first. Only those of pipelines that the viewer may see. */
export function listBuilds(client: Client, query: BuildQuery, signal?: AbortSignal): Promise<Answer<Build[]>> {
  return client.send({
    path: 'build/builds',
    query: {
      tagFilters: query.tags.join(),
      properties: query.properties.join() || undefined,
      $top: query.top,
      queryOrder: 'queueTimeDescending',
      continuationToken: query.continuationToken,
      maxTime: query.maxTime,
    },
    apiVersion,
    read: envelope(buildReader(client.connection), 'builds'),
    signal,
  });
}

/** An address longer than about 2,000 characters is refused by some proxies. */
const idsPerRequest = 100;

/** The runs of these ids that the viewer may see, in no particular order. */
export async function buildsByIds(
  client: Client,
  ids: readonly number[],
  properties: readonly string[] = [],
  signal?: AbortSignal,
): Promise<Build[]> {
  const asked = [...new Set(ids)];
  const chunks: number[][] = [];
  for (let start = 0; start < asked.length; start += idsPerRequest)
    chunks.push(asked.slice(start, start + idsPerRequest));
  const answers = await Promise.all(
    chunks.map((chunk) =>
      client.send({
        path: 'build/builds',
        query: { buildIds: chunk.join(), properties: properties.join() || undefined },
        apiVersion,
        read: envelope(buildReader(client.connection), 'builds'),
        signal,
      }),
    ),
  );
  return answers.flatMap(({ value }) => value).filter(({ deleted }) => !deleted);
}

export async function getBuild(client: Client, runId: number, signal?: AbortSignal): Promise<Build> {
  const read = buildReader(client.connection);
  const answer = await client.send({
    path: `build/builds/${runId}`,
    apiVersion,
    read: (value) => read(value, 'build'),
    signal,
  });
  return answer.value;
}

/** Build properties of a run; all of them when no names are given. */
export async function getProperties(
  client: Client,
  runId: number,
  names: readonly string[] = [],
  signal?: AbortSignal,
): Promise<Record<string, string>> {
  const answer = await client.send({
    path: `build/builds/${runId}/properties`,
    query: { filter: names.join() || undefined },
    apiVersion,
    read: (value) => propertyTexts(fields(value, 'properties').value('value')),
    signal,
  });
  return answer.value;
}

/** `{"name": {"$type": "System.String", "$value": "…"}}`; values of other types are none of ours. */
function propertyTexts(value: unknown): Record<string, string> {
  const texts: [string, string][] = [];
  for (const [name, property] of Object.entries(isRecord(value) ? value : {})) {
    const plain = isRecord(property) ? property['$value'] : property;
    if (typeof plain === 'string') texts.push([name, plain]);
  }
  return Object.fromEntries(texts);
}

function buildReader(connection: Connection): Reader<Build> {
  return (value, where) => {
    const build = fields(value, where);
    const properties = propertyTexts(build.value('properties'));
    return {
      run: readRun(connection, value, where),
      properties,
      hasProperties: Object.keys(properties).length > 0,
      deleted: build.maybeFlag('deleted') ?? false,
    };
  };
}

function readRun(connection: Connection, value: unknown, where: string): Run {
  const build = fields(value, where);
  const runId = build.required('id', id);
  const definition = build.maybeFields('definition');
  const web = build.maybeFields('_links')?.maybeFields('web')?.value('href');
  return {
    id: runId,
    number: build.maybeText('buildNumber') ?? String(runId),
    url: ownLink(connection, web)?.href ?? runPage(connection, runId),
    pipeline: {
      id: definition?.maybe('id', id) ?? 0,
      name: definition?.maybeText('name') ?? 'unknown',
      folder: definition?.maybeText('path') ?? '\\',
    },
    branch: (build.maybeText('sourceBranch') ?? '').replace(/^refs\/heads\//, ''),
    commit: build.maybeText('sourceVersion') ?? '',
    requestedFor: build.maybe('requestedFor', plainPerson) ?? { id: '', displayName: 'unknown' },
    requestedBy: build.maybe('requestedBy', plainPerson),
    reason: build.maybeText('reason') ?? '',
    status: build.maybeText('status') ?? '',
    result: build.maybeText('result'),
    queuedAt: build.maybe('queueTime', time) ?? build.maybe('startTime', time) ?? '1970-01-01T00:00:00Z',
    finishedAt: build.maybe('finishTime', time),
    tags: build.list('tags', text),
  };
}
