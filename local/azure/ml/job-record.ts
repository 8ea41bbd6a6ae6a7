import type { Core } from '../service';
import { TrackingStore } from './tracking-store';
import { isObject, optionalObject, optionalText, text, textMap, type Json } from './wire';

export interface RecordOptions {
  /** Object id of who submitted it. */
  userId: string;
  /** Name of the job that this one is part of. */
  parent?: string;
  /** Parameters and tags of the run beyond what the job itself says. */
  params?: Record<string, string>;
  tags?: Record<string, string>;
}

/** Stores a new job and makes its run, below its parent's where it has one. */
export function recordJob(core: Core, workspace: string, document: Json, options: RecordOptions): void {
  const properties = optionalObject(document['properties'], 'properties');
  const name = text(document, 'name', 'job');
  core.store.set(text(document, 'id', 'job'), {
    ...document,
    properties: { ...properties, parentJobName: options.parent ?? null },
  });
  const store = new TrackingStore(core, workspace);
  const experiment = store.ensureExperiment(optionalText(properties, 'experimentName', 'properties') ?? 'Default');
  const displayName = optionalText(properties, 'displayName', 'properties') ?? name;
  const git = Object.entries(textMap(properties['properties'], 'properties')).filter(([key]) =>
    key.startsWith('mlflow.'),
  );
  store.createRun({
    runId: name,
    name: displayName,
    experimentId: experiment.id,
    status: properties['status'] === 'NotStarted' ? 'NotStarted' : 'Starting',
    userId: options.userId,
    isJob: true,
    params: { ...options.params },
    tags: {
      ...Object.fromEntries(git),
      ...textMap(properties['tags'], 'tags'),
      ...options.tags,
      'mlflow.runName': displayName,
      'mlflow.user': options.userId,
      ...lineage(store, name, options.parent),
    },
  });
}

function lineage(store: TrackingStore, name: string, parent: string | undefined): Record<string, string> {
  if (parent === undefined) return { 'mlflow.rootRunId': name };
  const root = store.run(parent)?.tags['mlflow.rootRunId'] ?? parent;
  return { 'mlflow.parentRunId': parent, 'mlflow.rootRunId': root };
}

/** Name of the job that a stored job is part of. */
export function parentOf(document: unknown): string | undefined {
  if (!isObject(document) || !isObject(document['properties'])) return undefined;
  const parent = document['properties']['parentJobName'];
  return typeof parent === 'string' ? parent : undefined;
}

/** ARM ids of the jobs that are part of a job, theirs included. */
export function descendants(core: Core, workspace: string, name: string): string[] {
  const own = core.store
    .keys(`${workspace}/jobs/`)
    .filter((id) => parentOf(core.store.get(id)) === name)
    .flatMap((id) => [id, ...descendants(core, workspace, id.split('/jobs/').pop() ?? '')]);
  return own;
}
