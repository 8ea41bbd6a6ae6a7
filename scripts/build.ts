import { execFileSync } from 'node:child_process';
import { build, type BuildOptions, type Metafile, type Plugin } from 'esbuild';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { buildHost } from './build-host';
import { buildHub, describeSizes } from './build-hub';
import { thirdPartyNotices } from './notices';

/** Builds every task to one minified file a task, the command line and its translator, the hub and the local page around it. `build/` is made anew. */
const root = path.resolve(__dirname, '..');
const out = path.join(root, 'build');

const { name, version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
  name: string;
  version: string;
};

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  // Licences go into one file for all bundles, scripts/notices.ts.
  legalComments: 'none',
  logLevel: 'warning',
  // What is loaded on demand is loaded by require: Node's loader of modules would take 7 ms for the first.
  supported: { 'dynamic-import': false },
  // Some ESM packages ask for their own address; in CommonJS that is this file.
  define: { __PRODUCT__: JSON.stringify(`${name}/${version}`), 'import.meta.url': '__importMetaUrl' },
  banner: { js: 'const __importMetaUrl=require("node:url").pathToFileURL(__filename).href;' },
} satisfies BuildOptions;

const unreached = path.join(root, 'scripts', 'unreached.cjs');

/** A fifth of a task's bundle would be code that no task runs: child processes, file patterns, browsers, forms. */
const replaced: Record<string, string> = {
  'form-data': path.join(root, 'scripts', 'no-forms.cjs'),
  semver: path.join(root, 'scripts', 'semver.cjs'),
  http2: unreached,
  minimatch: unreached,
  open: unreached,
  q: unreached,
};

/**
 * Node loads its whole web client (20 ms, 9 MB) when one of its classes is named, if only to ask whether a body is a form. The
 * tasks send requests by node:https alone, and no forms.
 */
const noWebClient: Plugin = {
  name: 'no-web-client',
  setup(building) {
    building.onLoad({ filter: /axios[\\/]lib[\\/]adapters[\\/](?:fetch|xhr)\.js$/ }, () => ({
      contents: 'export const getFetch = () => null; export default null;',
    }));
    building.onLoad({ filter: /axios[\\/]lib[\\/]utils\.js$/ }, ({ path: file }) => ({
      contents: readFileSync(file, 'utf8').replaceAll('G.FormData', 'undefined'),
    }));
  },
};

/** Classes that no task makes: those for people who sign in, for programs that act for a user, and for child processes. */
const unmade =
  /(?:msal-node[\\/]dist[\\/].*[\\/](?:DeviceCode|UsernamePassword|OnBehalfOf|UserFederatedIdentityCredential|Loopback)Client|PublicClientApplication)\.mjs$|azure-pipelines-task-lib[\\/]toolrunner\.js$/;

const noSignIn: Plugin = {
  name: 'no-sign-in',
  setup(building) {
    building.onLoad({ filter: unmade }, ({ path: file }) => {
      const name = path.basename(file) === 'toolrunner.js' ? 'ToolRunner' : path.basename(file, '.mjs');
      const fault = JSON.stringify(`The build leaves out ${name}: see scripts/build.ts.`);
      return { contents: `export class ${name} { constructor() { throw new Error(${fault}); } }` };
    });
  },
};

/** task-lib carries its few messages in a dozen languages; the tasks speak English. */
const onlyEnglish: Plugin = {
  name: 'only-english',
  setup(building) {
    building.onLoad({ filter: /azure-pipelines-task-lib[\\/]lib-resource\.js$/ }, async ({ path: file }) => {
      const { messages } = (await import(file)) as { messages: Record<string, string> };
      return { contents: `module.exports=${JSON.stringify({ messages })}` };
    });
  },
};

export function taskNames(): string[] {
  const tasks = path.join(root, 'tasks');
  return readdirSync(tasks)
    .filter((entry) => existsSync(path.join(tasks, entry, 'task.json')))
    .sort();
}

export async function buildTask(task: string): Promise<Metafile> {
  const from = path.join(root, 'tasks', task);
  const to = path.join(out, 'tasks', task);
  mkdirSync(to, { recursive: true });
  const { metafile } = await build({
    ...common,
    metafile: true,
    entryPoints: [path.join(from, 'main.ts')],
    outfile: path.join(to, 'index.js'),
    minify: true,
    // The ESM builds of @azure packages let unused parts be left out.
    mainFields: ['module', 'main'],
    // Optional accelerators and browser parts that are never reached.
    external: ['@azure/identity-broker', 'shelljs'],
    alias: replaced,
    define: { ...common.define, FormData: 'undefined' },
    plugins: [onlyEnglish, noWebClient, noSignIn],
  });
  const [major, minor, patch] = version.split('.').map(Number);
  const description = JSON.parse(readFileSync(path.join(from, 'task.json'), 'utf8')) as Record<string, unknown>;
  description['version'] = { Major: major, Minor: minor, Patch: patch };
  writeFileSync(path.join(to, 'task.json'), `${JSON.stringify(description, null, 2)}\n`);
  for (const file of ['icon.png', 'permissions.json']) copyFileSync(path.join(from, file), path.join(to, file));
  return metafile;
}

async function buildCommandLine(): Promise<void> {
  await build({
    ...common,
    entryPoints: [path.join(root, 'local', 'cli.ts')],
    outfile: path.join(out, 'mlops.js'),
    packages: 'external',
    sourcemap: true,
    banner: { js: `#!/usr/bin/env node\n${common.banner.js}` },
  });
}

/** What `mlops translate` and `mlops validate` load: the tasks' reader of Azure ML files by itself, with its compiled code. */
async function buildTranslator(): Promise<Metafile> {
  const folder = path.join(out, 'translator');
  const script = path.join(folder, 'script.js');
  const { metafile } = await build({
    ...common,
    metafile: true,
    entryPoints: [path.join(root, 'lib', 'assets', 'tool.ts')],
    outfile: script,
    minify: true,
    mainFields: ['module', 'main'],
  });
  copyFileSync(path.join(root, 'scripts', 'compiled.cjs'), path.join(folder, 'index.js'));
  // Files that make it do most of what it can.
  const files = ['pipeline/pipeline.yml', 'sweep/sweep.yml', 'batch-scoring/deployment.yml'];
  const words = files.map((file) => path.join(root, 'examples', file));
  execFileSync(process.execPath, [path.join(root, 'scripts', 'compile.cjs'), script, 'translate', ...words]);
  return metafile;
}

async function main(): Promise<void> {
  rmSync(out, { recursive: true, force: true });
  const [hub, tasks, translator] = await Promise.all([
    buildHub(),
    Promise.all(taskNames().map(buildTask)),
    buildTranslator(),
    buildHost(path.join(out, 'host')),
    buildCommandLine(),
  ]);
  writeFileSync(
    path.join(out, 'THIRD_PARTY_NOTICES.txt'),
    thirdPartyNotices(root, [hub.metafile, ...tasks, translator]),
  );
  console.log(`Hub before first paint, gzipped: ${describeSizes(hub.sizes)}`);
}

if (require.main === module) {
  main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
