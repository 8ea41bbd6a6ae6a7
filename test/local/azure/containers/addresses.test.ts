import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { releasePlace, takePlace } from '../../../../local/azure/containers/addresses';

const source = path.resolve(__dirname, '../../../../local/azure/containers/addresses.ts');

describe('loopback addresses of containers', () => {
  it('are each given once, and again when they were released', async () => {
    const first = await takePlace([5001]);
    const second = await takePlace([5001]);
    assert.notDeepEqual([first.ip, ...first.ports], [second.ip, ...second.ports]);
    releasePlace(first);
    const again = await takePlace([5001], first.ip);
    assert.equal(again.ip, first.ip);
    releasePlace(second);
    releasePlace(again);
  });

  it('stay with their process while nothing listens on them', async function () {
    this.timeout(20_000);
    const mine = await takePlace([5001]);
    if (mine.ip === '127.0.0.1') this.skip();
    const script = `require(${JSON.stringify(source)}).takePlace([5001], ${JSON.stringify(mine.ip)}).then(({ ip }) => { console.log(ip); process.exit(0); })`;
    const child = spawn(process.execPath, ['--require', 'tsx/cjs', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let theirs = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (theirs += text));
    await new Promise((resolve) => child.once('close', resolve));
    releasePlace(mine);
    assert.match(theirs, /^127\./);
    assert.notEqual(theirs.trim(), mine.ip);
  });
});
