import type { Answer, Call, Core, Service } from '../service';
import { componentRoutes } from './components';
import { historyRoutes } from './history';
import { parentOf } from './job-record';
import { jobService, type JobService } from './job-service';
import { page } from './versioned';
import {
  isObject,
  notFound,
  object,
  optionalObject,
  optionalText,
  param,
  textMap,
  workspaceId,
  workspacePath,
  type Json,
} from './wire';

/** Jobs of a workspace (swagger: `Jobs_*`), which really run on this machine, and their run history. */
export function createJobs(core: Core): Service {
  const service = jobService(core);
  return {
    routes: [...new Jobs(core, service).routes(), ...componentRoutes(core)],
    start: () => service.runner.settleLeftovers(),
    stop: () => service.runner.stop(),
  };
}

class Jobs {
  constructor(
    private readonly core: Core,
    private readonly jobs: JobService,
  ) {}

  routes(): Service['routes'] {
    const one = `${workspacePath}/jobs/{job}`;
    return [
      { method: 'PUT', path: one, token: 'arm', handle: (call) => this.put(call) },
      { method: 'GET', path: one, token: 'arm', handle: (call) => ({ status: 200, body: this.find(call) }) },
      { method: 'DELETE', path: one, token: 'arm', handle: (call) => this.delete(call) },
      { method: 'GET', path: `${workspacePath}/jobs`, token: 'arm', handle: (call) => this.list(call) },
      { method: 'POST', path: `${one}/cancel`, token: 'arm', handle: (call) => this.cancel(call) },
      ...historyRoutes(this.core, (id) => this.jobs.cancel(id)),
    ];
  }

  /** A name that exists answers 200 with the job as it is: it never runs again. */
  private put(call: Call): Answer {
    const id = jobId(call);
    const workspace = workspaceId(call);
    const existing = this.core.store.get(id);
    if (isObject(existing)) return { status: 200, body: this.changed(id, existing, call.json()) };
    const job = this.jobs.submit(workspace, param(call, 'job'), call.json(), call.caller.objectId);
    return { status: 201, headers: { location: call.url.href }, body: job };
  }

  /** Of an existing job only what describes it can change. */
  private changed(id: string, existing: Json, body: unknown): Json {
    const asked = optionalObject(object(body, 'body')['properties'], 'properties');
    const properties = optionalObject(existing['properties'], 'properties');
    if (asked['isArchived'] === properties['isArchived'] || typeof asked['isArchived'] !== 'boolean') return existing;
    const changed = { ...existing, properties: { ...properties, isArchived: asked['isArchived'] } };
    this.core.store.set(id, changed);
    return changed;
  }

  private find(call: Call): Json {
    const found = this.core.store.get(jobId(call));
    if (!isObject(found)) throw notFound('JobNotFound', `The job ${param(call, 'job')} was not found.`);
    return found;
  }

  /** Newest first; jobs that are part of another are found by their parent's run. Filters of the swagger: jobType, tag, listViewType, properties. */
  private list(call: Call): Answer {
    const prefix = `${workspaceId(call)}/jobs/`;
    const view = call.query.get('listViewType') ?? 'ActiveOnly';
    const type = call.query.get('jobType');
    const tag = call.query.get('tag');
    const jobs = this.core.store
      .keys(prefix)
      .map((key) => this.core.store.get(key))
      .filter(isObject)
      .filter((job) => {
        if (parentOf(job) !== undefined) return false;
        const properties = optionalObject(job['properties'], 'properties');
        const archived = properties['isArchived'] === true;
        if (view !== 'All' && archived !== (view === 'ArchivedOnly')) return false;
        if (type !== null && properties['jobType'] !== type) return false;
        return tag === null || hasTag(textMap(properties['tags'], 'tags'), tag);
      });
    return page(
      call,
      jobs.sort((a, b) => created(b).localeCompare(created(a))),
    );
  }

  private cancel(call: Call): Answer {
    this.find(call);
    this.jobs.cancel(jobId(call));
    return { status: 200 };
  }

  private async delete(call: Call): Promise<Answer> {
    if (!isObject(this.core.store.get(jobId(call)))) return { status: 204 };
    await this.jobs.delete(workspaceId(call), param(call, 'job'));
    return { status: 200 };
  }
}

function jobId(call: Call): string {
  return `${workspaceId(call)}/jobs/${param(call, 'job')}`;
}

function created(job: Json): string {
  return optionalText(optionalObject(job['systemData'], 'systemData'), 'createdAt', 'systemData') ?? '';
}

function hasTag(tags: Record<string, string>, wanted: string): boolean {
  const [name = '', ...value] = wanted.split('=');
  return tags[name] !== undefined && (value.length === 0 || tags[name] === value.join('='));
}
