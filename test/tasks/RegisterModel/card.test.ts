import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TaskError } from '../../../lib/agent/errors';
import { readModelCard } from '../../../tasks/RegisterModel/card';

describe('a model card', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'card-'));
  const file = path.join(folder, 'MODEL_CARD.md');
  after(() => rmSync(folder, { recursive: true }));

  const read = (content: string | Buffer): Promise<string> => {
    writeFileSync(file, content);
    return readModelCard(file);
  };

  it('is the same text whatever the line ends and the byte-order mark', async () => {
    assert.equal(await read('# Größe\n\n\t- 😀\n'), '# Größe\n\n\t- 😀\n');
    assert.equal(await read('\ufeff# Größe\r\n\r\n\t- 😀\r\n'), '# Größe\n\n\t- 😀\n');
  });

  it('may have 64 KiB and not a byte more', async () => {
    assert.equal((await read('x'.repeat(65_536))).length, 65_536);
    await assert.rejects(read('x'.repeat(65_537)), /65537 bytes; it may have 65536/);
    await assert.rejects(read('ä'.repeat(32_769)), /65538 bytes/);
  });

  const wrong: [string, string | Buffer, RegExp][] = [
    ['bytes that are no UTF-8', Buffer.from([0x23, 0xe4, 0x0a]), /is not UTF-8 text/],
    ['control characters', 'a\nb\u0000c', /control character in line 2/],
    ['escape sequences', '\u001b[31m', /control character in line 1/],
    ['nothing', ' \n', /is empty/],
  ];
  for (const [what, content, message] of wrong) {
    it(`is refused for ${what}`, async () => {
      await assert.rejects(read(content), (error) => error instanceof TaskError && message.test(error.message));
    });
  }

  it('is named when it is not there or no file', async () => {
    await assert.rejects(readModelCard(path.join(folder, 'none.md')), /none\.md cannot be read: .*\n?/);
    await assert.rejects(readModelCard(folder), /cannot be read/);
  });
});
