import { TaskError } from '../../lib/agent/errors';

/** Where the files of a model version lie. Paths without slashes at either end. */
export type ModelLocation =
  /** Artifacts of a run. */
  | { kind: 'artifacts'; run: string; path: string }
  /** A named output of a job; its place is the job's to say. */
  | { kind: 'output'; job: string; output: string; path: string }
  | { kind: 'datastore'; datastore: string; path: string }
  /** An address in blob storage. */
  | { kind: 'blob'; url: string };

/**
 * Reads a model's `modelUri`: `azureml://jobs/{job}/outputs/{output}/paths/{path}` (the output `artifacts` is the run's
 * artifacts), `runs:/{run}/{path}`, `azureml://datastores/{name}/paths/{path}`, the same with subscription, group and
 * workspace in front, or an https address of a blob.
 *
 * @throws TaskError for anything else, and for a datastore of another workspace
 */
export function readLocation(uri: string, workspaceName: string): ModelLocation {
  const job = /^azureml:\/\/jobs\/([^/]+)\/outputs\/([^/]+)(?:\/paths\/(.*))?$/i.exec(uri);
  if (job?.[1] !== undefined && job[2] !== undefined) {
    const path = trim(job[3] ?? '');
    if (job[2].toLowerCase() === 'artifacts') return { kind: 'artifacts', run: job[1], path };
    return { kind: 'output', job: job[1], output: job[2], path };
  }
  const run = /^runs:\/+([^/]+)\/(.*)$/i.exec(uri);
  if (run?.[1] !== undefined) return { kind: 'artifacts', run: run[1], path: trim(run[2] ?? '') };
  const store = /^azureml:\/\/(?:subscriptions\/.*\/workspaces\/([^/]+)\/)?datastores\/([^/]+)\/paths\/(.*)$/i.exec(
    uri,
  );
  if (store?.[2] !== undefined) {
    if (store[1] !== undefined && store[1].toLowerCase() !== workspaceName.toLowerCase()) {
      throw new TaskError(
        `The model's files lie in the workspace ${store[1]}, not in ${workspaceName}: ${uri}`,
        'Register the model in this workspace.',
      );
    }
    return datastoreLocation(store[2], trim(store[3] ?? ''));
  }
  if (/^https:\/\//i.test(uri) && URL.canParse(uri)) return { kind: 'blob', url: trim(uri.split(/[?#]/)[0] ?? uri) };
  throw new TaskError(
    `The model's files lie at "${uri}", a form of address that cannot be packaged.`,
    'Register the model from a job (azureml://jobs/…) or a datastore (azureml://datastores/…).',
  );
}

/** Runs keep their artifacts in a datastore of their own; the artifact service gives them out without storage rights. */
function datastoreLocation(datastore: string, path: string): ModelLocation {
  const run = /^ExperimentRun\/dcid\.([^/]+)(?:\/(.*))?$/.exec(path);
  if (datastore === 'workspaceartifactstore' && run?.[1] !== undefined) {
    return { kind: 'artifacts', run: run[1], path: trim(run[2] ?? '') };
  }
  return { kind: 'datastore', datastore, path };
}

function trim(path: string): string {
  return path.replace(/^\/+|\/+$/g, '');
}

/** Last part of a location: the name that the model's folder (or file) has wherever it is mounted. */
export function baseName(location: ModelLocation): string {
  const path = location.kind === 'blob' ? new URL(location.url).pathname : location.path;
  const last = path.split('/').at(-1);
  if (last !== undefined && last !== '') return decodeURIComponent(last);
  return location.kind === 'output' ? location.output : 'model';
}
