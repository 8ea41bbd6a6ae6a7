import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Context } from '../context';
import { ServiceError } from '../errors';
import { listed, type Call, type Route } from '../http';
import { locations } from '../locations';
import type { StoredRun } from '../model';
import { visibleRun } from '../permissions';
import { zipOf } from '../zip';
import { integer } from './values';

/** What hangs on a build: timeline, logs, attachments, artifacts, stages. */
export function buildPartRoutes(context: Context): Route[] {
  const { collection, runs, documents } = context;
  const runOf = (call: Call): StoredRun =>
    visibleRun(collection, call.caller, runs.get(integer(call.params.buildId, 'buildId')));
  return [
    {
      location: locations.timeline,
      method: 'GET',
      handle: (call) => {
        const run = runOf(call);
        const { timelineId } = call.params;
        if (timelineId !== undefined && timelineId.toLowerCase() !== run.timelineId) {
          throw new ServiceError(
            404,
            'TimelineNotFoundException',
            `No timeline with ID ${timelineId} exists in build ${run.id}.`,
          );
        }
        const since = call.option('changeId');
        // Nothing newer than the caller has already: the service answers without content.
        if (since !== undefined && integer(since, 'changeId') >= run.changeId) return { status: 204 };
        return { json: documents.timeline(run) };
      },
    },
    { location: locations.logs, method: 'GET', handle: (call) => logs(context, runOf(call), call) },
    {
      location: locations.attachments,
      method: 'GET',
      handle: (call) => {
        const run = runOf(call);
        const type = (call.params.type ?? '').toLowerCase();
        const found = run.attachments.filter((one) => one.type.toLowerCase() === type);
        const base = `${documents.runUrl(run)}/${run.timelineId}`;
        return listed(
          found.map(({ recordId, type: own, name }) => ({
            _links: {
              self: { href: `${base}/${recordId}/attachments/${encodeURIComponent(own)}/${encodeURIComponent(name)}` },
            },
            name,
          })),
        );
      },
    },
    {
      location: locations.attachment,
      method: 'GET',
      handle: (call) => {
        const run = runOf(call);
        const { timelineId, recordId, type, name } = call.params;
        const found = run.attachments.find(
          (one) =>
            timelineId?.toLowerCase() === run.timelineId &&
            same(one.recordId, recordId) &&
            same(one.type, type) &&
            same(one.name, name),
        );
        if (!found)
          throw new ServiceError(
            404,
            'AttachmentNotFoundException',
            `Build ${run.id} has no attachment '${name ?? ''}' of type '${type ?? ''}'.`,
          );
        return { status: 200, file: join(runs.folder(run), 'attachments', found.file) };
      },
    },
    { location: locations.artifacts, method: 'GET', handle: (call) => artifacts(context, runOf(call), call) },
    {
      location: locations.stages,
      method: 'PATCH',
      handle: (call) => {
        const run = runOf(call);
        throw new ServiceError(
          400,
          'StageRetryNotSupportedException',
          `Stage '${call.params.stageRefName ?? ''}' of build ${run.id} cannot be run again here: the local agent does not re-run single stages. Queue a new run; the tasks take up what earlier runs have done.`,
        );
      },
    },
    // The working copy is run as it is: there is no push whose changes could be listed.
    { location: locations.changes, method: 'GET', handle: (call) => (runOf(call), listed([])) },
    { location: locations.changesBetween, method: 'GET', handle: (call) => changesBetween(context, call) },
  ];
}

/** As little is known of what lies between two runs; but both must be there, and of the caller's to see. */
function changesBetween({ collection, runs }: Context, call: Call): ReturnType<Route['handle']> {
  for (const name of ['fromBuildId', 'toBuildId'])
    visibleRun(collection, call.caller, runs.get(integer(call.option(name), name)));
  return listed([]);
}

function logs(context: Context, run: StoredRun, call: Call): ReturnType<Route['handle']> {
  const base = context.documents.runUrl(run);
  const { logId } = call.params;
  if (logId === undefined) {
    return listed(
      run.logs.map((log) => ({
        lineCount: log.lineCount,
        createdOn: log.createdOn,
        lastChangedOn: log.lastChangedOn,
        id: log.id,
        type: 'Container',
        url: `${base}/logs/${log.id}`,
      })),
    );
  }
  const log = run.logs.find((one) => one.id === integer(logId, 'logId'));
  if (!log) throw new ServiceError(404, 'BuildLogNotFoundException', `Build ${run.id} has no log ${logId}.`);
  const lines = readFileSync(context.runs.logFile(run, log.id), 'utf8').split('\n').slice(0, -1);
  const first = Number(call.option('startLine') ?? 0);
  const last = Number(call.option('endLine') ?? lines.length);
  const part = lines.slice(Math.max(0, first), last);
  if (/text\/plain|application\/octet-stream/.test(call.accept) || !/json/.test(call.accept)) {
    return { text: part.map((line) => `${line}\n`).join('') };
  }
  return listed(part);
}

function artifacts(context: Context, run: StoredRun, call: Call): ReturnType<Route['handle']> {
  const base = `${context.documents.runUrl(run)}/artifacts`;
  const document = (artifact: StoredRun['artifacts'][number]): Record<string, unknown> => {
    const url = `${base}?artifactName=${encodeURIComponent(artifact.name)}&api-version=7.1`;
    return {
      id: artifact.id,
      name: artifact.name,
      source: artifact.source,
      resource: {
        type: 'PipelineArtifact',
        data: `${run.id}/${artifact.name}`,
        properties: { RootId: '', artifactsize: String(artifact.size) },
        url,
        downloadUrl: `${url}&%24format=zip`,
      },
    };
  };
  const name = call.params.artifactName ?? call.option('artifactName');
  if (name === undefined) return listed(run.artifacts.map(document));
  const found = run.artifacts.find((one) => same(one.name, name));
  if (!found)
    throw new ServiceError(404, 'ArtifactNotFoundException', `Artifact ${name} was not found for build ${run.id}.`);
  const zip = call.option('$format')?.toLowerCase() === 'zip' || /application\/zip/.test(call.accept);
  if (!zip) return { json: document(found) };
  return {
    status: 200,
    headers: { 'content-type': 'application/zip', 'content-disposition': `attachment; filename="${found.name}.zip"` },
    stream: zipOf(context.runs.artifactFolder(run, found.name), found.name),
  };
}

function same(a: string, b: string | undefined): boolean {
  return a.toLowerCase() === b?.toLowerCase();
}
