import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

import { check, shape, text } from '../devops/shape';
import { Failure } from './errors';
import { send } from './http';

/** Openers give the address on and end; one that shows the page itself stays. */
const openerMs = 1500;

/** The hub's address without its key, for places that others may read. */
export function withoutKey(url: string): string {
  return url.split('#')[0] ?? url;
}

/** An address that works once: the arguments of a program can be listed by every user of the machine. */
export async function openingUrl(hubUrl: string): Promise<string> {
  const url = new URL(hubUrl);
  const key = new URLSearchParams(url.hash.slice(1)).get('key') ?? '';
  const answer = await send({
    method: 'POST',
    url: `${url.origin}/_host/ticket`,
    headers: { 'x-mlops-key': key },
    body: {},
  });
  if (answer.status !== 200)
    throw new Failure(`The hub at ${url.origin} did not let itself be opened (HTTP ${answer.status}).`);
  const { ticket } = check(shape({ ticket: text }), JSON.parse(answer.body.toString('utf8')), 'the ticket');
  url.hash = `ticket=${ticket}`;
  return url.href;
}

/** Opens the address in the person's browser, without a shell. Says why when that cannot be. */
export async function openInBrowser(url: string): Promise<{ opened: true } | { opened: false; why: string }> {
  const opener = openerOf(process.platform, process.env);
  if (opener === undefined) return { opened: false, why: 'There is no program here that opens a browser (xdg-open).' };
  return new Promise((resolve) => {
    const child = spawn(opener, [url], { detached: true, stdio: 'ignore' });
    const timer = setTimeout(() => resolve({ opened: true }), openerMs);
    const end = (why: string | undefined): void => {
      clearTimeout(timer);
      resolve(why === undefined ? { opened: true } : { opened: false, why });
    };
    child.once('error', (error) => end(`${opener} cannot be started: ${error.message}`));
    child.once('exit', (code) =>
      end(code === 0 ? undefined : `${opener} found no browser (exit code ${String(code)}).`),
    );
    child.unref();
  });
}

/** The system's own opener, by its full path. */
export function openerOf(platform: NodeJS.Platform, env: NodeJS.ProcessEnv): string | undefined {
  const names = platform === 'darwin' ? ['open'] : ['xdg-open', 'wslview'];
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find((file) => existsSync(file));
}
