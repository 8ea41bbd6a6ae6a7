import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';

import { check, optional, shape, text } from '../../local/devops/shape';
import { installedOnce } from './installed';

interface Binary {
  path: string;
  env: Record<string, string>;
}

const root = join(__dirname, '..', '..');
const installed = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const unpackedShape = shape({ path: text, libraries: optional(text) });
let found: Binary | undefined;

/**
 * A Chromium: `CHROMIUM_PATH`, else an installed one, else the one that an npm package carries. Its web security is on, whatever that
 * package would like: without it every test of origins and policies would pass.
 */
export async function launchBrowser(): Promise<Browser> {
  found ??= chosen();
  const env: Record<string, string> = { ...found.env };
  for (const [name, value] of Object.entries(process.env)) if (value !== undefined) env[name] ??= value;
  // As root, and in containers, there is no sandbox for it to build; it only ever opens pages of this machine.
  const args = ['--no-sandbox', '--disable-dev-shm-usage'];
  return chromium.launch({ executablePath: found.path, args, env });
}

function chosen(): Binary {
  const wanted = process.env.CHROMIUM_PATH;
  if (wanted !== undefined && wanted !== '') {
    if (!existsSync(wanted)) throw new Error(`CHROMIUM_PATH names ${wanted}, which is not there.`);
    return { path: wanted, env: {} };
  }
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = installed.map((name) => join(folder, name)).find((one) => existsSync(one));
    if (path !== undefined) return { path, env: {} };
  }
  return carried();
}

/** The package's Chromium, unpacked once into a folder of this repository: by default it would take whatever lies in the shared temporary folder. */
function carried(): Binary {
  const manifest: unknown = JSON.parse(
    readFileSync(join(root, 'node_modules/@sparticuz/chromium/package.json'), 'utf8'),
  );
  const { version } = check(shape({ version: text }), manifest, '@sparticuz/chromium');
  const folder = installedOnce(`chromium-${version}`, (own, place) => {
    unpack(own);
    writeFileSync(join(own, 'fonts.conf'), fontsOf(place));
  });
  const { path, libraries } = unpack(folder);
  const own: Record<string, string> = { FONTCONFIG_FILE: join(folder, 'fonts.conf') };
  // Its libraries are only for machines that lack them.
  const starts = spawnSync(path, ['--version'], { stdio: 'ignore' }).status === 0;
  return { path, env: starts || libraries === undefined ? own : { ...own, LD_LIBRARY_PATH: libraries } };
}

/**
 * Where its Chromium and libraries are in a folder, unpacked if they are not there yet. In a process of its own, because it changes the
 * environment of the process for all that this starts.
 */
function unpack(folder: string): ReturnType<typeof unpackedShape> {
  const script = `import('@sparticuz/chromium').then((it) => it.default.executablePath()).then((path) =>
    console.log(JSON.stringify({ path, libraries: process.env.LD_LIBRARY_PATH })))`;
  const env = { ...process.env, TMPDIR: folder, AWS_LAMBDA_JS_RUNTIME: 'nodejs20.x', LD_LIBRARY_PATH: '' };
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', script], { cwd: root, env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`Chromium of @sparticuz/chromium could not be unpacked: ${stderr}`);
  return check(unpackedShape, JSON.parse(stdout), 'the unpacked Chromium');
}

/** The machine's fonts and the package's own: without any font the browser ends at the first control it draws. */
function fontsOf(folder: string): string {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir>${join(folder, 'fonts')}</dir>
  <cachedir>${join(folder, 'fonts-cache')}</cachedir>
</fontconfig>
`;
}
