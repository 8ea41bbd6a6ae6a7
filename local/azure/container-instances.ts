import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { readGroup, shownProperties, type GroupDefinition } from './container-groups/definition';
import { RunningGroup, type GroupTools } from './container-groups/group';
import { reservePlace } from './containers/addresses';
import { endLeftovers } from './containers/container';
import { pullImage, PullError } from './containers/images';
import { LayerCache } from './containers/layer-cache';
import { asList, asObject, asString, type JsonObject } from './json';
import { PythonEnvironments } from './ml/python';
import { openRegistryTokens } from './registry';
import { parseReference } from './registry/image';
import { RegistryStorage } from './registry/storage';
import type { RegistryTokens } from './registry/tokens';
import { ArmFault, type Answer, type Call, type Caller, type Core, type Service } from './service';

const provider = 'Microsoft.ContainerInstance';

/** Without it, or with 0, clients of the Python SDK wait 30 s between two looks; a group starts in seconds here. */
const soon = { 'retry-after': '1' };

/** A group as it is kept: the body with its secrets, and what was decided about it. */
interface Kept {
  id: string;
  name: string;
  body: JsonObject;
  provisioningState: string;
  ip: string;
  /** Declared port → bound port, where they differ (systems with one loopback address). */
  ports: Record<string, number>;
  stopped: boolean;
}

interface Operation {
  resource: string;
  status: string;
  startTime: string;
  error?: { code: string; message: string };
}

/**
 * Container Instances (2023-05-01): a group's image is unpacked and its command runs as a process on a loopback address of
 * its own, so that the declared ports stay what they are.
 */
export function createContainerInstances(core: Core): Service {
  return new ContainerInstances(core).service();
}

class ContainerInstances {
  private readonly groups = new Map<string, RunningGroup>();
  private readonly operations = new Map<string, Operation>();
  private readonly working = new Set<Promise<void>>();
  private readonly tools: GroupTools;
  private readonly tokens: RegistryTokens;

  constructor(private readonly core: Core) {
    const storage = new RegistryStorage(core.folder('registry'));
    this.tokens = openRegistryTokens(core);
    this.tools = {
      storage,
      loginServer: new URL(core.url).host,
      layers: LayerCache.of(join(core.folder('registry'), 'layers'), storage),
      pythons: new PythonEnvironments(),
      folder: join(core.folder('container-instances'), 'groups'),
      log: (text) => core.log(text),
    };
    for (const key of core.store.keys(this.prefix())) reservePlace(this.read(key)?.ip ?? '');
  }

  service(): Service {
    const groups = `/subscriptions/{subscription}/resourceGroups/{group}/providers/${provider}/containerGroups`;
    const one = `${groups}/{name}`;
    const operation = `/subscriptions/{subscription}/providers/${provider}/locations/{location}/operations/{operation}`;
    const arm = { token: 'arm' } as const;
    return {
      routes: [
        {
          ...arm,
          method: 'GET',
          path: `/subscriptions/{subscription}/providers/${provider}/containerGroups`,
          handle: () => this.list(),
        },
        { ...arm, method: 'GET', path: groups, handle: () => this.list() },
        { ...arm, method: 'PUT', path: one, handle: (call) => this.put(call) },
        {
          ...arm,
          method: 'GET',
          path: one,
          handle: (call) => ({ status: 200, body: this.document(this.find(call), true) }),
        },
        { ...arm, method: 'PATCH', path: one, handle: (call) => this.patch(call) },
        { ...arm, method: 'DELETE', path: one, handle: (call) => this.remove(call) },
        { ...arm, method: 'POST', path: `${one}/start`, handle: (call) => this.restart(call, 202) },
        { ...arm, method: 'POST', path: `${one}/restart`, handle: (call) => this.restart(call, 204) },
        { ...arm, method: 'POST', path: `${one}/stop`, handle: (call) => this.stopGroup(call) },
        { ...arm, method: 'GET', path: `${one}/containers/{container}/logs`, handle: (call) => this.logs(call) },
        // Who began an operation may follow it: no further action is asked for.
        { ...arm, method: 'GET', path: operation, action: '', handle: (call) => this.operation(call) },
      ],
      start: () => this.start(),
      stop: () => this.stop(),
    };
  }

  /** What was deployed serves again; the service itself does not wait for it. */
  private async start(): Promise<void> {
    await endLeftovers(this.tools.folder);
    for (const key of this.core.store.keys(this.prefix())) {
      const kept = this.read(key);
      if (kept === undefined || kept.stopped) continue;
      const group = new RunningGroup(kept.name, readGroup(kept.body, kept.name), this.tools);
      this.groups.set(kept.name, group);
      this.background(kept, undefined, async () => {
        const place = await group.takePlace(kept.ip === '' ? undefined : kept.ip);
        this.save({ ...kept, ip: place.ip, ports: Object.fromEntries(place.ports) });
        await group.start();
      });
    }
  }

  private async stop(): Promise<void> {
    await Promise.all([...this.groups.values()].map((group) => group.stop()));
    await Promise.all(this.working);
    await Promise.all([...this.groups.values()].map((group) => group.remove()));
  }

  private async put(call: Call): Promise<Answer> {
    const name = call.params['name'] ?? '';
    const body = asObject(call.json());
    const definition = readGroup(body, name);
    this.checkLinked(call.caller, call.url.pathname, definition);
    for (const container of definition.containers) this.checkPull(container.image, name, definition);
    const former = this.read(this.key(name));
    await this.groups.get(name)?.remove();
    const group = new RunningGroup(name, definition, this.tools);
    this.groups.set(name, group);
    const place = await group.takePlace(former?.ip);
    const kept: Kept = {
      id: call.url.pathname.replace(/\/+$/, ''),
      name,
      body,
      provisioningState: 'Pending',
      ip: place.ip,
      ports: Object.fromEntries(place.ports),
      stopped: false,
    };
    this.save(kept);
    const headers = this.begin(call, kept, () => group.start());
    return { status: former === undefined ? 201 : 200, headers, body: this.document(kept, true) };
  }

  private patch(call: Call): Answer {
    const kept = this.find(call);
    const tags = asObject(call.json())['tags'];
    const changed = { ...kept, body: { ...kept.body, ...(tags === undefined ? {} : { tags }) } };
    this.save(changed);
    return { status: 200, body: this.document(changed, true) };
  }

  private async remove(call: Call): Promise<Answer> {
    const kept = this.read(this.key(call.params['name'] ?? ''));
    if (kept === undefined) return { status: 204 };
    const body = this.document(kept, true);
    this.core.store.delete(this.key(kept.name));
    await this.groups.get(kept.name)?.remove();
    this.groups.delete(kept.name);
    return { status: 200, body };
  }

  private async restart(call: Call, status: number): Promise<Answer> {
    const kept = this.find(call);
    const running = this.groups.get(kept.name);
    if (status === 204 && (running === undefined || running.stopped)) {
      throw new ArmFault(409, 'ContainerGroupNotRunning', `The container group '${kept.name}' is not running.`);
    }
    await running?.stop();
    const group = running ?? new RunningGroup(kept.name, readGroup(kept.body, kept.name), this.tools);
    this.groups.set(kept.name, group);
    const place = group.place ?? (await group.takePlace(kept.ip));
    this.save({ ...kept, ip: place.ip, ports: Object.fromEntries(place.ports), stopped: false });
    const headers = this.begin(call, kept, () => group.start());
    return status === 202 ? { status, headers } : { status };
  }

  private async stopGroup(call: Call): Promise<Answer> {
    const kept = this.find(call);
    await this.groups.get(kept.name)?.stop();
    this.save({ ...kept, stopped: true });
    return { status: 204 };
  }

  private logs(call: Call): Answer {
    const kept = this.find(call);
    const container = call.params['container'] ?? '';
    const tail = call.query.get('tail');
    const group = this.groups.get(kept.name);
    const content = group === undefined ? '' : group.logs(container, tail === null ? undefined : Number(tail));
    if (content === undefined) {
      throw new ArmFault(
        404,
        'ContainerNotFound',
        `The container '${container}' in container group '${kept.name}' is not found.`,
      );
    }
    return { status: 200, body: { content } };
  }

  private list(): Answer {
    const value = this.core.store.keys(this.prefix()).flatMap((key) => {
      const kept = this.read(key);
      return kept === undefined ? [] : [this.document(kept, false)];
    });
    return { status: 200, body: { value } };
  }

  private operation(call: Call): Answer {
    const found = this.operations.get(call.params['operation'] ?? '');
    if (found === undefined) throw new ArmFault(404, 'OperationNotFound', 'The operation was not found.');
    const { resource, status, startTime, error } = found;
    const headers: Record<string, string> = status === 'Succeeded' || status === 'Failed' ? {} : soon;
    return {
      status: 200,
      headers,
      body: { id: resource, status, startTime, properties: { events: [] }, ...(error === undefined ? {} : { error }) },
    };
  }

  /** Starts the work that a PUT or start asks for; gives the headers that lead to its state. */
  private begin(call: Call, kept: Kept, work: () => Promise<void>): Record<string, string> {
    const id = randomUUID();
    const operation: Operation = { resource: kept.id, status: 'Pending', startTime: new Date().toISOString() };
    this.operations.set(id, operation);
    this.background(kept, operation, work);
    const base = `${this.core.url}/subscriptions/${this.core.subscriptionId}/providers/${provider}/locations/${this.core.location}`;
    const version = encodeURIComponent(call.query.get('api-version') ?? '2023-05-01');
    return { 'azure-asyncoperation': `${base}/operations/${id}?api-version=${version}`, ...soon };
  }

  private background(kept: Kept, operation: Operation | undefined, work: () => Promise<void>): void {
    const advance = (status: string): void => {
      if (operation !== undefined) operation.status = status;
      const current = this.read(this.key(kept.name));
      // Deleted meanwhile: nothing to say about it any more.
      if (current !== undefined) this.save({ ...current, provisioningState: status });
    };
    const done = (async (): Promise<void> => {
      // The first state is seen by the answer itself.
      await new Promise((next) => setImmediate(next));
      advance('Creating');
      try {
        await work();
        advance('Succeeded');
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        this.core.log(`container group ${kept.name}: ${message}`);
        if (operation !== undefined) operation.error = { code: 'Failed', message };
        advance('Failed');
      }
    })().finally(() => this.working.delete(done));
    this.working.add(done);
  }

  /** Using an identity or a subnet needs a permission on that resource too, which Resource Manager checks itself. */
  private checkLinked(caller: Caller, scope: string, definition: GroupDefinition): void {
    const needs = [
      ...definition.identities.map((id) => ({
        id,
        action: 'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action',
      })),
      ...definition.subnets.map((id) => ({ id, action: 'Microsoft.Network/virtualNetworks/subnets/join/action' })),
    ];
    const missing = needs.find(({ id, action }) => !this.core.allows(caller, action, id));
    if (missing === undefined) return;
    throw new ArmFault(
      403,
      'LinkedAuthorizationFailed',
      `The client '${caller.clientId}' with object id '${caller.objectId}' has permission to perform action '${provider}/containerGroups/write' on scope '${scope}'; however, it does not have permission to perform action '${missing.action}' on the linked scope(s) '${missing.id}' or the linked scope(s) are invalid.`,
    );
  }

  /** An image of the registry needs credentials, or an identity that the group carries; the registry has no anonymous pull. */
  private checkPull(image: string, group: string, definition: GroupDefinition): void {
    const { server } = parseReference(image);
    const credential = definition.credentials.find((one) => one.server === server);
    const identity = credential?.identity;
    const allowed =
      identity !== undefined
        ? definition.identities.some((one) => one.toLowerCase() === identity.toLowerCase())
        : this.tokens.mayPull(credential?.username ?? '', credential?.password ?? '');
    try {
      if (allowed) pullImage(this.tools.storage, this.tools.loginServer, image);
    } catch (error) {
      if (!(error instanceof PullError)) throw error;
      this.core.log(error.message);
      throw inaccessible(image, group);
    }
    if (!allowed) throw inaccessible(image, group);
  }

  private document(kept: Kept, detailed: boolean): unknown {
    const { body, provisioningState } = kept;
    const group = this.groups.get(kept.name);
    const properties = shownProperties(body);
    const address = asObject(properties['ipAddress']);
    const containers = asList(properties['containers']).map((entry) => {
      const container = asObject(entry);
      const inner = asObject(container['properties']);
      const view = group?.instanceView(asString(container['name']) ?? '');
      return {
        name: container['name'],
        properties: { ...inner, ...(detailed && view !== undefined ? { instanceView: view } : {}) },
      };
    });
    return {
      id: kept.id,
      name: kept.name,
      type: `${provider}/containerGroups`,
      location: body['location'],
      ...(body['tags'] === undefined ? {} : { tags: body['tags'] }),
      ...(body['identity'] === undefined ? {} : { identity: body['identity'] }),
      properties: {
        sku: 'Standard',
        restartPolicy: 'Always',
        ...properties,
        provisioningState,
        containers,
        ...(properties['ipAddress'] === undefined ? {} : { ipAddress: this.address(kept, address) }),
        ...(detailed
          ? { instanceView: { events: [], state: kept.stopped ? 'Stopped' : (group?.state ?? 'Pending') } }
          : {}),
      },
    };
  }

  /** No name server knows the group's label: the name it is reached by is its address. */
  private address(kept: Kept, asked: JsonObject): unknown {
    const ports = asList(asked['ports']).map((entry) => {
      const { port, protocol } = asObject(entry);
      return { protocol: protocol ?? 'TCP', port: kept.ports[String(port)] ?? port };
    });
    return { ...asked, ports, ip: kept.ip, ...(asked['dnsNameLabel'] === undefined ? {} : { fqdn: kept.ip }) };
  }

  private find(call: Call): Kept {
    const name = call.params['name'] ?? '';
    const kept = this.read(this.key(name));
    if (kept !== undefined) return kept;
    throw new ArmFault(
      404,
      'ResourceNotFound',
      `The Resource '${provider}/containerGroups/${name}' under resource group '${call.params['group'] ?? ''}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
    );
  }

  private prefix(): string {
    return `/subscriptions/${this.core.subscriptionId}/resourceGroups/rg-mlops/providers/${provider}/containerGroups/`;
  }

  private key(name: string): string {
    return `${this.prefix()}${name}`;
  }

  private save(kept: Kept): void {
    this.core.store.set(this.key(kept.name), kept);
  }

  private read(key: string): Kept | undefined {
    const value = this.core.store.get(key);
    return isKept(value) ? value : undefined;
  }
}

/** What this file wrote itself. */
function isKept(value: unknown): value is Kept {
  const kept = asObject(value);
  return (
    asString(kept['id']) !== undefined &&
    asString(kept['name']) !== undefined &&
    asString(kept['provisioningState']) !== undefined
  );
}

function inaccessible(image: string, group: string): ArmFault {
  const message = `The image '${image}' in container group '${group}' is not accessible. Please check the image and registry credential.`;
  return new ArmFault(400, 'InaccessibleImage', message);
}
