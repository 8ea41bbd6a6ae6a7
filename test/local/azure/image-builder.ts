import { spawnSync } from 'node:child_process';
import { createGzip } from 'node:zlib';
import { pack, type Header } from 'tar-stream';
import type { LocalAzure } from '../../../local/azure';
import { createContainerInstances } from '../../../local/azure/container-instances';
import { createKubernetes } from '../../../local/azure/kubernetes';
import { createRegistry } from '../../../local/azure/registry';
import type { Core, Service } from '../../../local/azure/service';
import { at, request, resources, textAt, type Reply } from './client';

export const registryServices = (core: Core): Service[] => [createRegistry(core)];
export const containerServices = (core: Core): Service[] => [
  createRegistry(core),
  createContainerInstances(core),
  createKubernetes(core),
];

/** A token of the service principal that owns the resource group. */
export async function ownerToken(azure: LocalAzure, resource = resources.arm): Promise<string> {
  const { clientId, secret } = azure.directory.servicePrincipal;
  const form = {
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: secret,
    scope: `${resource.replace(/\/$/, '')}/.default`,
  };
  const reply = await request(azure, 'POST', `/${azure.tenantId}/oauth2/v2.0/token`, {
    body: Buffer.from(new URLSearchParams(form).toString()),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
  return textAt(reply.json, 'access_token');
}

export function groupPath(azure: LocalAzure): string {
  return `/subscriptions/${azure.subscriptionId}/resourceGroups/${azure.resourceGroup}/providers`;
}

export function registryPath(azure: LocalAzure): string {
  return `${groupPath(azure)}/Microsoft.ContainerRegistry/registries/${azure.registry}`;
}

export function loginServer(azure: LocalAzure): string {
  return new URL(azure.url).host;
}

/** A tar.gz of files by name, and of entries given in full. */
export async function archive(files: Record<string, string>, entries: Partial<Header>[] = []): Promise<Buffer> {
  const tar = pack();
  for (const [name, content] of Object.entries(files)) tar.entry({ name }, content);
  for (const entry of entries) {
    const isFile = entry.type === undefined;
    tar.entry({ name: 'x', ...entry, size: isFile ? 1 : 0 }, isFile ? 'x' : '');
  }
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar.pipe(createGzip())) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export interface Built {
  /** The run's document at its end. */
  run: unknown;
  status: string;
  log: string;
  /** `localhost:PORT/name@sha256:…`; empty when nothing was pushed. */
  image: string;
  digest: string;
}

/** Builds an image by the registry's quick build, as a client does. */
export async function buildImage(
  azure: LocalAzure,
  token: string,
  context: Buffer,
  name: string,
  more: Record<string, unknown> = {},
): Promise<Built> {
  const sourceLocation = await upload(azure, token, context);
  const scheduled = await schedule(azure, token, { sourceLocation, imageNames: [name], ...more });
  if (scheduled.status !== 200) throw new Error(scheduled.text);
  const run = await ended(azure, token, textAt(scheduled.json, 'name'));
  const output = at(run, 'properties', 'outputImages', 0);
  const digest = output === undefined ? '' : textAt(output, 'digest');
  return {
    run,
    status: textAt(run, 'properties', 'status'),
    log: await buildLog(azure, token, textAt(scheduled.json, 'name')),
    digest,
    image: output === undefined ? '' : `${textAt(output, 'registry')}/${textAt(output, 'repository')}@${digest}`,
  };
}

export async function upload(azure: LocalAzure, token: string, context: Buffer): Promise<string> {
  const place = await request(
    azure,
    'POST',
    `${registryPath(azure)}/listBuildSourceUploadUrl?api-version=2019-06-01-preview`,
    { token },
  );
  const put = await request(azure, 'PUT', textAt(place.json, 'uploadUrl'), {
    body: context,
    headers: { 'x-ms-blob-type': 'BlockBlob', 'content-type': 'application/octet-stream' },
  });
  if (put.status !== 201) throw new Error(put.text);
  return textAt(place.json, 'relativePath');
}

export function schedule(azure: LocalAzure, token: string, more: Record<string, unknown>): Promise<Reply> {
  const body = {
    type: 'DockerBuildRequest',
    isPushEnabled: true,
    dockerFilePath: 'Dockerfile',
    platform: { os: 'Linux', architecture: 'amd64' },
    ...more,
  };
  return request(azure, 'POST', `${registryPath(azure)}/scheduleRun?api-version=2019-06-01-preview`, { token, body });
}

/** The run once it has ended. */
export async function ended(azure: LocalAzure, token: string, run: string): Promise<unknown> {
  return until(`the end of run ${run}`, async () => {
    const { json } = await request(azure, 'GET', `${registryPath(azure)}/runs/${run}?api-version=2019-06-01-preview`, {
      token,
    });
    return ['Queued', 'Started', 'Running'].includes(textAt(json, 'properties', 'status')) ? undefined : json;
  });
}

/** The whole log, once its metadata says that it is complete. */
export async function buildLog(azure: LocalAzure, token: string, run: string): Promise<string> {
  const link = await logLink(azure, token, run);
  return until(`the log of run ${run}`, async () => {
    const reply = await request(azure, 'GET', link);
    return reply.headers['x-ms-meta-complete'] === undefined ? undefined : reply.text;
  });
}

export async function logLink(azure: LocalAzure, token: string, run: string): Promise<string> {
  const { json } = await request(
    azure,
    'POST',
    `${registryPath(azure)}/runs/${run}/listLogSasUrl?api-version=2019-06-01-preview`,
    { token },
  );
  return textAt(json, 'logLink');
}

/** Asks again and again, for at most 40 seconds, until there is an answer. */
export async function until<T>(what: string, probe: () => Promise<T | undefined>, milliseconds = 40_000): Promise<T> {
  const deadline = Date.now() + milliseconds;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`No ${what} after ${milliseconds} ms.`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** User and password with which clients log in to the registry. */
export async function registryPassword(azure: LocalAzure, token: string): Promise<string> {
  const reply = await exchange(azure, token);
  return textAt(reply.json, 'refresh_token');
}

export const tokenUser = '00000000-0000-0000-0000-000000000000';

export function exchange(azure: LocalAzure, token: string): Promise<Reply> {
  return postForm(azure, '/oauth2/exchange', {
    grant_type: 'access_token',
    service: loginServer(azure),
    access_token: token,
  });
}

export function postForm(azure: LocalAzure, path: string, form: Record<string, string>): Promise<Reply> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return request(azure, 'POST', path, { body: Buffer.from(new URLSearchParams(form).toString()), headers });
}

/** A small web server as an image: no package is installed, so it builds in a moment. `MODE` says how it behaves. */
export const serverFiles: Record<string, string> = {
  Dockerfile: [
    'FROM python:3-slim',
    'ENV GREETING=hello DATA=/srv/app/data.txt',
    'WORKDIR /srv/app',
    'COPY . .',
    'EXPOSE 8080',
    'CMD ["python", "-u", "/srv/app/server.py"]',
  ].join('\n'),
  'data.txt': 'from the image',
  'server.py': `
import http.server, json, os, signal, sys, threading, time
mode = os.environ.get("MODE", "")
print("starting in mode", mode or "normal")
if mode == "crash":
    sys.exit(3)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"greeting": os.environ["GREETING"], "data": open(os.environ["DATA"]).read(), "pid": os.getpid()}).encode()
        self.send_response(503 if mode == "unready" else 200)
        self.end_headers()
        self.wfile.write(body)
server = http.server.ThreadingHTTPServer(("", 8080), Handler)
server.daemon_threads = False
# A pod is told to end while requests are still on their way to it: it answers those first.
def drain(*_):
    time.sleep(0.5)
    server.shutdown()
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=drain).start())
server.serve_forever()
server.server_close()
`,
};

/** What the server of `serverFiles` answers; `undefined` when nobody does. */
export async function greeting(
  ip: string,
  port = 8080,
): Promise<{ greeting: string; data: string; pid: number } | undefined> {
  const response = await fetch(`http://${ip}:${port}/`, { headers: { connection: 'close' } }).catch(() => undefined);
  if (response === undefined) return undefined;
  const body: unknown = await response.json();
  return { greeting: textAt(body, 'greeting'), data: textAt(body, 'data'), pid: Number(at(body, 'pid')) };
}

/** Whether a program is installed; a test without its client says so by its name. */
export function hasProgram(name: string, args: string[]): boolean {
  return spawnSync(name, args, { stdio: 'ignore' }).status === 0;
}
