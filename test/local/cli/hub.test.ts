import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { openerOf, openInBrowser, openingUrl, withoutKey } from '../../../local/cli/hub';
import { temporaryFolder } from '../devops/support';
import { setStage, type Stage } from '../devops/host/support';

describe('opening the hub', () => {
  let stage: Stage;
  let folder: string;
  const path = process.env.PATH;
  before(async () => {
    stage = await setStage(false);
    folder = temporaryFolder();
  });
  afterEach(() => {
    process.env.PATH = path;
  });
  after(() => stage.stop());

  function opener(script: string): string {
    const bin = join(folder, `bin-${Math.random().toString(36).slice(2)}`);
    mkdirSync(bin);
    const file = join(bin, process.platform === 'darwin' ? 'open' : 'xdg-open');
    writeFileSync(file, `#!/bin/sh\n${script}\n`);
    chmodSync(file, 0o700);
    process.env.PATH = bin;
    return file;
  }

  it('hands the browser an address that works once, without the key', async () => {
    const { url } = stage.host;
    const key = new URLSearchParams(new URL(url).hash.slice(1)).get('key') ?? '';
    const opening = new URL(await openingUrl(url));
    assert.ok(!opening.href.includes(key));
    const redeem = (): Promise<Response> =>
      fetch(`${opening.origin}/_host/key`, {
        method: 'POST',
        body: JSON.stringify({ ticket: new URLSearchParams(opening.hash.slice(1)).get('ticket') }),
      });
    assert.deepEqual(await (await redeem()).json(), { key });
    assert.equal((await redeem()).status, 403);
    assert.equal(withoutKey(url), `${opening.origin}/`);
    await assert.rejects(openingUrl(url.replace(key, 'other')), /did not let itself be opened \(HTTP 403\)/);
  });

  it('says when there is no program that opens one', async () => {
    process.env.PATH = folder;
    assert.deepEqual(await openInBrowser('http://127.0.0.1:1/'), {
      opened: false,
      why: 'There is no program here that opens a browser (xdg-open).',
    });
    assert.equal(openerOf('linux', { PATH: '' }), undefined);
  });

  it('says when that program finds no browser', async () => {
    opener('exit 3');
    const result = await openInBrowser('http://127.0.0.1:1/');
    assert.match(result.opened ? '' : result.why, /found no browser \(exit code 3\)/);
  });

  it('gives the address as one argument, through no shell', async () => {
    const seen = join(folder, 'seen');
    opener(`printf '%s|' "$#" "$1" > '${seen}'`);
    const address = 'http://127.0.0.1:1/?a=$(id)&b=`id`;c#x';
    assert.deepEqual(await openInBrowser(address), { opened: true });
    const { readFileSync } = await import('node:fs');
    assert.equal(readFileSync(seen, 'utf8'), `1|${address}|`);
  });
});
