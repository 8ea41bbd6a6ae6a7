import { TaskError } from '../../lib/agent/errors';
import { at, isRecord, textAt } from '../../lib/agent/json';
import { escapeRegExp } from '../../lib/agent/pattern';
import { componentResource } from '../../lib/assets/component/component';
import type { Resource } from '../../lib/assets/kinds/kind';
import { Later, settle, type Soon } from '../../lib/assets/later';
import { location } from '../../lib/assets/parts/endpoint';
import { inFile } from '../../lib/assets/place';
import { planResource, type Step } from '../../lib/assets/reconcile/plan';
import type { Rehearsal } from '../../lib/assets/reconcile/rehearsal';
import { settleResource } from '../../lib/assets/translate';
import type { EndpointChoice, Inputs } from './inputs';
import { withoutLeftInputs, withSwitchedOff } from './leftover';
import type { Pipeline } from './pipeline';
import type { Schedule } from './schedule';

/** What publishing comes to. */
export interface Publication {
  steps: Step[];
  /** ARM id of the pipeline's component, with its version. */
  componentId: string;
  /** Specification of that component. */
  spec: unknown;
  scheduleName?: string;
}

/**
 * Compares what is to be published with what is there, in the order in which one thing needs another.
 *
 * @throws TaskError for what the service could not make so
 */
export async function planPublication(
  inputs: Inputs,
  pipeline: Pipeline,
  schedule: Schedule | undefined,
  rehearsal: Rehearsal,
): Promise<Publication> {
  const steps: Step[] = [];
  const componentId = await planComponent(pipeline, rehearsal, steps);
  const found = await rehearsal.get(componentId);
  const spec = at(found, 'properties', 'componentSpec');
  if (!isRecord(spec)) {
    throw new TaskError(`The component ${componentId} does not exist, or has no specification.`);
  }
  const publication: Publication = { steps, componentId, spec };
  const { endpoint } = inputs;
  if (endpoint) {
    steps.push(await planResource('batch endpoint', endpointResource(endpoint, rehearsal), rehearsal));
    const deployment = await deploymentResource(endpoint, componentId, pipeline, rehearsal);
    steps.push(await planResource('batch deployment', deployment, rehearsal, pipeline.scope));
    if (endpoint.makeDefault) steps.push(await planDefault(endpoint, rehearsal));
  }
  if (schedule) {
    const name = scheduleName(inputs, schedule, pipeline);
    const { monitor } = schedule;
    if (monitor) {
      steps.push(await planResource('monitor', renamed(monitor.resource, name), rehearsal, monitor.scope));
    } else {
      const resource = await scheduleResource(name, componentId, pipeline, schedule, spec, rehearsal);
      const step = await planResource('schedule', resource, rehearsal, pipeline.scope);
      steps.push(withoutLeftInputs(step, pipeline.inputs, spec));
    }
    publication.scheduleName = name;
  }
  return publication;
}

async function planComponent({ component, scope }: Pipeline, rehearsal: Rehearsal, steps: Step[]): Promise<string> {
  if ('id' in component) {
    const id = await settle(component.id, rehearsal);
    if (typeof id === 'string' && /^(?:azureml:)?\/subscriptions\//i.test(id)) return id.replace(/^azureml:/, '');
    throw new TaskError(
      `The job runs the component ${JSON.stringify(id)}, which is not registered in this workspace.`,
      'Register it there first, or name its file.',
    );
  }
  const { definition } = component;
  const resource = new Later((remote) => componentResource(remote, definition, 'YAML.COMPONENT'));
  const step = await planResource('pipeline component', resource, rehearsal, scope).catch((error: unknown) => {
    throw inFile(scope, error);
  });
  steps.push(step);
  return step.path;
}

/** Of an endpoint that exists nothing but its name counts: it may serve other deployments. */
function endpointResource({ name }: EndpointChoice, { workspaceId }: Rehearsal): Resource {
  return {
    path: `${workspaceId}/batchEndpoints/${name}`,
    body: { location, tags: {}, properties: { authMode: 'AADToken', properties: {} } },
  };
}

async function deploymentResource(
  { name, deployment }: EndpointChoice,
  componentId: string,
  { settings, defaultCompute }: Pipeline,
  rehearsal: Rehearsal,
): Promise<Resource> {
  const { workspaceId } = rehearsal;
  const path = `${workspaceId}/batchEndpoints/${name}/deployments/${deployment}`;
  const found = at(await rehearsal.existing(path), 'properties', 'deploymentConfiguration', 'settings');
  const texts = Object.entries(withSwitchedOff(settings, found)).filter(
    ([, value]) => value !== undefined && value !== null,
  );
  const all = {
    ...Object.fromEntries(texts.map(([key, value]) => [key, shortName(String(value), workspaceId)])),
    ...(defaultCompute === undefined ? {} : { default_compute: shortName(defaultCompute, workspaceId) }),
  };
  return {
    path,
    body: {
      location,
      tags: {},
      properties: {
        deploymentConfiguration: {
          deploymentConfigurationType: 'PipelineComponent',
          componentId: { referenceType: 'Id', assetId: componentId },
          settings: all,
        },
      },
    },
  };
}

/** Settings of deployments name what is in the same workspace by its bare name. */
function shortName(id: string, workspaceId: string): string {
  const prefix = new RegExp(`^${escapeRegExp(workspaceId)}/(?:computes|datastores)/`, 'i');
  return id.replace(prefix, '');
}

async function planDefault({ name, deployment }: EndpointChoice, rehearsal: Rehearsal): Promise<Step> {
  const path = `${rehearsal.workspaceId}/batchEndpoints/${name}`;
  const found = await rehearsal.existing(path);
  const current = textAt(found, 'properties', 'defaults', 'deploymentName');
  const isSame = current === deployment;
  return {
    what: `default deployment of ${name}`,
    path,
    action: isSame ? 'unchanged' : 'update',
    changes: isSame ? [] : [{ path: 'deployment', from: current, to: deployment }],
    resource: new Later(async (remote) => ({ path, body: withDefault(await remote.get(path), deployment) })),
    found,
  };
}

/** The endpoint as it is, with another default. What only the service writes is left out. */
function withDefault(endpoint: unknown, deploymentName: string): unknown {
  const ids = at(endpoint, 'identity', 'userAssignedIdentities');
  const type = textAt(endpoint, 'identity', 'type');
  const own = (key: string): unknown => at(endpoint, 'properties', key);
  return {
    location: at(endpoint, 'location'),
    tags: at(endpoint, 'tags'),
    kind: at(endpoint, 'kind'),
    identity: type && {
      type,
      userAssignedIdentities: isRecord(ids) ? Object.fromEntries(Object.keys(ids).map((id) => [id, {}])) : undefined,
    },
    properties: {
      authMode: own('authMode'),
      description: own('description'),
      properties: own('properties'),
      defaults: { deploymentName },
    },
  };
}

function scheduleName({ scheduleName: given }: Inputs, schedule: Schedule, pipeline: Pipeline): string {
  return given ?? schedule.name ?? pipeline.name;
}

function renamed(monitor: Soon<Resource>, name: string): Soon<Resource> {
  return new Later(async (remote) => {
    const settled = await settleResource(monitor, remote);
    return { ...settled, path: settled.path.replace(/[^/]+$/, name) };
  });
}

/** A schedule whose job runs the component with the values of the file. */
async function scheduleResource(
  name: string,
  componentId: string,
  pipeline: Pipeline,
  { trigger, members }: Schedule,
  spec: unknown,
  rehearsal: Rehearsal,
): Promise<Resource> {
  checkInputs(pipeline.inputs, spec);
  const { job, defaultCompute, inputs } = pipeline;
  const path = `${rehearsal.workspaceId}/schedules/${name}`;
  const found = at(await rehearsal.existing(path), 'properties', 'action', 'jobDefinition', 'settings');
  const settings = withSwitchedOff(pipeline.settings, found);
  return {
    path,
    body: {
      properties: {
        displayName: name,
        ...members,
        trigger: trigger.body,
        action: {
          actionType: 'CreateJob',
          jobDefinition: {
            ...job,
            jobType: 'Pipeline',
            componentId,
            experimentName: job['experimentName'] ?? pipeline.name,
            displayName: job['displayName'] === '' ? undefined : job['displayName'],
            inputs,
            settings: { ...settings, default_compute: defaultCompute, _source: 'REMOTE.WORKSPACE.JOB' },
            isArchived: false,
          },
        },
      },
    },
  };
}

/** Nobody is there to give a value when the calendar starts a run. */
function checkInputs(given: Record<string, unknown>, spec: unknown): void {
  const declared = at(spec, 'inputs');
  const missing = Object.entries(isRecord(declared) ? declared : {})
    .filter(
      ([name, input]) =>
        !(name in given) && at(input, 'default') === undefined && !/^true$/i.test(String(at(input, 'optional'))),
    )
    .map(([name]) => name);
  if (missing.length === 0) return;
  throw new TaskError(
    `The calendar cannot start the pipeline: nothing gives its inputs ${missing.join(', ')} a value.`,
    'Publish the file of a pipeline job that runs the component (component: ./file.yml) and names its inputs.',
  );
}
