import { asString, isObject } from '../json';
import { workspacePath } from '../seed';
import type { Call, Core } from '../service';
import { workspaceId } from './wire';

/** Path template of a workspace, for routes. */
export const workspaceRoute =
  '/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.MachineLearningServices/workspaces/{workspace}';

const namespace = 'Microsoft.MachineLearningServices/workspaces';

export interface SystemData {
  createdAt: string;
  createdBy: string;
  createdByType: string;
  lastModifiedAt: string;
  lastModifiedBy: string;
  lastModifiedByType: string;
}

/** ARM id of the workspace that a call is about, spelt as it was made: the one from the start, or one of the caller's. */
export function workspaceOf(core: Core, call: Call): string {
  const asked = workspaceId(call);
  if (asked.toLowerCase() === workspacePath.toLowerCase()) return workspacePath;
  const found = core.store.get(asked);
  return (isObject(found) ? asString(found['id']) : undefined) ?? asked;
}

/** A resource below a workspace as ARM shows it. `path` is what follows the workspace: `models/churn/versions/3`. */
export function resource(
  workspace: string,
  path: string,
  properties: unknown,
  systemData: SystemData,
): Record<string, unknown> {
  const parts = path.split('/');
  const type = [namespace, ...parts.filter((_, index) => index % 2 === 0)].join('/');
  return { id: `${workspace}/${path}`, name: parts.at(-1), type, properties, systemData };
}

/** Who made a resource and when; `former` keeps its creation. */
export function systemData(call: Call, former?: Record<string, unknown>): SystemData {
  const now = new Date().toISOString();
  const by = call.caller.clientId;
  const text = (name: string, otherwise: string): string => {
    const value = former?.[name];
    return typeof value === 'string' ? value : otherwise;
  };
  return {
    createdAt: text('createdAt', now),
    createdBy: text('createdBy', by),
    createdByType: text('createdByType', 'Application'),
    lastModifiedAt: now,
    lastModifiedBy: by,
    lastModifiedByType: 'Application',
  };
}
