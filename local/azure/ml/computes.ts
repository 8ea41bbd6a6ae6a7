import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { names, workspacePath as seededWorkspace } from '../seed';
import { armRoute, type Answer, type Call, type Core, type Route } from '../service';
import { newCompute, scaled, scaleSettings } from './compute-document';
import { putHeaders, refuseBusy, stateOf } from './deployments';
import { page } from './versioned';
import {
  invalid,
  isObject,
  notFound,
  object,
  optionalObject,
  param,
  workspaceId,
  workspacePath,
  type Json,
} from './wire';

const one = `${workspacePath}/computes/{compute}`;

/** What the verbs of an instance lead to: the state meanwhile, and the one after it. */
const verbs = {
  start: { name: 'Start', meanwhile: 'Starting', after: 'Running' },
  stop: { name: 'Stop', meanwhile: 'Stopping', after: 'Stopped' },
  restart: { name: 'Restart', meanwhile: 'Restarting', after: 'Running' },
} as const;

/** Computes (swagger: `Compute_*`). Whatever their type: jobs that name one run as processes of this machine. */
export function computeRoutes(core: Core): Route[] {
  const computes = new Computes(core);
  return [
    armRoute('PUT', one, (call) => computes.put(call)),
    armRoute('GET', one, (call) => ({ status: 200, body: computes.find(call) })),
    armRoute('PATCH', one, (call) => computes.patch(call)),
    armRoute('DELETE', one, (call) => computes.delete(call)),
    armRoute('GET', `${workspacePath}/computes`, (call) => computes.list(call)),
    armRoute('POST', `${one}/listNodes`, (call) => computes.listNodes(call)),
    armRoute('POST', `${one}/listKeys`, (call) => computes.listKeys(call)),
    armRoute('POST', `${one}/start`, (call) => computes.change(call, 'start')),
    armRoute('POST', `${one}/stop`, (call) => computes.change(call, 'stop')),
    armRoute('POST', `${one}/restart`, (call) => computes.change(call, 'restart')),
  ];
}

/** ARM id of a compute that is given by its id, by `azureml:name`, or by its name. */
export function computeId(workspace: string, reference: string): string {
  const plain = reference.replace(/^azureml:/i, '');
  return plain.startsWith('/') ? plain : `${workspace}/computes/${plain}`;
}

/** The stored compute that a reference means, `undefined` when the workspace has none. */
export function findCompute(core: Core, workspace: string, reference: string): Json | undefined {
  const id = computeId(workspace, reference);
  const isHere = id.toLowerCase().startsWith(`${workspace.toLowerCase()}/computes/`);
  const found = isHere ? core.store.get(id) : undefined;
  return isObject(found) ? found : undefined;
}

/** The compute that the workspace has from the start; what was under way when an earlier life ended has failed. */
export function seedComputes(core: Core): void {
  const id = `${seededWorkspace}/computes/${names.compute}`;
  if (core.store.get(id) === undefined) core.store.set(id, seededCompute(id));
  for (const key of core.store.keys('/subscriptions/'))
    if (/\/computes\/[^/]+$/i.test(key) && ['Creating', 'Updating', 'Deleting'].includes(stateOf(core.store.get(key))))
      setProperties(core, key, { provisioningState: 'Failed' });
}

function seededCompute(id: string): Json {
  const body = {
    properties: {
      computeType: 'AmlCompute',
      description: 'Jobs run as processes of this machine.',
      disableLocalAuth: true,
      properties: {
        vmSize: 'STANDARD_DS3_V2',
        remoteLoginPortPublicAccess: 'Disabled',
        scaleSettings: { maxNodeCount: 1, minNodeCount: 1 },
      },
    },
  };
  const { document } = newCompute(id, body, undefined, names.location, names.workspace);
  return { ...document, properties: { ...propertiesOf(document), provisioningState: 'Succeeded' } };
}

class Computes {
  constructor(private readonly core: Core) {}

  put(call: Call): Answer {
    const id = this.id(call);
    const existing = this.core.store.get(id);
    refuseBusy(existing, id);
    const before = isObject(existing) ? existing : undefined;
    const made = newCompute(id, call.json(), before, this.core.location, call.caller.objectId);
    this.core.store.set(id, made.document);
    if (made.secrets !== undefined) this.core.store.set(`compute-secrets/${id}`, made.secrets);
    const url = `${this.core.url}${id}`;
    const started = this.core.operations.start('compute', url, () => this.settle(id), 'InProgress');
    const headers = { 'azure-asyncoperation': started.asyncOperationUrl, ...putHeaders };
    return { status: before === undefined ? 201 : 200, headers, body: made.document };
  }

  private async settle(id: string): Promise<void> {
    await sleep(100);
    const properties = propertiesOf(this.core.store.get(id));
    const settings = optionalObject(properties['properties'], 'properties');
    const running =
      properties['computeType'] === 'ComputeInstance'
        ? { properties: { ...settings, state: 'Running', lastOperation: operation('Create', 'Succeeded') } }
        : {};
    setProperties(this.core, id, { provisioningState: 'Succeeded', ...running });
  }

  /** The scale settings of a cluster are all that can be patched. */
  patch(call: Call): Answer {
    const id = this.id(call);
    const document = this.find(call);
    refuseBusy(document, id);
    const properties = propertiesOf(document);
    if (properties['computeType'] !== 'AmlCompute')
      throw invalid('Only computes of type AmlCompute can be updated.', 'NotSupported', 'properties');
    const asked = optionalObject(object(call.json(), 'body')['properties'], 'properties');
    const inner = optionalObject(asked['properties'], 'properties.properties');
    const now = new Date().toISOString();
    const settings = {
      ...optionalObject(properties['properties'], 'properties'),
      scaleSettings: scaleSettings(inner['scaleSettings']),
    };
    setProperties(this.core, id, { modifiedOn: now, properties: scaled(settings, now) });
    return { status: 200, body: this.core.store.get(id) };
  }

  /** `underlyingResourceAction` says whether what was attached stays (Detach) or the compute goes (Delete). */
  delete(call: Call): Answer {
    const id = this.id(call);
    const document = this.core.store.get(id);
    if (!isObject(document)) return { status: 204 };
    refuseBusy(document, id);
    const action = call.query.get('underlyingResourceAction') ?? '';
    const isAttached = propertiesOf(document)['isAttachedCompute'] === true;
    if (action !== 'Delete' && action !== 'Detach')
      throw invalid(
        "The query parameter underlyingResourceAction must be 'Delete' or 'Detach'.",
        'ValidationError',
        'underlyingResourceAction',
      );
    if (action === 'Detach' && !isAttached)
      throw invalid('Only computes that were attached can be detached.', 'ValidationError', 'underlyingResourceAction');
    setProperties(this.core, id, { provisioningState: 'Deleting' });
    const work = async (): Promise<void> => {
      await sleep(100);
      this.core.store.delete(`compute-secrets/${id}`);
      this.core.store.delete(id);
    };
    return this.accepted(id, work);
  }

  list(call: Call): Answer {
    const all = this.core.store.keys(`${workspaceId(call)}/computes/`).map((key) => this.core.store.get(key));
    return page(call, all.filter(isObject));
  }

  listNodes(call: Call): Answer {
    const properties = propertiesOf(this.find(call));
    if (properties['computeType'] !== 'AmlCompute')
      throw invalid('Only computes of type AmlCompute list their nodes.', 'NotSupported');
    const count = Number(optionalObject(properties['properties'], 'properties')['currentNodeCount']);
    const node = (): Json => ({ nodeId: `tvmps_${randomUUID().replaceAll('-', '')}_d`, nodeState: 'idle' });
    return { status: 200, body: { nodes: Array.from({ length: count }, node) } };
  }

  listKeys(call: Call): Answer {
    const properties = propertiesOf(this.find(call));
    const secrets = this.core.store.get(`compute-secrets/${this.id(call)}`);
    if (!isObject(secrets)) throw invalid('The compute has no keys.', 'NotSupported');
    return { status: 200, body: { computeType: properties['computeType'], ...secrets } };
  }

  /** Starting what runs and stopping what stands still does nothing, and is no error. */
  change(call: Call, verb: keyof typeof verbs): Answer {
    const id = this.id(call);
    const document = this.find(call);
    refuseBusy(document, id);
    if (propertiesOf(document)['computeType'] !== 'ComputeInstance')
      throw invalid(`Only a compute instance can be told to ${verb}.`, 'NotSupported');
    const { name, meanwhile, after } = verbs[verb];
    const set = (state: string, status: string): void => {
      const settings = optionalObject(propertiesOf(this.core.store.get(id))['properties'], 'properties');
      setProperties(this.core, id, { properties: { ...settings, state, lastOperation: operation(name, status) } });
    };
    set(meanwhile, 'InProgress');
    return this.accepted(id, async () => {
      await sleep(100);
      set(after, 'Succeeded');
    });
  }

  find(call: Call): Json {
    const found = this.core.store.get(this.id(call));
    if (isObject(found)) return found;
    throw notFound('ComputeNotFound', `Compute with name: ${param(call, 'compute')} not found.`);
  }

  private accepted(id: string, work: () => Promise<void>): Answer {
    const started = this.core.operations.start('compute', `${this.core.url}${id}`, work, 'InProgress');
    return {
      status: 202,
      headers: { 'azure-asyncoperation': started.asyncOperationUrl, location: started.resultUrl, 'retry-after': '1' },
    };
  }

  private id(call: Call): string {
    return `${workspaceId(call)}/computes/${param(call, 'compute')}`;
  }
}

function operation(operationName: string, operationStatus: string): Json {
  return { operationName, operationTime: new Date().toISOString(), operationStatus, operationTrigger: 'User' };
}

function setProperties(core: Core, id: string, change: Json): void {
  const document = core.store.get(id);
  if (isObject(document)) core.store.set(id, { ...document, properties: { ...propertiesOf(document), ...change } });
}

function propertiesOf(document: unknown): Json {
  return isObject(document) ? optionalObject(document['properties'], 'properties') : {};
}
