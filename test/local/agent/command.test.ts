import assert from 'node:assert/strict';
import fc from 'fast-check';

import { escapeCommand, parseCommand, unescapeCommand } from '../../../local/agent/command';

describe('logging command parser', () => {
  const parsed = (line: string): unknown => {
    const command = parseCommand(line);
    return command && [command.area, command.event, Object.fromEntries(command.properties), command.data];
  };

  const table: [string, string, unknown][] = [
    ['a plain command', '##vso[task.debug]hello', ['task', 'debug', {}, 'hello']],
    ['a prefix in the middle of a line', 'text ##vso[task.debug]x', ['task', 'debug', {}, 'x']],
    ['the first ] as the end', '##vso[task.debug]a]b', ['task', 'debug', {}, 'a]b']],
    ['properties in lower case', '##vso[a.b Name=x;TYPE=y]', ['a', 'b', { name: 'x', type: 'y' }, '']],
    ['only the first = of a property', '##vso[a.b k=v=w]', ['a', 'b', { k: 'v=w' }, '']],
    ['no empty value', '##vso[a.b k=;l=1]', ['a', 'b', { l: '1' }, '']],
    ['no property without =', '##vso[a.b k;l=1]', ['a', 'b', { l: '1' }, '']],
    ['all escapes in a property', '##vso[a.b k=%3B%0D%0A%5D%AZP25]', ['a', 'b', { k: ';\r\n]%' }, '']],
    ['an escaped escape as text', '##vso[a.b]%AZP250A', ['a', 'b', {}, '%0A']],
    ['empty parts of the name', '##vso[.task..debug]x', ['task', 'debug', {}, 'x']],
    ['an upper-case prefix as text', '##VSO[task.debug]x', undefined],
    ['one part as text', '##vso[task]x', undefined],
    ['three parts as text', '##vso[a.b.c]x', undefined],
    ['no end as text', '##vso[task.debug', undefined],
  ];
  for (const [what, line, expected] of table) {
    it(`reads ${what}`, () => {
      assert.deepEqual(parsed(line), expected);
    });
  }

  it('leaves percent signs alone when decoding them is off', () => {
    assert.equal(parseCommand('##vso[a.b]%AZP25', false)?.data, '%AZP25');
  });

  it('gives back every text that was escaped', () => {
    fc.assert(fc.property(fc.string(), (text) => unescapeCommand(escapeCommand(text)) === text));
  });

  it('reads back every command that was written with escapes', () => {
    const value = fc.string({ minLength: 1 });
    fc.assert(
      fc.property(value, fc.string(), (property, data) => {
        const command = parseCommand(`##vso[task.x key=${escapeCommand(property)}]${escapeCommand(data)}`);
        return command?.properties.get('key') === property && command.data === data;
      }),
    );
  });
});
