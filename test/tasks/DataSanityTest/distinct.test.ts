import assert from 'node:assert/strict';
import { DistinctCounter } from '../../../tasks/DataSanityTest/distinct';

describe('distinct values', () => {
  it('are counted exactly among a million that look alike', () => {
    const counter = new DistinctCounter();
    const count = 1_000_000;
    for (let index = 0; index < count; index++) assert.ok(counter.add(`id-${index}`));
    assert.equal(counter.distinct, count);
    for (let index = 0; index < count; index += 997) assert.ok(!counter.add(`id-${index}`));
    assert.equal(counter.distinct, count);
  });

  it('differ in short, empty and reordered texts', () => {
    const counter = new DistinctCounter();
    for (const text of ['', ' ', '0', '00', 'ab', 'ba', '\u0000', '\u0000\u0000']) assert.ok(counter.add(text), text);
    assert.ok(!counter.add(''));
  });
});
