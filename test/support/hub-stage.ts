import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Frame, Page } from 'playwright-core';

import { startDevOps, type LocalDevOps, type User } from '../../local/devops';
import { generate, type Generated, type GenerateOptions } from '../../local/devops/generate';
import { startHost, type LocalHost } from '../../local/devops/host';
import { launchBrowser } from './browser';

const root = join(__dirname, '..', '..');
const build = join(root, 'build');

/** A history small enough to be drawn in a moment, with every kind of page filled. */
export const smallHistory = { models: 4, versions: 28, runs: 110, pending: 4, seed: 7 } as const;

export interface StageOptions extends Omit<GenerateOptions, 'stateDir'> {
  /** A state that is there already, instead of a generated history. */
  stateDir?: string;
}

/** Who looks, at which address, in which surroundings. */
export interface Visit {
  /** Short name; `ana` when absent. */
  user?: string;
  theme?: 'light' | 'dark' | 'contrast';
  /** Contribution; `models-hub` when absent. */
  hub?: string;
  /** Path of the host page, for pages of runs. */
  path?: string;
  /** Query of the hub: `view`, `model`, … */
  query?: Record<string, string>;
  /** Of the browser: size of the window, zone of time. */
  context?: BrowserContextOptions;
}

/** Azure DevOps, the page around the built hub, and a browser: one of each for a whole file of tests. */
export class HubStage {
  private readonly tabs = new Map<string, Tab>();

  private constructor(
    readonly devops: LocalDevOps,
    readonly host: LocalHost,
    readonly browser: Browser,
    readonly generated: Generated | undefined,
    readonly stateDir: string,
    private readonly temporary: string | undefined,
  ) {}

  static async start(options: StageOptions = smallHistory): Promise<HubStage> {
    for (const file of ['hub/models.html', 'host/index.html'])
      if (!existsSync(join(build, file))) throw new Error(`${file} is not built. Build it with \`npm run build\`.`);
    const { stateDir: given, ...history } = options;
    const temporary = given === undefined ? mkdtempSync(join(tmpdir(), 'hub-')) : undefined;
    const stateDir = given ?? temporary ?? '';
    const generated = given === undefined ? generate({ ...history, stateDir }) : undefined;
    const [devops, browser] = await Promise.all([startDevOps({ stateDir }), launchBrowser()]);
    const host = await startHost({
      devops,
      manifestFile: join(root, 'vss-extension.json'),
      hubFolder: join(build, 'hub'),
      pageFolder: join(build, 'host'),
    });
    return new HubStage(devops, host, browser, generated, stateDir, temporary);
  }

  user(name: string): User {
    const found = this.devops.users.find((one) => one.shortName === name);
    if (!found) throw new Error(`There is nobody called ${name}.`);
    return found;
  }

  /** REST as the person does it with a personal access token. The path begins behind the collection. */
  async rest(name: string, method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
    const authorization = `Basic ${Buffer.from(`:${this.user(name).token}`).toString('base64')}`;
    const answer = await fetch(`${this.devops.url}/${path}`, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
  }

  address(visit: Visit = {}): string {
    return addressOf(this.host.url, visit);
  }

  /** A tab of its own; the caller closes it. */
  async newTab(context: BrowserContextOptions = {}): Promise<Tab> {
    const opened = await this.browser.newContext({ viewport: { width: 1366, height: 768 }, ...context });
    return new Tab(await opened.newPage(), this.host.url);
  }

  /** A tab for this kind of surroundings, the same one each time, at the address. */
  async open(visit: Visit = {}): Promise<Tab> {
    const key = JSON.stringify(visit.context ?? {});
    const tab = this.tabs.get(key) ?? (await this.newTab(visit.context));
    this.tabs.set(key, tab);
    await tab.goto(visit);
    return tab;
  }

  async stop(): Promise<void> {
    await this.browser.close();
    await this.host.stop();
    await this.devops.stop();
    if (this.temporary !== undefined) rmSync(this.temporary, { recursive: true, force: true });
  }
}

/** Address of the host page that shows what is to be visited. */
export function addressOf(hostUrl: string, visit: Visit): string {
  const url = new URL(visit.path ?? '/', hostUrl);
  const settings = { user: visit.user ?? 'ana', theme: visit.theme ?? 'light' };
  for (const [name, value] of Object.entries({ ...settings, ...visit.query })) url.searchParams.set(name, value);
  if (visit.path === undefined) url.searchParams.set('hub', visit.hub ?? 'models-hub');
  url.hash = new URL(hostUrl).hash;
  return url.href;
}

/** What a page said or did beside showing itself. */
export interface Noise {
  /** Errors and warnings on the console, violations of policies among them, and errors that nobody caught. */
  console: string[];
  dialogs: string[];
  /** Addresses outside this machine that were asked for. */
  foreign: string[];
}

const axeFile = join(root, 'node_modules', 'axe-core', 'axe.min.js');
let axe: string | undefined;

/** One tab with the host page, and the hub inside it. */
export class Tab {
  readonly noise: Noise = { console: [], dialogs: [], foreign: [] };
  private hub: Frame | undefined;

  constructor(
    readonly page: Page,
    /** Address of the host page, with its key. */
    private readonly hostUrl: string,
  ) {
    page.setDefaultTimeout(15_000);
    page.on('console', (message) => {
      if (['error', 'warning', 'assert'].includes(message.type())) this.noise.console.push(message.text());
    });
    page.on('pageerror', (error) => this.noise.console.push(String(error)));
    page.on('dialog', (dialog) => {
      this.noise.dialogs.push(dialog.message());
      void dialog.dismiss();
    });
    page.on('request', (request) => {
      const { protocol, hostname } = new URL(request.url());
      if (protocol !== 'data:' && protocol !== 'blob:' && hostname !== '127.0.0.1')
        this.noise.foreign.push(request.url());
    });
  }

  /** Opens the address, without what the page heard before, and waits until the hub shows what it has. */
  async goto(visit: Visit = {}): Promise<Frame> {
    Object.assign(this.noise, { console: [], dialogs: [], foreign: [] });
    // The same address with another fragment would not load anything.
    await this.page.goto('about:blank');
    await this.page.goto(addressOf(this.hostUrl, visit));
    return this.ready();
  }

  get frame(): Frame {
    if (!this.hub) throw new Error('The hub has not been opened in this tab.');
    return this.hub;
  }

  /** Waits for the hub in its iframe, and until it stops loading. */
  async ready(): Promise<Frame> {
    const element = await this.page.waitForSelector('main iframe.shown', { state: 'attached' });
    const frame = await element.contentFrame();
    if (!frame) throw new Error('The iframe of the hub has no document.');
    this.hub = frame;
    await this.settled();
    return frame;
  }

  /** The heading is there, nothing is a skeleton, and nothing is asked for. */
  async settled(): Promise<void> {
    await this.until(
      `document.querySelector('h1') && !document.querySelector('[aria-busy=true], .hub-skeleton') &&
        [...document.querySelectorAll('[role=status]')].every((it) => it.textContent !== 'Loading')`,
    );
  }

  /** Waits until the expression is true in the hub. From outside: the hub's policy forbids what Playwright's own waiting does inside. */
  async until(expression: string, milliseconds = 15_000): Promise<void> {
    const end = Date.now() + milliseconds;
    while (!(await this.frame.evaluate(`Boolean(${expression})`))) {
      if (Date.now() > end) throw new Error(`Not within ${milliseconds} ms: ${expression}\n${await this.text()}`);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  /** All text that the hub shows, and what stands in its attributes for those who listen. */
  async text(): Promise<string> {
    return String(
      await this.frame.evaluate(
        `document.body.innerText + '\\n' + [...document.querySelectorAll('[aria-label], [title]')]
          .map((it) => it.getAttribute('aria-label') + '\\n' + it.getAttribute('title')).join('\\n')`,
      ),
    );
  }

  /** Rules of axe that the hub breaks, with the elements. */
  async axe(): Promise<string[]> {
    axe ??= readFileSync(axeFile, 'utf8');
    await this.frame.evaluate(axe);
    const found: unknown = await this.frame.evaluate(
      `axe.run(document, { resultTypes: ['violations'], iframes: false }).then(({ violations }) =>
        violations.map((it) => it.id + ': ' + it.nodes.slice(0, 3).map((node) => node.target.join(' ') + ' ' +
          node.any.concat(node.all).map((one) => one.message).slice(0, 1).join('')).join(' | ')))`,
    );
    return Array.isArray(found) ? found.map(String) : [`axe gave no list: ${String(found)}`];
  }

  /** Messages about what could not be shown. */
  async problems(): Promise<string> {
    return (await this.frame.locator('[role=alert]').allInnerTexts()).join('\n');
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}
