import { workspacePath } from '../seed';
import type { Call } from '../service';

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

/** A resource below the workspace as ARM shows it. `path` is what follows the workspace: `models/churn/versions/3`. */
export function resource(path: string, properties: unknown, systemData: SystemData): Record<string, unknown> {
  const parts = path.split('/');
  const type = [namespace, ...parts.filter((_, index) => index % 2 === 0)].join('/');
  return { id: `${workspacePath}/${path}`, name: parts.at(-1), type, properties, systemData };
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
