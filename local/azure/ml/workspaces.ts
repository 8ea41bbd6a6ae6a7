import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { asString } from '../json';
import type { ResourceMaker } from '../plain-resources';
import { notFound } from '../resources';
import { groupPath, names, workspacePath, type Directory } from '../seed';
import { armRoute, ArmFault, type Answer, type Call, type Core, type Route } from '../service';
import { seedDatastores } from './datastores';
import { page } from './versioned';
import { invalid, param, provider, workspaceId, type Json } from './wire';
import {
  changedWorkspace,
  newWorkspace,
  readKept,
  seededWorkspace,
  showWorkspace,
  type Kept,
} from './workspace-document';
import { workspaceRoute } from './workspace-path';

const subscriptionRoute = '/subscriptions/{subscription}';
const listRoute = `${subscriptionRoute}/resourceGroups/{group}/providers/${provider}/workspaces`;

/** Workspaces (swagger: `Workspaces_*`), usages, and the discovery document of their data plane. */
export function workspaceRoutes(core: Core): { routes: Route[]; maker: ResourceMaker } {
  const workspaces = new Workspaces(core);
  const routes = [
    armRoute('PUT', workspaceRoute, (call) => workspaces.put(call)),
    armRoute('GET', workspaceRoute, (call) => ({ status: 200, body: showWorkspace(core, workspaces.find(call)) })),
    armRoute('PATCH', workspaceRoute, (call) => workspaces.patch(call)),
    armRoute('DELETE', workspaceRoute, (call) => workspaces.delete(call)),
    armRoute('GET', listRoute, (call) => page(call, workspaces.all())),
    // Lists over a subscription show what the caller may see.
    {
      ...armRoute('GET', `${subscriptionRoute}/providers/${provider}/workspaces`, (call) =>
        page(call, workspaces.all()),
      ),
      action: '',
    },
    armRoute('GET', `${subscriptionRoute}/providers/${provider}/locations/{location}/usages`, () => ({
      status: 200,
      body: { value: usages() },
    })),
    ...unsupported(),
    // Clients ask for it without a token.
    ...['/discovery', '/discovery/workspaces/{id}'].map((path): Route => ({
      method: 'GET',
      path,
      token: 'none',
      handle: () => ({ status: 200, body: discovery(core.url) }),
    })),
  ];
  return { routes, maker: { type: `${provider}/workspaces`, make: (id, body, by) => workspaces.make(id, body, by) } };
}

/** The workspace that there is from the start, kept like those that are made. */
export function seedWorkspace(core: Core, directory: Directory): void {
  if (core.store.get(workspacePath) === undefined)
    core.store.set(workspacePath, seededWorkspace(directory, createdAt(core)));
  const start = `${groupPath}/providers/${provider}/workspaces/`;
  for (const id of core.store.keys(start).filter((key) => !key.slice(start.length).includes('/'))) {
    const kept = readKept(core.store.get(id));
    // What was under way when an earlier life ended has failed.
    if (kept !== undefined && kept.provisioningState !== 'Succeeded')
      core.store.set(id, { ...kept, provisioningState: 'Failed' });
  }
}

class Workspaces {
  constructor(private readonly core: Core) {}

  /** 202 with an empty body while it is made, as recorded; an update is there at once. */
  put(call: Call): Answer {
    const id = workspaceId(call);
    const before = readKept(this.core.store.get(id));
    if (before?.provisioningState === 'Creating' || before?.provisioningState === 'Deleting')
      throw new ArmFault(
        409,
        'Conflict',
        `The workspace '${param(call, 'workspace')}' is ${before.provisioningState}.`,
      );
    const kept = newWorkspace(this.core, before?.id ?? id, call.json(), before, call.caller.objectId);
    this.core.store.set(id, kept);
    if (before?.provisioningState === 'Succeeded') return { status: 200, body: showWorkspace(this.core, kept) };
    return this.accepted(id, () => this.finish(kept));
  }

  /** A workspace that a template names: there when the promise settles. */
  async make(id: string, body: unknown, createdBy: string): Promise<void> {
    const kept = newWorkspace(this.core, id, body, readKept(this.core.store.get(id)), createdBy);
    this.core.store.set(id, kept);
    await this.finish(kept);
  }

  private async finish(kept: Kept): Promise<void> {
    await seedDatastores(this.core, kept.id, kept.workspaceId);
    this.core.store.set(kept.id, { ...kept, provisioningState: 'Succeeded' });
  }

  patch(call: Call): Answer {
    const kept = changedWorkspace(this.find(call), call.json());
    this.core.store.set(kept.id, kept);
    return { status: 200, body: showWorkspace(this.core, kept) };
  }

  /** Everything below goes with it; the resources it stands on stay. */
  delete(call: Call): Answer {
    const kept = readKept(this.core.store.get(workspaceId(call)));
    if (kept === undefined) return { status: 204 };
    if (kept.id === workspacePath)
      throw invalid(`The workspace '${names.workspace}' is there from the start and stays.`, 'NotSupported');
    this.core.store.set(kept.id, { ...kept, provisioningState: 'Deleting' });
    return this.accepted(kept.id, () => {
      for (const key of this.core.store.keys(`${kept.id}/`)) this.core.store.delete(key);
      for (const kind of ['datastore', 'compute', 'connection'])
        for (const key of this.core.store.keys(`${kind}-secrets/${kept.id}/`)) this.core.store.delete(key);
      this.core.store.delete(kept.id);
      return Promise.resolve();
    });
  }

  all(): Json[] {
    const start = `${groupPath}/providers/${provider}/workspaces/`;
    const ids = this.core.store.keys(start).filter((key) => !key.slice(start.length).includes('/'));
    const kept = ids.map((id) => readKept(this.core.store.get(id))).filter((one) => one !== undefined);
    return kept.map((one) => showWorkspace(this.core, one));
  }

  find(call: Call): Kept {
    const found = readKept(this.core.store.get(workspaceId(call)));
    if (found !== undefined) return found;
    throw notFound(`${provider}/workspaces`, param(call, 'workspace'));
  }

  /** The document of these operations allows no shorter wait. */
  private accepted(id: string, work: () => Promise<void>): Answer {
    const begin = async (): Promise<void> => {
      await sleep(100);
      await work();
    };
    const started = this.core.operations.start('ws', `${this.core.url}${id}`, begin, 'InProgress');
    return {
      status: 202,
      headers: { location: started.resultUrl, 'azure-asyncoperation': started.asyncOperationUrl, 'retry-after': '10' },
    };
  }
}

/** What a workspace can hold in the cloud and not here: named, rather than a path that leads nowhere. */
function unsupported(): Route[] {
  const refuse = (): never => {
    throw invalid(
      'This local workspace has no serverless endpoints: they serve models of the catalogue.',
      'NotSupported',
    );
  };
  const paths = [`${workspaceRoute}/serverlessEndpoints`, `${workspaceRoute}/serverlessEndpoints/{name}`];
  const methods: Route['method'][] = ['GET', 'PUT', 'DELETE'];
  return paths.flatMap((path) => methods.map((method): Route => ({ method, path, token: 'arm', handle: refuse })));
}

function createdAt(core: Core): string {
  const kept = asString(core.store.get('workspace-created'));
  const created = kept ?? new Date().toISOString();
  if (kept === undefined) core.store.set('workspace-created', created);
  return created;
}

function usages(): unknown[] {
  const usage = (value: string, localizedValue: string, currentValue: number, limit: number): unknown => ({
    id: `/subscriptions/${names.subscriptionId}/providers/Microsoft.MachineLearningServices/locations/${names.location}/usages/${value}`,
    type: 'Microsoft.MachineLearningServices/usages',
    unit: 'Count',
    currentValue,
    limit,
    name: { value, localizedValue },
  });
  return [
    usage('totalDedicatedCores', 'Total Cluster Dedicated Regional vCPUs', 4, 100),
    usage('standardDSv2Family', 'Standard DSv2 Family Cluster Dedicated vCPUs', 4, 100),
  ];
}

function discovery(url: string): unknown {
  const services = [
    'api',
    'catalog',
    'execution',
    'experimentation',
    'history',
    'hyperdrive',
    'inferencing',
    'metric',
    'modelmanagement',
    'pipelines',
  ];
  return {
    ...Object.fromEntries(services.map((name) => [name, url])),
    studio: 'https://ml.azure.com',
    requestId: randomUUID(),
  };
}
