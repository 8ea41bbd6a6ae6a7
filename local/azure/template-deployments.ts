import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { asList, asObject, asString, isObject, type JsonObject } from './json';
import type { ResourceMaker } from './plain-resources';
import { notFound } from './resources';
import { groupPath, names } from './seed';
import { ArmFault, type Answer, type Call, type Caller, type Core, type Route } from './service';
import { evaluated, invalidTemplate, type TemplateScope } from './template-expressions';

const group = '/subscriptions/{subscription}/resourceGroups/{group}';
const path = `${group}/providers/Microsoft.Resources/deployments/{deployment}`;

/** A resource that a template asks for, its expressions worked out. */
interface Wanted {
  id: string;
  type: string;
  name: string;
  after: string[];
  body: JsonObject;
}

/**
 * Deployments of templates at a resource group, incremental (Resource Manager's 2020-06-01): what the SDK makes a workspace
 * with. Each resource is made by the maker of its type; a type without one is refused before anything is made.
 */
export function templateDeployments(core: Core, makers: ResourceMaker[]): { routes: Route[]; settleLeftovers(): void } {
  const deployments = new Deployments(core, makers);
  const arm = (method: Route['method'], at: string, handle: Route['handle'], action?: string): Route => ({
    method,
    path: at,
    token: 'arm',
    ...(action === undefined ? {} : { action: `Microsoft.Resources/deployments/${action}` }),
    handle,
  });
  const routes = [
    arm('PUT', path, (call) => deployments.put(call)),
    arm('GET', path, (call) => ({ status: 200, body: deployments.find(call) })),
    arm('GET', `${path}/operations`, (call) => deployments.operations(call)),
    // The client's library leaves out the provider.
    arm(
      'GET',
      `${group}/deployments/{deployment}/operations`,
      (call) => deployments.operations(call),
      'operations/read',
    ),
    arm('GET', `${path}/operationStatuses/{operation}`, (call) => deployments.status(call), 'operationstatuses/read'),
  ];
  return { routes, settleLeftovers: () => deployments.settleLeftovers() };
}

class Deployments {
  constructor(
    private readonly core: Core,
    private readonly makers: ResourceMaker[],
  ) {}

  /** What was under way when an earlier life of this cloud ended has failed. */
  settleLeftovers(): void {
    for (const id of this.core.store.keys(`${groupPath}/providers/Microsoft.Resources/deployments/`)) {
      const document = asObject(this.core.store.get(id));
      const properties = asObject(document['properties']);
      if (properties['provisioningState'] !== 'Running') continue;
      const error = { code: 'DeploymentFailed', message: 'The deployment was interrupted by a restart.' };
      this.core.store.set(id, { ...document, properties: { ...properties, provisioningState: 'Failed', error } });
    }
  }

  put(call: Call): Answer {
    const id = deploymentId(call);
    const name = call.params['deployment'] ?? '';
    const asked = asObject(asObject(call.json())['properties']);
    const mode = asString(asked['mode']) ?? 'Incremental';
    if (mode.toLowerCase() !== 'incremental')
      throw invalidTemplate(`this local Azure knows the mode Incremental only, not '${mode}'.`);
    const wanted = this.read(asked);
    this.check(wanted, call.caller);
    const document = {
      id,
      name,
      type: 'Microsoft.Resources/deployments',
      properties: {
        mode: 'Incremental',
        provisioningState: 'Running',
        timestamp: new Date().toISOString(),
        duration: 'PT0S',
        correlationId: randomUUID(),
        providers: [],
        dependencies: [],
      },
    };
    this.core.store.set(id, document);
    this.core.store.set(`deployment-operations/${id}`, []);
    void this.run(id, wanted, call.caller.objectId);
    const version = call.query.get('api-version') ?? '2020-06-01';
    const url = `${this.core.url}${id}/operationStatuses/${randomUUID()}?api-version=${version}`;
    return { status: 201, headers: { 'azure-asyncoperation': url, 'retry-after': '1' }, body: document };
  }

  /** The resources whose condition holds. Parameters left out have their default. */
  private read(asked: JsonObject): Wanted[] {
    const template = asked['template'];
    if (!isObject(template)) throw invalidTemplate('the request holds no template.');
    const given = asObject(asked['parameters']);
    const declared = Object.entries(asObject(template['parameters']));
    const scope: TemplateScope = {
      subscriptionId: names.subscriptionId,
      tenantId: names.tenantId,
      resourceGroup: names.resourceGroup,
      location: names.location,
      parameters: {},
      variables: asObject(template['variables']),
    };
    for (const [name, declaration] of declared) {
      const own = asObject(given[name]);
      const { defaultValue } = asObject(declaration);
      if (!('value' in own) && defaultValue === undefined)
        throw invalidTemplate(`the parameter '${name}' has no value.`);
      scope.parameters[name] = 'value' in own ? own['value'] : evaluated(defaultValue, scope);
    }
    const strange = Object.keys(given).find((name) => !declared.some(([one]) => one === name));
    if (strange !== undefined) throw invalidTemplate(`the template has no parameter '${strange}'.`);
    return asList(template['resources']).flatMap((resource) => this.resource(asObject(resource), scope));
  }

  private resource(template: JsonObject, scope: TemplateScope, parent?: { id: string; type: string }): Wanted[] {
    const { condition, resources, dependsOn, name: givenName, type: givenType, ...rest } = template;
    if (condition !== undefined && String(evaluated(condition, scope)).toLowerCase() !== 'true') return [];
    const name = asString(evaluated(givenName, scope)) ?? '';
    const last = asString(givenType) ?? '';
    const type = parent === undefined ? last : `${parent.type}/${last}`;
    const [namespace = '', ...types] = type.split('/');
    const parts = name.split('/');
    const pairs = types.map((one, index) => `${one}/${parts[index] ?? ''}`);
    const id =
      parent === undefined ? `${groupPath}/providers/${namespace}/${pairs.join('/')}` : `${parent.id}/${last}/${name}`;
    const body = asObject(evaluated(rest, scope));
    const after = asList(dependsOn).map((one) => String(evaluated(one, scope)).toLowerCase());
    const nested = asList(resources).flatMap((one) => this.resource(asObject(one), scope, { id, type }));
    return [{ id, type, name, after, body }, ...nested];
  }

  /** Whoever deploys a template needs the right to write each resource. */
  private check(wanted: Wanted[], caller: Caller): void {
    for (const { id, type, name } of wanted) {
      if (this.maker(type) === undefined)
        throw invalidTemplate(`this local Azure deploys no resources of type '${type}' (${name}).`);
      if (this.core.allows(caller, `${type}/write`, id)) continue;
      throw new ArmFault(
        403,
        'InvalidTemplateDeployment',
        `Deployment failed with multiple errors: the client '${caller.clientId}' does not have permission to perform action '${type}/write' at scope '${id}'.`,
      );
    }
  }

  private maker(type: string): ResourceMaker | undefined {
    return this.makers.find((one) => one.type.toLowerCase() === type.toLowerCase());
  }

  private async run(id: string, wanted: Wanted[], createdBy: string): Promise<void> {
    const started = Date.now();
    const end = (provisioningState: string, more: JsonObject = {}): void => {
      const document = asObject(this.core.store.get(id));
      const duration = `PT${(Date.now() - started) / 1000}S`;
      const properties = { ...asObject(document['properties']), provisioningState, duration, ...more };
      this.core.store.set(id, { ...document, properties });
    };
    try {
      await sleep(50);
      for (const one of ordered(wanted)) {
        await this.maker(one.type)?.make(one.id, one.body, createdBy);
        this.note(id, one);
      }
      end('Succeeded', { outputResources: wanted.map((one) => ({ id: one.id })) });
    } catch (cause) {
      const inner =
        cause instanceof ArmFault
          ? (cause.more.details?.[0] ?? { code: cause.code, message: cause.message })
          : { code: 'InternalServerError', message: String(cause) };
      const message =
        'At least one resource deployment operation failed. Please list deployment operations for details.';
      end('Failed', { error: { code: 'DeploymentFailed', message, details: [inner] } });
    }
  }

  private note(id: string, { id: resource, type, name }: Wanted): void {
    const operationId = randomUUID();
    const operation = {
      id: `${id}/operations/${operationId}`,
      operationId,
      properties: {
        provisioningOperation: 'Create',
        provisioningState: 'Succeeded',
        timestamp: new Date().toISOString(),
        duration: 'PT1S',
        serviceRequestId: randomUUID(),
        statusCode: 'OK',
        targetResource: { id: resource, resourceType: type, resourceName: name },
      },
    };
    this.core.store.set(`deployment-operations/${id}`, [...this.noted(id), operation]);
  }

  private noted(id: string): unknown[] {
    return asList(this.core.store.get(`deployment-operations/${id}`));
  }

  operations(call: Call): Answer {
    this.find(call);
    return { status: 200, body: { value: this.noted(deploymentId(call)) } };
  }

  status(call: Call): Answer {
    const { provisioningState, error } = asObject(this.find(call)['properties']);
    const running = provisioningState === 'Running';
    return {
      status: 200,
      headers: running ? { 'retry-after': '1' } : {},
      body: { status: provisioningState, ...(error === undefined ? {} : { error }) },
    };
  }

  find(call: Call): JsonObject {
    const found = this.core.store.get(deploymentId(call));
    if (isObject(found)) return found;
    throw notFound('Microsoft.Resources/deployments', call.params['deployment'] ?? '');
  }
}

function deploymentId(call: Call): string {
  return `${groupPath}/providers/Microsoft.Resources/deployments/${call.params['deployment'] ?? ''}`;
}

/** Each after those it depends on. What is not part of the deployment is there already. */
function ordered(wanted: Wanted[]): Wanted[] {
  const left = [...wanted];
  const done: Wanted[] = [];
  while (left.length > 0) {
    const ready = left.findIndex(({ after }) =>
      left.every((other) => !after.includes(other.id.toLowerCase()) && !after.includes(other.name.toLowerCase())),
    );
    if (ready === -1) throw invalidTemplate('its resources depend on each other in a circle.');
    done.push(...left.splice(ready, 1));
  }
  return done;
}
