import { join } from 'node:path';

import { readDocument, writeDocument } from '../files';
import type { LocalDevOps } from '../index';
import { number, shape } from '../shape';
import { Access } from './access';
import { ExtensionData } from './extension-data';
import { listen, plain, PortTaken, type Handler, type Listening } from './listen';
import { pageFolder, readManifest, type Manifest } from './manifest';
import { PageServer } from './page-server';
import { People, type Collected } from './people';
import { StaticFiles } from './static-files';

/** An hour, as the service's own tokens for extensions. */
const tokenMinutes = 60;

export interface HostOptions {
  devops: LocalDevOps;
  /** `vss-extension.json`. */
  manifestFile: string;
  /** The extension's built pages. */
  hubFolder: string;
  /** The built host page: `index.html`, `main.js`, `main.css`. */
  pageFolder: string;
  /** Where documents of the extension and the ports are kept; in memory only when absent. */
  stateDir?: string;
  /** Without them: the ports of the last start, and any free ones the first time. */
  ports?: { page: number; assets: number };
}

export interface LocalHost {
  /** Address of the host page, with the key of this start in its fragment. Keep it to the owner of the machine. */
  readonly url: string;
  /** Origin of the extension's own pages. */
  readonly assetsUrl: string;
  /** Address that works once, for a minute: for command lines, which other users of the machine may list. */
  openingUrl(): string;
  stop(): Promise<void>;
}

const portsShape = shape({ page: number, assets: number });

/**
 * Starts the page of Azure DevOps that shows the extension, on two loopback ports of its own: the page, and the extension's files, which a browser
 * must see as another origin. REST stays where `devops` serves it. Throws when a given port is taken, or the manifest cannot be read.
 */
export async function startHost(options: HostOptions): Promise<LocalHost> {
  const { devops } = options;
  const manifest = readManifest(options.manifestFile);
  const folder = pageFolder(manifest);
  const kept = options.stateDir === undefined ? undefined : join(options.stateDir, 'host.json');
  const wanted =
    options.ports ??
    (kept === undefined
      ? undefined
      : readDocument(kept, portsShape, 'Remove this file: it holds only the ports of the last start.'));
  const must = options.ports !== undefined;
  const assets = await listenAt(wanted?.assets, must, "the extension's pages", assetServer(options.hubFolder, folder));
  let page: Listening | undefined;
  const origin = (): string => page?.origin ?? '';
  const access = new Access(origin);
  const people = new People(devops);
  await people.all();
  const server = new PageServer({
    access,
    files: new StaticFiles(options.pageFolder),
    data: new ExtensionData(options.stateDir),
    configuration: async () => configurationOf(devops, await people.all(), manifest, assets.origin),
    issue: (userId, kind) => issue(devops, manifest, userId, kind),
    personalToken: (userId) => devops.users.find((one) => one.id === userId)?.token,
    rest: () => devops.url,
    assets: () => assets.origin,
    behave: (change) => devops.faults.write(change),
  });
  try {
    page = await listenAt(wanted?.page, must, 'the host page', (request, response) => server.serve(request, response));
  } catch (error) {
    await assets.stop();
    throw error;
  }
  const open = page;
  if (kept !== undefined) writeDocument(kept, { page: portOf(open), assets: portOf(assets) });
  devops.pagesAt(open.origin);
  return {
    url: `${open.origin}/#key=${access.key}`,
    assetsUrl: assets.origin,
    openingUrl: () => `${open.origin}/#ticket=${access.newTicket()}`,
    stop: async () => {
      await open.stop();
      await assets.stop();
    },
  };
}

/** What is not asked for by name may move when its old port is taken by now. */
async function listenAt(port: number | undefined, must: boolean, what: string, handler: Handler): Promise<Listening> {
  try {
    return await listen(port ?? 0, what, handler);
  } catch (error) {
    if (must || !(error instanceof PortTaken)) throw error;
    return listen(0, what, handler);
  }
}

function portOf({ origin }: Listening): number {
  return Number(new URL(origin).port);
}

/** A content delivery network: files only, for every origin, without a security policy of its own. */
function assetServer(hubFolder: string, mountedAt: string): Handler {
  const files = new StaticFiles(hubFolder);
  const prefix = mountedAt === '' ? '/' : `/${mountedAt}/`;
  return (request, response) => {
    const path = decodedPath(request.url);
    const reads = request.method === 'GET' || request.method === 'HEAD';
    const found =
      reads &&
      path?.startsWith(prefix) === true &&
      files.serve(path.slice(prefix.length), request, response, { 'access-control-allow-origin': '*' });
    if (!found) plain(response, reads ? 404 : 405, reads ? 'There is no such file.' : 'Files are only read.');
  };
}

function decodedPath(url: string | undefined): string | undefined {
  try {
    return decodeURIComponent(new URL(url ?? '/', 'http://127.0.0.1').pathname);
  } catch {
    return undefined;
  }
}

function issue(devops: LocalDevOps, manifest: Manifest, userId: string, kind: 'access' | 'app'): string | undefined {
  if (!devops.users.some((one) => one.id === userId)) return undefined;
  const extension = `${manifest.publisherId}.${manifest.extensionId}`;
  const scopes = kind === 'app' ? [] : manifest.scopes;
  return devops.sessions.issue({ userId, extension, scopes, minutes: tokenMinutes });
}

function configurationOf(
  devops: LocalDevOps,
  people: Collected,
  manifest: Manifest,
  assetsUrl: string,
): Record<string, unknown> {
  const { publisherId, extensionId, name, version, contributions } = manifest;
  return {
    restUrl: `${devops.url}/`,
    organization: devops.url.split('/').at(-1) ?? '',
    // Not by REST: a fault that is switched on is not to take the project control away.
    projects: devops.projects.map(({ id, name: projectName, team, isSeenBy }) => {
      const seenBy = people.users.map((one) => one.id).filter(isSeenBy);
      return { id, name: projectName, team, seenBy };
    }),
    ...people,
    extension: { publisherId, extensionId, name, version, baseUri: `${assetsUrl}/` },
    contributions,
  };
}
