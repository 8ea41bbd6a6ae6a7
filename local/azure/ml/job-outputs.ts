import type { Core, Route } from '../service';
import { Assets } from './assets';
import { dataRoutes } from './data';
import type { CommandJob } from './job-document';
import type { JobOutput } from './job-parts';
import { modelRoutes } from './models';

/** Makes data assets or models of the outputs that a job names as such (`assetName`). */
export async function registerOutputs(
  core: Core,
  job: Pick<CommandJob, 'name' | 'workspace' | 'outputs'>,
): Promise<void> {
  for (const output of Object.values(job.outputs))
    if (output.assetName !== undefined) await register(core, job, output, output.assetName);
}

async function register(
  core: Core,
  job: Pick<CommandJob, 'name' | 'workspace'>,
  output: JobOutput,
  name: string,
): Promise<void> {
  const isModel = output.kind.endsWith('_model');
  const kind = isModel ? 'models' : 'data';
  const version = output.assetVersion ?? nextVersion(core, `${job.workspace}/${kind}/${name}/versions/`);
  const uri = output.uri.replace(/\/+$/, '');
  const properties = isModel
    ? { modelUri: uri, modelType: output.kind, jobName: job.name }
    : { dataUri: uri, dataType: output.kind };
  await put(core, isModel ? modelRoutes(core) : dataRoutes(core), {
    path: `${job.workspace}/${kind}/${name}/versions/${version}`,
    params: { ...workspaceParams(job.workspace), name, version },
    body: { properties },
  });
}

/** By the same way as a client's request, so that the same rules hold. The workspace itself is who asks. */
async function put(
  core: Core,
  routes: Route[],
  asked: { path: string; params: Record<string, string>; body: unknown },
): Promise<void> {
  const route = routes.find((one) => one.method === 'PUT' && one.path.endsWith('/versions/{version}'));
  if (route === undefined) throw new Error('There is no route for versions of this kind.');
  const url = new URL(asked.path, core.url);
  await route.handle({
    method: 'PUT',
    url,
    params: asked.params,
    query: url.searchParams,
    headers: {},
    body: Buffer.from(JSON.stringify(asked.body)),
    json: () => asked.body,
    caller: { ...core.workspaceIdentity, tenantId: core.tenantId, audience: '' },
  });
}

/** What the path template of a workspace calls the parts of its id. */
function workspaceParams(workspace: string): Record<string, string> {
  const [, , subscription = '', , group = '', , , , name = ''] = workspace.split('/');
  return { subscription, group, workspace: name };
}

function nextVersion(core: Core, prefix: string): string {
  const taken = core.store.keys(prefix).map((key) => Number(key.slice(prefix.length)));
  return String(Math.max(0, ...taken.filter(Number.isInteger)) + 1);
}

/** Copies what lies at one place to another: a single file, or all below a folder. */
export async function copyPlace(core: Core, workspace: string, from: string, to: string): Promise<void> {
  const assets = new Assets(core, workspace);
  const source = assets.place(from);
  const target = assets.place(to);
  if (source.container === target.container && source.blob === target.blob) return;
  const isFile = (await assets.kind(source)) === 'file';
  const names = isFile
    ? ['']
    : (await core.blobs.list(source.container, `${source.blob}/`)).map(({ name }) => name.slice(source.blob.length));
  for (const name of names) {
    const content = await core.blobs.read(source.container, `${source.blob}${name}`);
    await core.blobs.write(target.container, `${target.blob}${name}`, content);
  }
}
