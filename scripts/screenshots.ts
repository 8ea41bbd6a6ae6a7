import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { check, list, shape, text } from '../local/devops/shape';
import { launchBrowser } from '../test/support/browser';
import { Tab, type Visit } from '../test/support/hub-stage';

/**
 * Pictures of every page of the hub in both themes, `docs/images/<page>-<light|dark>.png`, from what the demo itself leaves: a first
 * model in production, a second one that is better and waits at the gate. Needs what the demo needs. About three minutes.
 */
const root = path.resolve(__dirname, '..');
const folder = path.join(root, 'docs', 'images');
const largest = 150 * 1024;
const themes = ['light', 'dark'] as const;
/** Stronger regularisation first: the example's own value then gives a better model. */
const weaker = 'alpha=20.0';
const size = { width: 1366, height: 768 };
const statusShape = shape({ hub: text, approvals: list(shape({ id: text })) });

function mlops(stateDir: string, ...args: string[]): { ended: Promise<string>; stop: () => void } {
  const [command = '', ...rest] = args;
  const child = spawn(process.execPath, [path.join(root, 'build', 'mlops.js'), command, '--state', stateDir, ...rest], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (data: Buffer) => (output += data.toString()));
  const ended = new Promise<string>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve(output) : reject(new Error(`mlops ${command} ended with ${code}.\n${output}`)),
    );
  });
  return { ended, stop: () => child.kill('SIGINT') };
}

async function status(stateDir: string): Promise<{ hub: string; approvals: { id: string }[] }> {
  return check(statusShape, JSON.parse(await mlops(stateDir, 'status', '--json').ended), 'mlops status');
}

/** The id of the approval for which the run, still going on, comes to wait. */
async function waitingApproval(stateDir: string, run: Promise<string>): Promise<string> {
  const over = { is: false };
  run.finally(() => (over.is = true)).catch(() => undefined);
  while (!over.is) {
    const [approval] = (await status(stateDir)).approvals;
    if (approval) return approval.id;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  throw new Error(`The second run ended without waiting for an approval.\n${await run}`);
}

/** What there is to see, from the links of the first page. */
async function pagesOf(tab: Tab, approval: string): Promise<[name: string, visit: Visit][]> {
  await tab.goto({ user: 'ben', query: { view: 'models' } });
  const address = async (selector: string): Promise<URLSearchParams> =>
    new URL((await tab.frame.locator(selector).first().getAttribute('href')) ?? '', tab.page.url()).searchParams;
  const version = await address('.models-table th a');
  const run = await address('.models-table td:last-child a');
  const [model, latest] = [version.get('model') ?? '', version.get('version') ?? ''];
  const { pathname } = new URL(tab.page.url());
  const hub = (name: string, query: Record<string, string>): [string, Visit] => [name, { user: 'ben', query }];
  const tabs: [string, string][] = [
    ...['overview', 'metrics', 'evaluation', 'lineage'].map((one): [string, string] => [one, latest]),
    // What is in production has more to tell of what became of it.
    ...['deployments', 'activity'].map((one): [string, string] => [one, '1']),
  ];
  return [
    hub('models', { view: 'models', open: model }),
    ...tabs.map(([one, number]) => hub(`version-${one}`, { view: 'version', model, version: number, tab: one })),
    hub('compare', { view: 'compare', model, versions: `1,${latest}` }),
    hub('deployments', { view: 'deployments' }),
    hub('approvals', { view: 'approvals' }),
    hub('approval', { view: 'approvals', approval }),
    hub('delivery', { view: 'delivery' }),
    [
      'run',
      {
        user: 'ben',
        path: `${pathname.split('/').slice(0, 3).join('/')}/_build/results`,
        query: { buildId: run.get('buildId') ?? '', view: 'mlops-azure-ml.mlops-azure-ml.model-tab' },
      },
    ],
    ['settings', { user: 'cleo', hub: 'settings-hub' }],
  ];
}

async function take(hubUrl: string, approval: string): Promise<void> {
  const browser = await launchBrowser();
  try {
    const context = await browser.newContext({ viewport: size, timezoneId: 'UTC', reducedMotion: 'reduce' });
    const tab = new Tab(await context.newPage(), hubUrl);
    for (const [name, visit] of await pagesOf(tab, approval)) {
      for (const theme of themes) {
        await tab.goto({ ...visit, theme });
        const file = path.join(folder, `${name}-${theme}.png`);
        await tab.page.screenshot({ path: file });
        const { size: bytes } = statSync(file);
        console.log(`${path.relative(root, file)} ${Math.round(bytes / 1024)} KB`);
        if (bytes > largest) throw new Error(`${file} is larger than ${largest / 1024} KB.`);
      }
    }
  } finally {
    await browser.close();
  }
}

async function main(): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const stateDir = mkdtempSync(path.join(os.tmpdir(), 'screenshots-'));
  try {
    console.log('The first model goes to production …');
    await mlops(stateDir, 'demo', '--keep', '--set', weaker).ended;
    console.log('The second one goes to the gate …');
    const second = mlops(stateDir, 'demo', '--wait-for-approval');
    try {
      const approval = await waitingApproval(stateDir, second.ended);
      await take((await status(stateDir)).hub, approval);
    } finally {
      second.stop();
      await second.ended.catch(() => undefined);
    }
  } finally {
    await mlops(stateDir, 'down').ended;
    rmSync(stateDir, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
