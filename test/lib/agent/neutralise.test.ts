import assert from 'node:assert/strict';
import fc from 'fast-check';
import { neutralLine, neutralLines } from '../../../lib/agent/neutralise';

// What the agent would find: an own reading of Command.TryParse, with a search that skips ignorable characters as .NET's
// culture-sensitive IndexOf does. Deliberately generous: it ignores case too.
const invisible = [
  [0x00, 0x08],
  [0x0b, 0x1f],
  [0x7f, 0x9f],
  [0xad, 0xad],
  [0x34f, 0x34f],
  [0x61c, 0x61c],
  [0x115f, 0x1160],
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x200b, 0x200f],
  [0x202a, 0x202e],
  [0x2060, 0x206f],
  [0x3164, 0x3164],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xfff0, 0xfff8],
] as const;
const isVisible = (character: string): boolean =>
  !invisible.some(([from, to]) => character.charCodeAt(0) >= from && character.charCodeAt(0) <= to);
function agentSeesCommand(line: string): boolean {
  const compared = Array.from(line).filter(isVisible).join('').toLowerCase();
  return compared.includes('##vso[') || compared.includes('##[');
}

describe('neutralising foreign text', () => {
  it('leaves ordinary text as it is', () => {
    for (const line of ['epoch 1/10 loss=0.25', '# heading', 'a [list] of #tags', 'déjà vu 数据 👍', 'tab\there']) {
      assert.equal(neutralLine(line), line);
    }
  });

  it('breaks a command wherever it stands in the line', () => {
    const line = 'loss 0.3 ##vso[task.complete result=Succeeded;done=true]';
    assert.equal(neutralLine(line), 'loss 0.3 **vso[task.complete result=Succeeded;done=true]');
    assert.equal(neutralLine('##[error]not mine'), '**[error]not mine');
  });

  it('is not deceived by case, blanks, invisible or control characters', () => {
    const tricks = [
      '##VSO[x.y]',
      '#\u200b#vso[x.y]',
      '##\u00advso[x.y]',
      '##v\ufeffso[x.y]',
      '##vso\u0007[x.y]',
      '#\u001b#vso[x.y]',
      '##vso [x.y]',
      '## vso[x.y]',
      '###vso[x.y]',
      '##\u2060[group]',
    ];
    for (const trick of tricks) assert.ok(!agentSeesCommand(neutralLine(trick)), JSON.stringify(trick));
  });

  it('splits at every line break the agent knows, so that no line hides behind a carriage return', () => {
    assert.deepEqual(neutralLines('50%\r##vso[task.setvariable variable=a]1\r\nnext\u2028end'), [
      '50%',
      '**vso[task.setvariable variable=a]1',
      'next',
      'end',
    ]);
  });

  it('never lets a command through, whatever is put together', () => {
    const part = fc.constantFrom(
      '#',
      '##',
      'vso',
      'VSO',
      '[',
      ']',
      'task.complete',
      ' ',
      '\t',
      '\r',
      '\n',
      '\u200b',
      '\u00ad',
      '\u0000',
      '\ufeff',
      '\u2060',
      '%',
      '*',
      'a',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 14 }), (parts) => {
        for (const line of neutralLines(parts.join(''))) assert.ok(!agentSeesCommand(line), JSON.stringify(line));
      }),
      { numRuns: 20_000, seed: 7 },
    );
  });
});
