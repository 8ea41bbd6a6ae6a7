import { build, type Metafile, type Plugin } from 'esbuild';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { iconStyles } from '../hub/app/icons';
import { localPolicy } from './hub-policy';

/** Builds the hub's pages to `build/hub`: ES modules with shared chunks, one style sheet, no font. */
const root = path.resolve(__dirname, '..');
const pages = ['models', 'run', 'settings'] as const;
export type HubPage = (typeof pages)[number];

/** Bytes that a page loads before its first paint, gzipped. */
export interface HubSizes {
  js: number;
  css: number;
  files: string[];
}

/** Styles go into one sheet of their own, and browsers that load modules need none of the library's polyfills. */
const leaveOut: Plugin = {
  name: 'leave-out',
  setup(on) {
    on.onLoad({ filter: /\.css$/ }, () => ({ contents: '', loader: 'js' }));
    on.onLoad({ filter: /azure-devops-ui[\\/]CommonImports\.js$/ }, () => ({ contents: '', loader: 'js' }));
  },
};

/** The library's icon fonts weigh more than everything else together; its icon classes get our own glyphs. */
const ownIcons: Plugin = {
  name: 'own-icons',
  setup(on) {
    on.onLoad({ filter: /FabricIcons\.css$/ }, () => ({ contents: iconStyles(), loader: 'css' }));
    on.onLoad({ filter: /FluentIcons\.css$/ }, () => ({ contents: '', loader: 'css' }));
  },
};

/** Style sheets in the order in which the modules would have loaded them; lazy pages last. */
function styleSheets({ inputs }: Metafile): string[] {
  const seen = new Set<string>();
  const sheets: string[] = [];
  const walk = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    if (file.endsWith('.css')) sheets.push(file);
    const imports = inputs[file]?.imports ?? [];
    for (const { kind, path: to } of imports) if (kind !== 'dynamic-import') walk(to);
    for (const { kind, path: to } of imports) if (kind === 'dynamic-import') walk(to);
  };
  for (const page of pages) walk(`hub/${page}.tsx`);
  return sheets;
}

async function buildStyles(metafile: Metafile, outdir: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: {
      contents: styleSheets(metafile)
        .map((file) => `@import ${JSON.stringify(path.join(root, file))};`)
        .join('\n'),
      loader: 'css',
      resolveDir: root,
    },
    bundle: true,
    minify: true,
    write: false,
    plugins: [ownIcons],
  });
  const styles = outputFiles[0]?.text ?? '';
  if (/@font-face/.test(styles))
    throw new Error('A font came back into the hub: its icons are drawn by hub/app/icons.ts.');
  const name = `assets/hub-${createHash('sha256').update(styles).digest('hex').slice(0, 8)}.css`;
  writeFileSync(path.join(outdir, name), styles);
  return name;
}

/** The chunk and what it imports without being asked to, itself first. */
function closure({ outputs }: Metafile, file: string, seen = new Set<string>()): Set<string> {
  seen.add(file);
  for (const { kind, path: to } of outputs[file]?.imports ?? []) {
    if (kind === 'import-statement' && !seen.has(to)) closure({ inputs: {}, outputs }, to, seen);
  }
  return seen;
}

function outputOf({ outputs }: Metafile, entryPoint: string): string {
  const found = Object.entries(outputs).find(([, output]) => output.entryPoint === entryPoint);
  if (found === undefined) throw new Error(`The hub's build has no output for ${entryPoint}.`);
  return found[0];
}

function writePage(page: HubPage, metafile: Metafile, outdir: string, styles: string): HubSizes {
  const relative = (file: string): string => path.relative(outdir, path.join(root, file)).replaceAll('\\', '/');
  const entry = outputOf(metafile, `hub/${page}.tsx`);
  const needed = closure(metafile, entry);
  // The page that is shown first is loaded beside the shell, not after it.
  const first = page === 'models' ? 'hub/pages/models/index.tsx' : `hub/pages/${page}/index.tsx`;
  closure(metafile, outputOf(metafile, first), needed);
  const chunks = [...needed].map(relative);
  const head = [
    `<link rel="stylesheet" href="${styles}" />`,
    ...chunks.slice(1).map((chunk) => `<link rel="modulepreload" href="${chunk}" />`),
    `<script type="module" src="${chunks[0] ?? ''}"></script>`,
  ].join('\n    ');
  const html = readFileSync(path.join(root, 'hub', `${page}.html`), 'utf8')
    .replace('%policy%', localPolicy)
    .replace('<!-- assets -->', head);
  writeFileSync(path.join(outdir, `${page}.html`), html);
  const weigh = (file: string): number => gzipSync(readFileSync(path.join(outdir, file)), { level: 9 }).length;
  const js = chunks.map(weigh).reduce((sum, bytes) => sum + bytes, 0);
  return { js, css: weigh(styles), files: [styles, ...chunks] };
}

export async function buildHub(): Promise<{ sizes: Record<HubPage, HubSizes>; metafile: Metafile }> {
  const outdir = path.join(root, 'build', 'hub');
  mkdirSync(path.join(outdir, 'assets'), { recursive: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: pages.map((page) => `hub/${page}.tsx`),
    outdir,
    entryNames: 'assets/[name]-[hash]',
    chunkNames: 'assets/[name]-[hash]',
    bundle: true,
    format: 'esm',
    splitting: true,
    platform: 'browser',
    target: 'es2022',
    jsx: 'automatic',
    minify: true,
    legalComments: 'none',
    logLevel: 'warning',
    metafile: true,
    define: { 'process.env.NODE_ENV': '"production"' },
    plugins: [leaveOut],
  });
  const styles = await buildStyles(metafile, outdir);
  const sizes = pages.map((page) => [page, writePage(page, metafile, outdir, styles)] as const);
  return { sizes: Object.fromEntries(sizes) as Record<HubPage, HubSizes>, metafile };
}

/** `models: 131.2 KB JS + 23.0 KB CSS`, gzipped. */
export function describeSizes(sizes: Record<HubPage, HubSizes>): string {
  const kib = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KB`;
  return pages.map((page) => `${page} ${kib(sizes[page].js)} JS + ${kib(sizes[page].css)} CSS`).join(', ');
}
