import { asObject, asString } from '../json';

/** A run of the registry's builder. */
export interface Run {
  id: string;
  /** ARM id of the run. */
  resource: string;
  status: 'Queued' | 'Started' | 'Running' | 'Succeeded' | 'Failed' | 'Canceled' | 'Error' | 'Timeout';
  createTime: string;
  lastUpdatedTime: string;
  startTime?: string;
  finishTime?: string;
  runErrorMessage?: string;
  isArchiveEnabled: boolean;
  platform: { os: string; architecture: string };
  cpu: number;
  outputImages: { registry: string; repository: string; tag: string; digest: string }[];
  by: string;
}

/** What was stored as a run: this is what the builder wrote itself. */
export function isRun(value: unknown): value is Run {
  const run = asObject(value);
  return (
    asString(run['id']) !== undefined &&
    asString(run['resource']) !== undefined &&
    asString(run['status']) !== undefined &&
    Array.isArray(run['outputImages'])
  );
}

/** The run as `Runs_Get` shows it. */
export function document(run: Run) {
  const { id, resource, by, outputImages, cpu, startTime, finishTime, runErrorMessage, ...rest } = run;
  return {
    type: 'Microsoft.ContainerRegistry/registries/runs',
    properties: {
      runId: id,
      ...rest,
      runType: 'QuickRun',
      ...(startTime === undefined ? {} : { startTime }),
      ...(finishTime === undefined ? {} : { finishTime }),
      ...(runErrorMessage === undefined ? {} : { runErrorMessage }),
      ...(outputImages.length === 0 ? {} : { outputImages }),
      agentConfiguration: { cpu },
      provisioningState: 'Succeeded',
    },
    id: resource,
    name: id,
    systemData: { lastModifiedBy: by, lastModifiedByType: 'Application', lastModifiedAt: rest.lastUpdatedTime },
  };
}
