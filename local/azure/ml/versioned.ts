import { asBoolean, asObject, asString, asStrings, isObject, type JsonObject } from '../json';
import { armRoute, ArmFault, type Answer, type Call, type Core, type Route } from '../service';
import { resource, systemData, workspaceOf, workspaceRoute } from './workspace-path';

/** What is particular to one kind of versioned asset. */
export interface AssetKind {
  /** Part of the path: `models`. */
  segment: string;
  /** In error texts: `Model`. */
  label: string;
  /** Properties of a new version, from what was sent. @throws ArmFault when that is not valid. */
  create(sent: JsonObject, name: string, version: string, workspace: string): JsonObject | Promise<JsonObject>;
  /** Checks what was sent for a version that exists already; what it throws is the answer. */
  checkUpdate(sent: JsonObject, existing: JsonObject, workspace: string): void;
  /** Properties of the container beyond the common ones; its provisioning state when absent. */
  container?(sent: JsonObject): JsonObject;
  /** Whether a version fits the query of a list, beyond what is common. */
  fits?(properties: JsonObject, query: URLSearchParams): boolean;
  /** What a version shows beyond what is stored. */
  present?(properties: JsonObject, isLatest: boolean): JsonObject;
  /** Whether listing the versions of a missing container with this query is empty rather than an error. */
  emptyWhenMissing?(query: URLSearchParams): boolean;
  /** Environments answer 201 to every PUT. */
  alwaysCreated?: boolean;
}

/** An error as Azure Machine Learning words it: `UserError` with the real reason in `details`. */
export function userError(status: number, code: string, message: string): ArmFault {
  const summary = status === 404 ? 'The specified resource was not found.' : 'The request is invalid.';
  return new ArmFault(status, 'UserError', summary, { details: [{ code, message }] });
}

/** The routes of a kind of versioned asset: containers and their versions. Swagger: mfe.json, `*Containers_*`, `*Versions_*`. */
export function versionedAssets(core: Core, kind: AssetKind): Route[] {
  const assets = (call: Call): VersionedAssets => new VersionedAssets(core, kind, workspaceOf(core, call));
  const containers = `${workspaceRoute}/${kind.segment}`;
  const versions = `${containers}/{name}/versions`;
  return [
    armRoute('GET', containers, (call) => assets(call).listContainers(call)),
    armRoute('GET', `${containers}/{name}`, (call) => assets(call).getContainer(call)),
    armRoute('PUT', `${containers}/{name}`, (call) => assets(call).putContainer(call)),
    armRoute('DELETE', `${containers}/{name}`, (call) => assets(call).deleteContainer(call)),
    armRoute('GET', versions, (call) => assets(call).listVersions(call)),
    armRoute('GET', `${versions}/{version}`, (call) => assets(call).getVersion(call)),
    armRoute('PUT', `${versions}/{version}`, (call) => assets(call).putVersion(call)),
    armRoute('DELETE', `${versions}/{version}`, (call) => assets(call).deleteVersion(call)),
  ];
}

class VersionedAssets {
  constructor(
    private readonly core: Core,
    private readonly kind: AssetKind,
    private readonly workspace: string,
  ) {}

  listContainers(call: Call): Answer {
    const start = `${this.workspace}/${this.kind.segment}/`;
    const names = this.core.store.keys(start).filter((key) => !key.slice(start.length).includes('/'));
    const all = names.map((key) => this.showContainer(asObject(this.core.store.get(key))));
    return page(
      call,
      all.filter((one) => shown(asObject(one['properties']), call.query)),
    );
  }

  getContainer(call: Call): Answer {
    return { status: 200, body: this.showContainer(this.container(call.params['name'] ?? '')) };
  }

  putContainer(call: Call): Answer {
    const name = call.params['name'] ?? '';
    const existing = this.find(name);
    const stored = this.saveContainer(call, name, asObject(asObject(call.json())['properties']));
    return { status: existing === undefined ? 201 : 200, body: this.showContainer(stored) };
  }

  deleteContainer(call: Call): Answer {
    const name = call.params['name'] ?? '';
    if (this.find(name) === undefined) return { status: 204 };
    for (const version of this.versionsOf(name)) this.core.store.delete(asString(version['id']) ?? '');
    this.core.store.delete(this.key(name));
    return { status: 200 };
  }

  listVersions(call: Call): Answer {
    const name = call.params['name'] ?? '';
    if (this.find(name) === undefined && this.kind.emptyWhenMissing?.(call.query) === true) return page(call, []);
    this.container(name);
    const fitting = this.versionsOf(name).filter((one) => this.fits(asObject(one['properties']), one, call.query));
    const ordered = /^(created|modified)time asc$/i.test(call.query.get('$orderBy') ?? '')
      ? fitting
      : fitting.reverse();
    return page(
      call,
      ordered.map((one) => this.showVersion(name, one)),
    );
  }

  getVersion(call: Call): Answer {
    const { name = '', version = '' } = call.params;
    this.container(name);
    const found = this.core.store.get(this.key(name, version));
    if (!isObject(found)) {
      throw userError(
        404,
        `${this.kind.label}NotFound`,
        `${this.kind.label} version ${version} of container with name: ${name} not found.`,
      );
    }
    return { status: 200, body: this.showVersion(name, found) };
  }

  async putVersion(call: Call): Promise<Answer> {
    const { name = '', version = '' } = call.params;
    if (!/^[A-Za-z0-9][\w.-]{0,254}$/.test(name) || !/^[A-Za-z0-9][\w.-]{0,254}$/.test(version)) {
      throw userError(
        400,
        'InvalidAssetName',
        `The name '${name}' or the version '${version}' is not valid: letters, digits, dots, dashes and underscores are.`,
      );
    }
    const sent = asObject(call.json())['properties'];
    if (!isObject(sent)) throw userError(400, 'InvalidRequest', 'The body needs an object "properties".');
    const former = this.core.store.get(this.key(name, version));
    const existing = isObject(former) ? former : undefined;
    if (existing !== undefined) this.kind.checkUpdate(sent, asObject(existing['properties']), this.workspace);
    const properties =
      existing === undefined
        ? await this.kind.create(sent, name, version, this.workspace)
        : merge(asObject(existing['properties']), sent);
    if (this.find(name) === undefined) this.saveContainer(call, name, {});
    const document = resource(
      this.workspace,
      `${this.kind.segment}/${name}/versions/${version}`,
      properties,
      systemData(call, asObject(existing?.['systemData'])),
    );
    this.core.store.set(this.key(name, version), document);
    this.noteNewest(name, version, existing === undefined);
    const created = existing === undefined || this.kind.alwaysCreated === true;
    const answer = { status: created ? 201 : 200, body: this.showVersion(name, document) };
    return created ? { ...answer, headers: { location: call.url.href } } : answer;
  }

  deleteVersion(call: Call): Answer {
    const { name = '', version = '' } = call.params;
    const key = this.key(name, version);
    if (this.core.store.get(key) === undefined) return { status: 204 };
    this.core.store.delete(key);
    return { status: 200 };
  }

  private key(name: string, version?: string): string {
    const base = `${this.workspace}/${this.kind.segment}/${name}`;
    return version === undefined ? base : `${base}/versions/${version}`;
  }

  private find(name: string): JsonObject | undefined {
    const found = this.core.store.get(this.key(name));
    return isObject(found) ? found : undefined;
  }

  private container(name: string): JsonObject {
    const found = this.find(name);
    if (found !== undefined) return found;
    throw userError(404, `${this.kind.label}NotFound`, `${this.kind.label} container with name: ${name} not found.`);
  }

  private saveContainer(call: Call, name: string, sent: JsonObject): JsonObject {
    const former = this.find(name);
    const old = asObject(former?.['properties']);
    const properties = {
      description: asString(sent['description']) ?? old['description'] ?? null,
      tags: sent['tags'] === undefined ? asStrings(old['tags']) : asStrings(sent['tags']),
      properties: { ...asStrings(old['properties']), ...asStrings(sent['properties']) },
      isArchived: asBoolean(sent['isArchived']) ?? old['isArchived'] ?? false,
      ...(this.kind.container?.(sent) ?? { provisioningState: 'Succeeded' }),
    };
    const document = resource(
      this.workspace,
      `${this.kind.segment}/${name}`,
      properties,
      systemData(call, asObject(former?.['systemData'])),
    );
    this.core.store.set(this.key(name), document);
    return document;
  }

  /** Versions in the order in which they were made. */
  private versionsOf(name: string): JsonObject[] {
    const created = (one: JsonObject): string => asString(asObject(one['systemData'])['createdAt']) ?? '';
    return this.core.store
      .keys(`${this.key(name)}/versions/`)
      .map((key) => asObject(this.core.store.get(key)))
      .sort(
        (a, b) =>
          compare(created(a), created(b)) || compareVersions(asString(a['name']) ?? '', asString(b['name']) ?? ''),
      );
  }

  private noteNewest(name: string, version: string, isNew: boolean): void {
    const container = this.find(name);
    if (container === undefined || !isNew) return;
    const properties = asObject(container['properties']);
    this.core.store.set(this.key(name), { ...container, properties: { ...properties, newest: version } });
  }

  private showContainer(document: JsonObject): JsonObject {
    const { newest, ...properties } = asObject(document['properties']);
    const numbers = this.versionsOf(asString(document['name']) ?? '')
      .map((one) => Number(one['name']))
      .filter(Number.isInteger);
    const nextVersion = String(Math.max(0, ...numbers) + 1);
    return { ...document, properties: { ...properties, latestVersion: asString(newest) ?? null, nextVersion } };
  }

  private showVersion(name: string, document: JsonObject): JsonObject {
    const newest = asString(asObject(this.find(name)?.['properties'])['newest']);
    const properties = asObject(document['properties']);
    const latest = newest === document['name'];
    return { ...document, properties: this.kind.present?.(properties, latest) ?? properties };
  }

  private fits(properties: JsonObject, document: JsonObject, query: URLSearchParams): boolean {
    const version = query.get('version');
    if (version !== null && version !== document['name']) return false;
    return (
      shown(properties, query) &&
      hasTags(asStrings(properties['tags']), query.get('tags')) &&
      this.kind.fits?.(properties, query) !== false
    );
  }
}

/** An update may change these and nothing else. Properties may be added to. */
function merge(existing: JsonObject, sent: JsonObject): JsonObject {
  const changed = Object.fromEntries(
    ['description', 'tags', 'isArchived', 'stage']
      .filter((name) => sent[name] !== undefined)
      .map((name) => [name, sent[name]]),
  );
  const properties = { ...asStrings(existing['properties']), ...asStrings(sent['properties']) };
  return { ...existing, ...changed, properties };
}

function shown(properties: JsonObject, query: URLSearchParams): boolean {
  const view = (query.get('listViewType') ?? 'ActiveOnly').toLowerCase();
  const archived = properties['isArchived'] === true;
  return view === 'all' || (view === 'archivedonly' ? archived : !archived);
}

/** `tags=a,b=c`: every tag must be there, with its value where one is named. */
function hasTags(tags: Record<string, string>, wanted: string | null): boolean {
  if (wanted === null || wanted === '') return true;
  return wanted.split(',').every((term) => {
    const [name = '', value] = term.split('=');
    return value === undefined ? Object.hasOwn(tags, name) : tags[name] === value;
  });
}

/** One page of a list: `$top` (100 when absent) from `$skip` on, with the link to the next. */
export function page(call: Call, all: unknown[]): Answer {
  const top = Number(call.query.get('$top') ?? 100);
  const skip = Number(call.query.get('$skip') ?? 0);
  if (!Number.isInteger(top) || top < 1 || !Number.isInteger(skip) || skip < 0) {
    throw userError(
      400,
      'InvalidQuery',
      '$top and $skip must be positive numbers, and $skip one that a nextLink gave.',
    );
  }
  const value = all.slice(skip, skip + top);
  if (skip + top >= all.length) return { status: 200, body: { value } };
  const next = new URL(call.url);
  next.searchParams.set('$skip', String(skip + top));
  return { status: 200, body: { value, nextLink: next.href } };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareVersions(a: string, b: string): number {
  const difference = Number(a) - Number(b);
  return Number.isNaN(difference) || difference === 0 ? compare(a, b) : difference;
}
