import { TaskError } from '../agent/errors';
import { at, textAt } from '../agent/json';

/** A workspace as its GET describes it (Workspaces_Get 2024-10-01). */
export interface Workspace {
  /** `/subscriptions/{s}/resourceGroups/{g}/providers/Microsoft.MachineLearningServices/workspaces/{w}` */
  id: string;
  name: string;
  location: string;
  /** ARM id of the container registry; `undefined` when the workspace has none yet. */
  containerRegistry?: string;
  /** `https://host[:port]/history/v1.0{id}`: run history. */
  historyUrl: string;
  /** `https://host[:port]/artifact/v2.0{id}`: artifacts. */
  artifactUrl: string;
  /** `https://host[:port]/mlflow/v2.0{id}/api/2.0/mlflow`: tracking. */
  mlflowUrl: string;
}

/** api-version of every Azure Machine Learning call. */
export const mlApiVersion = '2024-10-01';

/** Reads the answer of Workspaces_Get. The region's host comes from the tracking address, never from an input. */
export function readWorkspace(body: unknown): Workspace {
  const id = required(body, 'id');
  const tracking = required(body, 'properties', 'mlFlowTrackingUri');
  if (at(body, 'properties', 'v1LegacyMode') === true) throw legacy(id);
  const host = /^azureml:\/\/([^/]+)\//.exec(tracking)?.[1];
  if (!host) throw new TaskError(`The workspace ${id} has the tracking address ${tracking}, which names no host.`);
  return {
    id,
    name: required(body, 'name'),
    location: required(body, 'location'),
    containerRegistry: textAt(body, 'properties', 'containerRegistry'),
    historyUrl: `https://${host}/history/v1.0${id}`,
    artifactUrl: `https://${host}/artifact/v2.0${id}`,
    mlflowUrl: `https://${host}/mlflow/v2.0${id}/api/2.0/mlflow`,
  };
}

function required(body: unknown, ...keys: string[]): string {
  const value = textAt(body, ...keys);
  if (value) return value;
  throw new TaskError(`The workspace's description lacks ${keys.join('.')}.`, 'Is the workspace still being created?');
}

function legacy(id: string): TaskError {
  return new TaskError(
    `The workspace ${id} is in v1 legacy mode.`,
    "Switch v1LegacyMode off in the workspace's network settings.",
  );
}
