import type { Agent } from '../agent/agent';
import { TaskError } from '../agent/errors';
import { waitFor } from '../agent/poll';
import type { ArmAnswer, WaitOptions } from './arm';
import type { Azure } from './azure';
import { AzureError } from './errors';
import { at, isRecord, number, stringMap, text, textAt } from '../agent/json';
import { mlApiVersion } from './workspace';

/** How long an endpoint that is changed by somebody else is waited for. */
const busyMs = 15 * 60_000;
/** A GET may show the old traffic for a while after a change. */
const readBackMs = 120_000;

/** Percent by deployment. */
export type Traffic = Record<string, number>;

/** An endpoint as its GET describes it (OnlineEndpoints_Get 2024-10-01). */
export interface EndpointState {
  name: string;
  provisioningState: string;
  scoringUri?: string;
  authMode?: string;
  traffic: Traffic;
  mirrorTraffic: Traffic;
  tags: Record<string, string>;
  /** The whole answer: a change must send back everything that may be written. */
  body: unknown;
}

/** A deployment as its GET describes it (OnlineDeployments_Get 2024-10-01). */
export interface DeploymentState {
  name: string;
  provisioningState: string;
  tags: Record<string, string>;
  model?: string;
}

export function endpointId(azure: Azure, endpoint: string): string {
  return `${azure.workspace.id}/onlineEndpoints/${endpoint}`;
}

export function deploymentId(azure: Azure, endpoint: string, deployment: string): string {
  return `${endpointId(azure, endpoint)}/deployments/${deployment}`;
}

export async function getEndpoint(azure: Azure, endpoint: string): Promise<EndpointState | undefined> {
  const body = await azure.arm.getIfExists(endpointId(azure, endpoint), mlApiVersion);
  return body === undefined ? undefined : readEndpoint(body, endpoint);
}

/** Creates an endpoint and waits for it. Operation: OnlineEndpoints_CreateOrUpdate. */
export async function createEndpoint(
  azure: Azure,
  agent: Agent,
  endpoint: string,
  body: unknown,
  options: WaitOptions,
): Promise<EndpointState> {
  const id = endpointId(azure, endpoint);
  const answer = await unlessBusy(agent, options.what, () => azure.arm.put(id, mlApiVersion, body));
  return readEndpoint(await azure.arm.wait(id, mlApiVersion, answer, options), endpoint);
}

export async function getDeployment(
  azure: Azure,
  endpoint: string,
  deployment: string,
): Promise<DeploymentState | undefined> {
  const body = await azure.arm.getIfExists(deploymentId(azure, endpoint, deployment), mlApiVersion);
  return body === undefined ? undefined : readDeployment(body, deployment);
}

/**
 * Creates or updates a deployment and waits until it is healthy. Operation: OnlineDeployments_CreateOrUpdate.
 *
 * @throws AzureError with the service's reason when it ends as anything but Succeeded
 */
export async function putDeployment(
  azure: Azure,
  agent: Agent,
  endpoint: string,
  deployment: string,
  body: unknown,
  options: WaitOptions,
): Promise<DeploymentState> {
  const id = deploymentId(azure, endpoint, deployment);
  const answer = await unlessBusy(agent, options.what, () => azure.arm.put(id, mlApiVersion, body));
  return waitForDeployment(azure, endpoint, deployment, options, answer);
}

/** Waits for a deployment that is being created, by this step (`answer`) or an earlier one. */
export async function waitForDeployment(
  azure: Azure,
  endpoint: string,
  deployment: string,
  options: WaitOptions,
  answer: ArmAnswer = { status: 200, headers: {}, body: undefined },
): Promise<DeploymentState> {
  const id = deploymentId(azure, endpoint, deployment);
  const found = readDeployment(await azure.arm.wait(id, mlApiVersion, answer, options), deployment);
  if (found.provisioningState === 'Succeeded') return found;
  throw new TaskError(`${options.what} ended as ${found.provisioningState}.`);
}

/** Deletes a deployment and waits until it is gone. Operation: OnlineDeployments_Delete. */
export async function deleteDeployment(
  azure: Azure,
  agent: Agent,
  endpoint: string,
  deployment: string,
): Promise<void> {
  const id = deploymentId(azure, endpoint, deployment);
  const what = `deletion of deployment ${deployment}`;
  await unlessBusy(agent, what, () => azure.arm.delete(id, mlApiVersion));
  await waitFor({ what, timeoutMs: busyMs, firstDelayMs: 1_000 }, agent, async () => {
    const found = await getDeployment(azure, endpoint, deployment);
    return found === undefined ? { done: true, value: undefined } : { done: false, state: found.provisioningState };
  });
}

/**
 * The log of one of a deployment's containers, at most `tail` lines; empty when the container never started.
 * Operation: OnlineDeployments_GetLogs.
 */
export async function deploymentLog(
  azure: Azure,
  endpoint: string,
  deployment: string,
  containerType: 'InferenceServer' | 'StorageInitializer',
  tail: number,
): Promise<string> {
  const path = `${deploymentId(azure, endpoint, deployment)}/getLogs`;
  const answer = await azure.arm.post(path, mlApiVersion, { containerType, tail }, { idempotent: true });
  return textAt(answer.body, 'content') ?? '';
}

/** What a change of traffic does: from the endpoint as it is now to the traffic and tags it shall have. */
export type TrafficChange = (
  endpoint: EndpointState,
) => { traffic: Traffic; tags?: Record<string, string> } | undefined;

/**
 * Changes an endpoint's traffic: reads it, writes it back whole with the new traffic (a PATCH cannot carry traffic), waits,
 * and reads until the service shows what was written. While somebody else changes the endpoint it is read anew.
 *
 * @param change gives `undefined` when there is nothing to change
 * @throws TaskError when the service shows other traffic two minutes later
 */
export async function changeTraffic(
  azure: Azure,
  agent: Agent,
  endpoint: string,
  change: TrafficChange,
  options: WaitOptions,
): Promise<{ before: Traffic; after: Traffic }> {
  const id = endpointId(azure, endpoint);
  let before: Traffic = {};
  let wanted: Traffic | undefined;
  const answer = await unlessBusy(agent, options.what, async () => {
    const current = readEndpoint(await azure.arm.get(id, mlApiVersion), endpoint);
    before = current.traffic;
    const next = change(current);
    wanted = next?.traffic;
    return next && azure.arm.put(id, mlApiVersion, endpointBody(current, next.traffic, next.tags));
  });
  if (answer === undefined || wanted === undefined) return { before, after: before };
  await azure.arm.wait(id, mlApiVersion, answer, options);
  return { before, after: await readBack(azure, agent, endpoint, wanted) };
}

async function readBack(azure: Azure, agent: Agent, endpoint: string, wanted: Traffic): Promise<Traffic> {
  const what = `traffic of endpoint ${endpoint} to read ${trafficText(wanted)}`;
  return waitFor({ what, timeoutMs: readBackMs, firstDelayMs: 1_000, maxDelayMs: 10_000 }, agent, async () => {
    const { traffic } = readEndpoint(await azure.arm.get(endpointId(azure, endpoint), mlApiVersion), endpoint);
    return sameTraffic(traffic, wanted) ? { done: true, value: traffic } : { done: false, state: trafficText(traffic) };
  });
}

/**
 * The endpoint's own body with other traffic: what may be written, read-only members left out. A deployment that takes
 * traffic now is no mirror any more.
 */
export function endpointBody(
  endpoint: EndpointState,
  traffic: Traffic,
  tags: Record<string, string> = endpoint.tags,
): Record<string, unknown> {
  const properties = at(endpoint.body, 'properties');
  const mirrorTraffic = Object.fromEntries(
    Object.entries(endpoint.mirrorTraffic).filter(([name]) => (traffic[name] ?? 0) === 0),
  );
  return defined({
    location: textAt(endpoint.body, 'location'),
    kind: textAt(endpoint.body, 'kind'),
    sku: at(endpoint.body, 'sku') ?? undefined,
    identity: identityBody(at(endpoint.body, 'identity')),
    tags,
    properties: defined({
      authMode: textAt(properties, 'authMode'),
      compute: textAt(properties, 'compute'),
      description: textAt(properties, 'description'),
      properties: at(properties, 'properties') ?? undefined,
      publicNetworkAccess: textAt(properties, 'publicNetworkAccess'),
      traffic,
      mirrorTraffic,
    }),
  });
}

/** The answer carries ids inside the identities, which a request may not. */
function identityBody(identity: unknown): Record<string, unknown> | undefined {
  const type = textAt(identity, 'type');
  if (type === undefined) return undefined;
  const assigned = at(identity, 'userAssignedIdentities');
  if (!isRecord(assigned)) return { type };
  return { type, userAssignedIdentities: Object.fromEntries(Object.keys(assigned).map((id) => [id, {}])) };
}

function defined(members: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

/** Sends again while the endpoint is busy: 409, or the words of an endpoint that is being updated. */
async function unlessBusy<T>(agent: Agent, what: string, send: () => Promise<T>): Promise<T> {
  const wait = { what: `${what} (the endpoint is being changed by another operation)`, timeoutMs: busyMs };
  return waitFor({ ...wait, firstDelayMs: 5_000 }, agent, async () => {
    try {
      return { done: true, value: await send() };
    } catch (error) {
      if (!(error instanceof AzureError) || !isBusy(error)) throw error;
      return { done: false, state: error.code || 'busy', retryAfterMs: retryAfter(error) };
    }
  });
}

function isBusy(error: AzureError): boolean {
  if (/\bquota\b/i.test(error.message)) return false;
  return (
    (error.status === 409 && !/already an endpoint|already exists|unique within/i.test(error.message)) ||
    /\bin (?:Updating|Creating|Deleting) provisioning state|AnotherOperation/i.test(error.message)
  );
}

function retryAfter(error: AzureError): number | undefined {
  const ms = Number(error.headers['retry-after-ms'] ?? Number(error.headers['retry-after'] ?? NaN) * 1000);
  return Number.isFinite(ms) ? ms : undefined;
}

/**
 * The traffic when `deployment` gets `percent`: the others share the rest in their present proportions, in whole percents.
 * Without others that serve it gets everything: the service takes sums of 0 and 100 only.
 */
export function shiftTraffic(current: Traffic, deployment: string, percent: number): Traffic {
  const others = Object.entries(current).filter(([name, share]) => name !== deployment && share > 0);
  const total = others.reduce((sum, [, share]) => sum + share, 0);
  const rest = total === 0 ? 0 : 100 - percent;
  const shares = others.map(([name, share]) => ({ name, exact: total === 0 ? 0 : (share * rest) / total }));
  const result: Traffic = Object.fromEntries(shares.map(({ name, exact }) => [name, Math.floor(exact)]));
  let left = rest - Object.values(result).reduce((sum, share) => sum + share, 0);
  for (const { name } of shares.sort((a, b) => (b.exact % 1) - (a.exact % 1) || (a.name < b.name ? -1 : 1))) {
    if (left <= 0) break;
    result[name] = (result[name] ?? 0) + 1;
    left--;
  }
  return { ...result, [deployment]: 100 - rest };
}

/** The deployment that serves most, `except` left out; `undefined` when none does. */
export function mainDeployment(traffic: Traffic, except: string): string | undefined {
  const serving = Object.entries(traffic).filter(([name, share]) => name !== except && share > 0);
  return serving.sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))[0]?.[0];
}

/** Equal where it matters: a deployment that is not named has 0 %. */
export function sameTraffic(left: Traffic, right: Traffic): boolean {
  return [...Object.keys(left), ...Object.keys(right)].every((name) => (left[name] ?? 0) === (right[name] ?? 0));
}

/** `blue 90 %, green 10 %`, or `no traffic`. */
export function trafficText(traffic: Traffic): string {
  const serving = Object.entries(traffic).filter(([, share]) => share > 0);
  if (serving.length === 0) return 'no traffic';
  return serving
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .map(([name, share]) => `${name} ${share} %`)
    .join(', ');
}

function readEndpoint(body: unknown, name: string): EndpointState {
  const properties = at(body, 'properties');
  return {
    name: textAt(body, 'name') ?? name,
    provisioningState: textAt(properties, 'provisioningState') ?? 'Unknown',
    scoringUri: textAt(properties, 'scoringUri'),
    authMode: textAt(properties, 'authMode'),
    traffic: readTraffic(at(properties, 'traffic')),
    mirrorTraffic: readTraffic(at(properties, 'mirrorTraffic')),
    tags: stringMap(at(body, 'tags')),
    body,
  };
}

function readDeployment(body: unknown, name: string): DeploymentState {
  return {
    name: textAt(body, 'name') ?? name,
    provisioningState: textAt(body, 'properties', 'provisioningState') ?? 'Unknown',
    tags: stringMap(at(body, 'tags')),
    model: text(at(body, 'properties', 'model')),
  };
}

function readTraffic(value: unknown): Traffic {
  if (!isRecord(value)) return {};
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, share]): [string, number][] => {
      const percent = number(share);
      return percent === undefined ? [] : [[name, percent]];
    }),
  );
}
