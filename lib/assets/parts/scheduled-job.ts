import { at as inside, isRecord, textAt } from '../../agent/json';
import type { YamlReader } from '../../agent/yaml';
import type { Kind } from '../kinds/kind';
import { mapSoon, type Soon } from '../later';
import { isMap, isText, union } from '../shape/collections';
import { text } from '../shape/scalars';
import { lazy, shape, type Scope, type Shape } from '../shape/shape';
import { armId } from '../references';
import { localPath } from './paths';
import { checkPrefix } from './references';

/** The job that a schedule starts: translated as a whole, with what the schedule changes about it. */

/** Schedules start pipelines; anything else is started as a pipeline of one node. */
function checkType(job: YamlReader): void {
  const type = job.optional('type');
  if (type !== undefined && String(type.plain()).toLowerCase() === 'pipeline') return;
  throw (type ?? job).error(
    type ? `a schedule cannot start a job of type ${String(type.plain())}` : 'a schedule starts pipeline jobs only',
    'Make it a node of a pipeline job.',
  );
}

function translated(pipeline: Kind, job: YamlReader, scope: Scope): Soon<Record<string, unknown>> {
  checkType(job);
  const values = pipeline.shape.read(job, scope);
  return mapSoon(pipeline.resource(values, scope, ''), ({ body }) => {
    const properties = inside(body, 'properties');
    // Without names of its own a run gets them when it starts.
    const names = { displayName: textAt(values, 'displayName'), experimentName: textAt(values, 'experimentName') };
    return { ...(isRecord(properties) ? properties : {}), ...names };
  });
}

/** The ARM id of a job that ran; `undefined` for the path of a job's file. */
function jobId(value: string, at: YamlReader, scope: Scope): string | undefined {
  checkPrefix(value, at);
  const name = /^azureml:(.+)/.exec(value)?.[1];
  return name === undefined || armId.test(name) ? name : `${scope.workspaceId}/jobs/${name}`;
}

/** @param kind the pipeline job: what makes it is made of many parts, and one of those may hold a schedule one day */
export function scheduledJob(kind: () => Kind): Shape {
  const read = (at: YamlReader, scope: Scope, changes?: YamlReader): unknown => {
    const value = text.read(at, scope);
    const sourceJobId = jobId(value, at, scope);
    if (sourceJobId !== undefined) {
      if (!changes) return { jobType: 'Pipeline', sourceJobId, experimentName: '', isArchived: false };
      return mapSoon(translated(kind(), changes, scope), (job) => ({ ...job, sourceJobId }));
    }
    if (value.startsWith('file:')) throw at.error(`${at.path} is a path without "file:"`);
    const { reader, scope: inner } = scope.open(localPath(scope.folder, value), at);
    return translated(kind(), changes ? reader.overlaid(changes) : reader, inner);
  };
  const byName = shape({ type: 'string' }, (at, scope) => read(at, scope));
  const changed: Shape = {
    read: (at, scope) => {
      // What it is, the job's own file says; here it may be said again.
      const type = at.optional('type');
      if (type) checkType(at);
      return read(at.required('job'), scope, at.without('job', '$schema'));
    },
    schema: () => ({
      type: 'object',
      required: ['job'],
      properties: { type: { const: 'pipeline' }, job: { type: 'string' } },
    }),
  };
  return lazy(() =>
    union<unknown>('the path of a job, azureml:name, or a map with job', [
      { when: isText, shape: byName },
      { when: isMap, shape: changed },
    ]),
  );
}
