import { TaskError } from '../../lib/agent/errors';
import { readPipelineRun, runTags } from '../../lib/agent/pipeline-run';
import { readAssetFile } from '../../lib/assets/document';
import { namingMade } from '../../lib/assets/made';
import { namePattern } from '../../lib/assets/parts/names';
import {
  onlineDeployment,
  onlineDeploymentBody,
  type OnlineDeployment,
} from '../../lib/assets/parts/online-deployment';
import { onlineEndpoint, onlineEndpointBody, type OnlineEndpoint } from '../../lib/assets/parts/online-endpoint';
import type { Remote } from '../../lib/assets/remote';
import type { Scope } from '../../lib/assets/shape/shape';
import {
  changeTraffic,
  createEndpoint,
  endpointId,
  getDeployment,
  getEndpoint,
  mainDeployment,
  putDeployment,
  shiftTraffic,
  trafficText,
  waitForDeployment,
  type DeploymentState,
  type EndpointState,
  type Traffic,
} from '../../lib/azure/online-endpoints';
import { azureRemote } from '../../lib/azure/remote';
import { canonicalJson } from '../../lib/evidence/canonical';
import { sha256Hex } from '../../lib/agent/hash';
import type { Collaborators, InFlight } from './collaborators';
import { failedDeployment } from './failure';
import type { ManagedInputs } from './inputs';
import { servedImage } from './intended';
import type { Deployed } from './report';
import { ensureCollections, resolveDeployment, withSubject, type ResolvedDeployment } from './resolve';

/** Tag of a deployment: digest of everything it was made of. */
const configTag = 'mlops.config';
/** Tag of an endpoint: what served before the last change of traffic. */
export const previousTag = 'mlops.previousDeployment';

const defaultInstance = 'Standard_DS3_v2';

interface Plan {
  endpoint: string;
  deployment: string;
  config: string;
  spec: OnlineDeployment;
  resolved: ResolvedDeployment;
}

/**
 * Deploys beside what serves: the new deployment is created without traffic, waited for, and takes its share only when it
 * is healthy. The one that served before keeps running. Whatever fails on the way, production's traffic is as it was.
 */
export async function deployManaged(
  inputs: ManagedInputs,
  { azure, agent }: Collaborators,
  inFlight: InFlight,
): Promise<Deployed> {
  const endpointSpec = await readEndpointFile(inputs, azure.workspace.id);
  const file = await readDeploymentFile(inputs, azure.workspace.id);
  const spec = withSubject(file.spec, inputs.subject);
  const endpoint = nameOfEndpoint(inputs, endpointSpec, spec);
  agent.progress(2, `endpoint ${endpoint}`);
  const state = await ensureEndpoint({ inputs, endpoint, endpointSpec }, { azure, agent }, inFlight);
  agent.progress(15, 'uploading code and environment');
  const remote = azureRemote(azure, agent);
  const { resolved, plan, isNew } = await namingMade(remote, file.scope, async () => {
    const known = await resolveDeployment(azure, remote, spec, inputs.subject);
    const planned = planOf(endpoint, spec, known, inputs.subject);
    const ensured = await ensureDeployment(planned, state.traffic, inputs, { azure, agent, remote }, inFlight);
    return { resolved: known, plan: planned, ...ensured };
  });
  inFlight.left = `Deployment ${plan.deployment} of endpoint ${endpoint} is healthy; look at the endpoint's traffic.`;
  const { before, after, previous } = await giveTraffic(plan, inputs, { azure, agent });
  const scoringUri = state.scoringUri ?? (await getEndpoint(azure, endpoint))?.scoringUri;
  if (scoringUri === undefined) throw new TaskError(`Endpoint ${endpoint} has no scoring address.`);
  return {
    target: 'managedEndpoint',
    name: endpoint,
    place: endpointId(azure, endpoint),
    deploymentName: plan.deployment,
    previousDeployment: previous,
    scoringUri,
    image: inputs.subject?.kind === 'model' ? undefined : servedImage(spec),
    model: modelReference(resolved.model),
    trafficBefore: before,
    traffic: after,
    isNew,
  };
}

async function readEndpointFile(inputs: ManagedInputs, workspaceId: string): Promise<OnlineEndpoint | undefined> {
  const { endpointFile, root } = inputs;
  if (endpointFile === undefined) return undefined;
  const { reader, scope } = await readAssetFile(endpointFile, [], workspaceId, root);
  return onlineEndpoint.read(reader, scope);
}

interface DeploymentFile {
  spec: OnlineDeployment;
  /** Absent without a file. */
  scope?: Scope;
}

async function readDeploymentFile(inputs: ManagedInputs, workspaceId: string): Promise<DeploymentFile> {
  const { deploymentFile, instanceCount, root } = inputs;
  if (deploymentFile !== undefined) {
    const { reader, scope } = await readAssetFile(deploymentFile, [], workspaceId, root);
    const spec = onlineDeployment.read(reader, scope);
    return { spec: { ...spec, instanceCount: instanceCount ?? spec.instanceCount ?? 1 }, scope };
  }
  return {
    spec: {
      endpointComputeType: 'Managed',
      tags: {},
      properties: {},
      environmentVariables: {},
      instanceType: defaultInstance,
      instanceCount: instanceCount ?? 1,
      appInsightsEnabled: false,
    },
  };
}

function nameOfEndpoint(inputs: ManagedInputs, file: OnlineEndpoint | undefined, spec: OnlineDeployment): string {
  const name = inputs.endpointName ?? file?.name ?? spec.endpointName;
  if (name === undefined) {
    throw new TaskError('Nothing names the endpoint.', 'Give the input endpointName, or a name in the endpoint file.');
  }
  if (namePattern.test(name)) return name;
  throw new TaskError(
    `The endpoint's name is "${name}".`,
    'Use 3 to 32 letters, digits and dashes; start with a letter, end with a letter or digit.',
  );
}

interface EndpointPlan {
  inputs: ManagedInputs;
  endpoint: string;
  endpointSpec: OnlineEndpoint | undefined;
}

type AzureAndAgent = Pick<Collaborators, 'azure' | 'agent'>;
type WithRemote = AzureAndAgent & { remote: Remote };

/** An endpoint that is there stays as it is; a new one starts without traffic, whatever its file says. */
async function ensureEndpoint(
  { inputs, endpoint, endpointSpec }: EndpointPlan,
  { azure, agent }: AzureAndAgent,
  inFlight: InFlight,
): Promise<EndpointState> {
  const found = await getEndpoint(azure, endpoint);
  if (found !== undefined) {
    if (endpointSpec !== undefined && found.authMode !== endpointSpec.authMode && found.authMode !== undefined) {
      agent.warn(
        `Endpoint ${endpoint} exists with authentication ${found.authMode}; the ${endpointSpec.authMode} of the endpoint file is not applied.`,
      );
    }
    return found;
  }
  const spec: OnlineEndpoint = endpointSpec ?? {
    authMode: 'Key',
    tags: {},
    properties: {},
    identity: { type: 'SystemAssigned' },
    traffic: {},
    mirrorTraffic: {},
  };
  const body = onlineEndpointBody(
    { ...spec, tags: { ...spec.tags, ...runTags(readPipelineRun(agent)) }, traffic: {}, mirrorTraffic: {} },
    azure.workspace.location,
  );
  agent.print(`Endpoint ${endpoint} does not exist yet; creating it (authentication ${spec.authMode}).`);
  inFlight.left = `Endpoint ${endpoint} may be on its way; it has no deployment.`;
  return createEndpoint(azure, agent, endpoint, body, {
    what: `endpoint ${endpoint}`,
    timeoutMs: inputs.timeoutMinutes * 60_000,
    progress: { from: 3, to: 14 },
  });
}

/** The deployment's name comes from its content unless the file gives one: the same content is deployed once. */
export function planOf(
  endpoint: string,
  spec: OnlineDeployment,
  resolved: ResolvedDeployment,
  subject: ManagedInputs['subject'],
): Plan {
  const body = onlineDeploymentBody(spec, resolved, '');
  const config = sha256Hex(canonicalJson({ properties: body.properties, sku: body.sku }));
  const label =
    subject?.kind === 'image'
      ? 'image'
      : `v${modelReference(resolved.model)?.version ?? ''}`.replace(/[^A-Za-z0-9]+/g, '-');
  const derived = `${label.slice(0, 23).replace(/-+$/, '')}-${config.slice(0, 8)}`;
  const deployment = spec.name ?? derived;
  if (namePattern.test(deployment)) return { endpoint, deployment, config, spec, resolved };
  throw new TaskError(`"${deployment}" is no name of a deployment.`, 'Give the deployment file a name.');
}

function modelReference(id: string | undefined): Deployed['model'] {
  const found = id === undefined ? null : /\/models\/([^/]+)\/(?:versions|labels)\/([^/]+)$/.exec(id);
  return found?.[1] !== undefined && found[2] !== undefined ? { name: found[1], version: found[2], id } : undefined;
}

async function ensureDeployment(
  plan: Plan,
  traffic: Traffic,
  inputs: ManagedInputs,
  { azure, agent, remote }: WithRemote,
  inFlight: InFlight,
): Promise<{ isNew: boolean }> {
  const { endpoint, deployment, config } = plan;
  const options = {
    what: `deployment ${deployment} of endpoint ${endpoint}`,
    timeoutMs: inputs.timeoutMinutes * 60_000,
    progress: { from: 20, to: 90 },
  };
  const found = await getDeployment(azure, endpoint, deployment);
  const isSame = found?.tags[configTag] === config;
  if (isSame && found.provisioningState === 'Succeeded') {
    agent.print(`Deployment ${deployment} is there already, healthy and the same; it is used again.`);
    return { isNew: false };
  }
  refuseServing(found, isSame, traffic, plan);
  inFlight.left = `Deployment ${deployment} of endpoint ${endpoint} may be on its way; it takes no traffic. Running this step again follows it.`;
  try {
    if (isSame && isOnItsWay(found)) {
      agent.print(`Deployment ${deployment} is being created by an earlier attempt; following it.`);
      await waitForDeployment(azure, endpoint, deployment, options);
    } else {
      const body = await deploymentBody(plan, { azure, agent, remote });
      agent.print(`Creating deployment ${deployment} beside what serves (${trafficText(traffic)}), without traffic.`);
      await putDeployment(azure, agent, endpoint, deployment, body, options);
    }
  } catch (error) {
    throw await failedDeployment(error, { endpoint, deployment, onFailure: inputs.onFailure }, { azure, agent });
  }
  return { isNew: true };
}

function isOnItsWay(found: DeploymentState): boolean {
  return ['Creating', 'Updating', 'Scaling'].includes(found.provisioningState);
}

/** An update in place would reach users before anybody could test it. */
function refuseServing(found: DeploymentState | undefined, isSame: boolean, traffic: Traffic, plan: Plan): void {
  const share = traffic[plan.deployment] ?? 0;
  if (found === undefined || isSame || share === 0) return;
  throw new TaskError(
    `Deployment ${plan.deployment} of endpoint ${plan.endpoint} takes ${share} % of the traffic and differs from what is to be deployed.`,
    'Leave name out of the deployment file: each new content then gets a deployment of its own, beside the one that serves.',
  );
}

async function deploymentBody(plan: Plan, { azure, agent, remote }: WithRemote): Promise<unknown> {
  const { spec, resolved, endpoint, deployment, config } = plan;
  const dataIds = await ensureCollections(remote, spec, endpoint, deployment);
  const body = onlineDeploymentBody(spec, { ...resolved, dataIds }, azure.workspace.location);
  const model = modelReference(resolved.model);
  const modelTags = model ? { 'mlops.model': model.name, 'mlops.modelVersion': model.version } : {};
  const tags = { ...body.tags, ...runTags(readPipelineRun(agent)), ...modelTags, [configTag]: config };
  return { ...body, tags };
}

/** 0 leaves the traffic alone, also when this deployment serves already (a step that runs again). */
async function giveTraffic(
  { endpoint, deployment }: Plan,
  inputs: ManagedInputs,
  { azure, agent }: AzureAndAgent,
): Promise<{ before: Traffic; after: Traffic; previous?: string }> {
  let previous: string | undefined;
  const change = (state: EndpointState) => {
    const shared = mainDeployment(state.traffic, deployment);
    const remembered = state.tags[previousTag];
    previous = shared ?? ((state.traffic[deployment] ?? 0) > 0 ? remembered : undefined);
    const wanted = shiftTraffic(state.traffic, deployment, inputs.traffic);
    if (inputs.traffic === 0 || wanted[deployment] === state.traffic[deployment]) return undefined;
    if (wanted[deployment] !== inputs.traffic) {
      agent.print(`Nothing else serves: deployment ${deployment} gets all traffic instead of ${inputs.traffic} %.`);
    }
    agent.print(`Traffic of endpoint ${endpoint}: ${trafficText(state.traffic)} → ${trafficText(wanted)}.`);
    const tags = previous === undefined ? state.tags : { ...state.tags, [previousTag]: previous };
    return { traffic: wanted, tags };
  };
  const { before, after } = await changeTraffic(azure, agent, endpoint, change, {
    what: `traffic of endpoint ${endpoint}`,
    timeoutMs: 15 * 60_000,
    progress: { from: 91, to: 99 },
  });
  return { before, after, previous };
}
