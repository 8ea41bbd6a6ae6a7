import { TaskError } from '../../lib/agent/errors';
import { at, isRecord, textAt } from '../../lib/agent/json';
import { inFile } from '../../lib/assets/place';
import { planResource, type Step } from '../../lib/assets/reconcile/plan';
import { rulesOf } from '../../lib/assets/reconcile/rules';
import { isOnItsWay } from '../../lib/assets/reconcile/state';
import { Rehearsal } from '../../lib/assets/reconcile/rehearsal';
import { resourceOf, settleResource, type Translation } from '../../lib/assets/translate';
import type { ArmAnswer } from '../../lib/azure/arm';
import type { Subscription } from '../../lib/azure/open';
import { putResource } from '../../lib/azure/remote';
import { mlApiVersion } from '../../lib/azure/workspace';

/** The workspace as it is found, and what its file makes of it. */
export interface WorkspacePlan {
  /** Without a file: the workspace is as it is. */
  step?: Step;
  /** What GET answers; `undefined` when there is none. */
  found?: unknown;
  /** Region, also of a workspace that is still to be made. */
  location: string;
}

/** api-version of Microsoft.Resources for resource groups. */
const groupApiVersion = '2021-04-01';

/** A workspace without them cannot be made; they have their own life, and are Terraform's work. */
const needed = ['storageAccount', 'keyVault', 'applicationInsights'];

/**
 * Looks at the workspace.
 *
 * Operations: Workspaces_Get, ResourceGroups_Get (for the region of one that does not exist).
 *
 * @throws TaskError when it does not exist and no file describes it, or the file is another one's
 */
export async function planWorkspace(file: Translation | undefined, subscription: Subscription): Promise<WorkspacePlan> {
  const { arm, workspaceId } = subscription;
  const found = await arm.getIfExists(workspaceId, mlApiVersion);
  if (file === undefined) {
    if (found !== undefined) return { found, location: textAt(found, 'location') ?? '' };
    throw new TaskError(
      `There is no workspace ${workspaceId}.`,
      'Describe it in a workspaceFile, or correct the inputs workspace and resourceGroup.',
    );
  }
  const named = (await describe(file, subscription)).path;
  if (named.toLowerCase() !== workspaceId.toLowerCase()) {
    throw file.reader.error(
      `the file describes ${named}, but the inputs name ${workspaceId}`,
      'Let name and resource_group be those of the inputs.',
    );
  }
  const location = textAt(found, 'location') ?? textAt(file.values, 'location') ?? (await groupLocation(subscription));
  const rehearsal = new Rehearsal(workspaceId, location, (path, version = mlApiVersion) =>
    arm.getIfExists(path, version),
  );
  const step = await planResource('workspace', resourceOf(file, ''), rehearsal, file.scope).catch((error: unknown) => {
    throw inFile(file.scope, error);
  });
  if (step.action === 'create') await checkNeeded(file, subscription);
  return { step, found, location };
}

async function describe(file: Translation, { workspaceId }: Subscription): Promise<{ path: string; body: unknown }> {
  return settleResource(resourceOf(file, ''), new Rehearsal(workspaceId, '', () => Promise.resolve(undefined)));
}

async function checkNeeded(file: Translation, subscription: Subscription): Promise<void> {
  const { body } = await describe(file, subscription);
  if (textAt(body, 'properties', 'hubResourceId') !== undefined) return;
  const missing = needed.filter((name) => at(body, 'properties', name) === undefined);
  if (missing.length === 0) return;
  const keys = missing.map((name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)).join(', ');
  throw file.reader.error(
    `the workspace does not exist, and the file does not name what a new one needs: ${keys}`,
    'Make them first (infra/azure does) and give their ARM ids.',
  );
}

async function groupLocation({ arm, resourceGroupId }: Subscription): Promise<string> {
  const group = await arm.get(resourceGroupId, groupApiVersion);
  const location = textAt(group, 'location');
  if (location !== undefined) return location;
  throw new TaskError(`The resource group ${resourceGroupId} tells no location.`, 'Give the workspaceFile a location.');
}

/**
 * Makes the workspace, or changes what differs. An update names nothing but that: a workspace has members that others set.
 *
 * Operations: Workspaces_CreateOrUpdate, Workspaces_Update.
 *
 * @returns the workspace as its GET answers it
 */
export async function carryOutWorkspace(
  { step, found, location }: WorkspacePlan,
  file: Translation | undefined,
  subscription: Subscription,
  timeoutMs: number,
  accepted: () => void,
): Promise<unknown> {
  if (!step || !file || step.action === 'unchanged') return found;
  const { path, apiVersion, what } = step;
  const { body } = await describe(file, subscription);
  if (step.action === 'create') {
    const members = isRecord(body) ? body : {};
    const identity = members['identity'] ?? { type: 'SystemAssigned' };
    const whole = { ...members, location: members['location'] ?? location, identity };
    await putResource(subscription.arm, path, whole, { apiVersion, what, timeoutMs, accepted });
    return subscription.arm.get(path, mlApiVersion);
  }
  const version = apiVersion ?? mlApiVersion;
  if (isOnItsWay(found)) {
    const settled: ArmAnswer = { status: 200, headers: {}, body: found };
    const now = await subscription.arm.wait(path, version, settled, { what, timeoutMs });
    if (step.changes.length === 0) return now;
  }
  const answer = await subscription.arm.patch(path, version, changedMembers(step, body));
  accepted();
  return subscription.arm.wait(path, version, answer, { what, timeoutMs });
}

/** The members of the first two levels that hold a change, whole; of a failed workspace without one all that may change. */
function changedMembers({ path: workspace, changes }: Step, body: unknown): Record<string, unknown> {
  const patch: Record<string, unknown> = {};
  const properties: Record<string, unknown> = {};
  const { fixed } = rulesOf(workspace);
  const all = [...keysOf(body), ...keysOf(at(body, 'properties')).map((key) => `properties.${key}`)];
  const open = all.filter((path) => path !== 'properties' && !fixed.includes(path));
  for (const path of changes.length > 0 ? changes.map((change) => change.path) : open) {
    const [first = '', second = ''] = path.split('.');
    if (first === 'properties') properties[second] = at(body, first, second);
    else patch[first] = at(body, first);
  }
  return Object.keys(properties).length > 0 ? { ...patch, properties } : patch;
}

const keysOf = (value: unknown): string[] => (isRecord(value) ? Object.keys(value) : []);
