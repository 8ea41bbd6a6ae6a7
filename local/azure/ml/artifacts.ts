import { asList, asObject, asString } from '../json';
import { ArmFault, type Answer, type Call, type Core, type Route } from '../service';
import { artifactContainer } from './assets';
import { workspaceRoute } from './workspace-path';

const right = 'Microsoft.MachineLearningServices/workspaces/metadata/artifacts';

/** An origin and container of artifacts: `ExperimentRun`, `dcid.<run>`. */
interface Box {
  origin: string;
  container: string;
}

interface Listed extends Box {
  artifactId: string;
  path: string;
  createdTime: string;
  size: number;
}

/**
 * Artifacts of runs: lists, and URLs with a SAS for one file or a whole prefix, in the artifact service's older form (path in
 * the query) and its newer one (path in the path), and under run history. Swagger: data plane 2019-08-01, artifact.json and
 * runHistory.json.
 */
export function artifactRoutes(core: Core): Route[] {
  const artifacts = new Artifacts(core);
  const read = (path: string, handle: (call: Call) => Promise<Answer>): Route => ({
    method: 'GET',
    path,
    token: 'ml',
    action: `${right}/read`,
    handle,
  });
  const write = (path: string, handle: (call: Call) => Promise<Answer>): Route => ({
    method: 'POST',
    path,
    token: 'ml',
    action: `${right}/write`,
    handle,
  });
  const service = `/artifact/v2.0${workspaceRoute}/artifacts`;
  const older = `${service}/{origin}/{container}`;
  const history = [
    `/history/v1.0${workspaceRoute}/experiments/{experiment}/runs/{run}/artifacts`,
    `/history/v1.0${workspaceRoute}/experimentids/{experiment}/runs/{run}/artifacts`,
    `/history/v1.0${workspaceRoute}/runs/{run}/artifacts`,
  ];
  const forms = (base: string): Route[] => [
    read(base, (call) => artifacts.list(call)),
    read(`${base}/path`, (call) => artifacts.list(call)),
    read(`${base}/metadata`, (call) => artifacts.metadata(call)),
    read(`${base}/contentinfo`, (call) => artifacts.contentInfo(call)),
    read(`${base}/prefix/contentinfo`, (call) => artifacts.prefixInfo(call)),
    read(`${base}/content`, (call) => artifacts.content(call)),
    write(`${base}/batch/metadata`, (call) => artifacts.begin(call)),
  ];
  return [
    ...[older, ...history].flatMap(forms),
    read(`${service}/metadata/{origin}/{container}/{path+}`, (call) => artifacts.metadata(call)),
    read(`${service}/contentinfo/{origin}/{container}/{path+}`, (call) => artifacts.contentInfo(call)),
    read(`${service}/content/{origin}/{container}/{path+}`, (call) => artifacts.content(call)),
    read(`${service}/prefix/contentinfo/{origin}/{container}`, (call) => artifacts.prefixInfo(call)),
    read(`${service}/prefix/contentinfo/{origin}/{container}/{path+}`, (call) => artifacts.prefixInfo(call)),
  ];
}

class Artifacts {
  constructor(private readonly core: Core) {}

  async list(call: Call): Promise<Answer> {
    const value = await this.below(box(call), pathOf(call));
    return { status: 200, body: { value: value.map(shown), continuationToken: null, nextLink: null } };
  }

  async metadata(call: Call): Promise<Answer> {
    return { status: 200, body: shown(await this.one(box(call), pathOf(call))) };
  }

  async contentInfo(call: Call): Promise<Answer> {
    const found = await this.one(box(call), pathOf(call));
    return { status: 200, body: await this.link(found, found.path, 'r') };
  }

  async prefixInfo(call: Call): Promise<Answer> {
    const found = await this.below(box(call), pathOf(call));
    const value = await Promise.all(found.map((one) => this.link(one, one.path, 'r')));
    return { status: 200, body: { value, continuationToken: null, nextLink: null } };
  }

  async content(call: Call): Promise<Answer> {
    const found = await this.one(box(call), pathOf(call));
    return {
      status: 200,
      headers: { 'content-type': 'application/octet-stream' },
      body: await this.core.blobs.read(artifactContainer, blobName(found, found.path)),
    };
  }

  /** Announces files that a client is about to upload, and gives the URLs to write them to. */
  async begin(call: Call): Promise<Answer> {
    const place = box(call);
    const paths = asList(asObject(call.json())['paths']).map((entry) => asString(asObject(entry)['path']) ?? '');
    const wrong = paths.find((path) => path === '' || path.split('/').includes('..'));
    if (paths.length === 0 || wrong !== undefined) {
      throw new ArmFault(
        400,
        'UserError',
        `The body needs "paths", a list of objects with a "path" inside the container${wrong === undefined ? '' : ` (not '${wrong}')`}.`,
      );
    }
    const links = await Promise.all(paths.map((path) => this.link(place, path, 'rcw')));
    const entries = paths.map((path) => {
      const now = new Date().toISOString();
      return { ...place, path, artifactId: artifactId(place, path), createdTime: now, size: 0 };
    });
    return {
      status: 200,
      body: {
        artifacts: Object.fromEntries(entries.map((one) => [one.path, shown(one)])),
        artifactContentInformation: Object.fromEntries(links.map((one) => [one.path, one])),
        errors: {},
      },
    };
  }

  private async link(
    place: Box,
    path: string,
    permissions: string,
  ): Promise<{ contentUri: string; origin: string; container: string; path: string }> {
    const contentUri = await this.core.blobs.sasUrl(artifactContainer, blobName(place, path), permissions);
    return { contentUri, origin: place.origin, container: place.container, path };
  }

  private async one(place: Box, path: string): Promise<Listed> {
    const found = (await this.below(place, path)).find((one) => one.path === path);
    if (found !== undefined) return found;
    throw new ArmFault(404, 'UserError', `Artifact with id ${artifactId(place, path)} was not found.`, {
      details: [{ code: 'NotFound', message: `No artifact at '${path}'.` }],
    });
  }

  /** What lies at a path or below it: `model` finds `model/MLmodel`, and not `model2`. */
  private async below(place: Box, path: string): Promise<Listed[]> {
    const start = blobName(place, '');
    const wanted = path.replace(/\/+$/, '');
    const blobs = await this.core.blobs.list(artifactContainer, start + wanted);
    return blobs
      .map(({ name, size, modified }) => ({ path: name.slice(start.length), size, createdTime: modified }))
      .filter((one) => wanted === '' || one.path === wanted || one.path.startsWith(`${wanted}/`))
      .map((one) => ({ ...place, ...one, artifactId: artifactId(place, one.path) }));
  }
}

function shown(one: Listed): unknown {
  const { artifactId: id, origin, container, path, createdTime, size } = one;
  const dataPath = { dataStoreName: 'workspaceartifactstore', relativePath: blobName(one, path) };
  return { artifactId: id, origin, container, path, createdTime, dataPath, tags: {}, contentLength: size };
}

function box(call: Call): Box {
  const { origin, container, run } = call.params;
  return run === undefined
    ? { origin: origin ?? '', container: container ?? '' }
    : { origin: 'ExperimentRun', container: `dcid.${run}` };
}

function pathOf(call: Call): string {
  return (call.params['path'] ?? call.query.get('path') ?? '').replace(/^\/+/, '');
}

function artifactId(place: Box, path: string): string {
  return `${place.origin}/${place.container}/${path}`;
}

function blobName(place: Box, path: string): string {
  return `${place.origin}/${place.container}/${path}`;
}
