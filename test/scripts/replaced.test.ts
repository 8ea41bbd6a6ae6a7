import assert from 'node:assert/strict';
import path from 'node:path';

interface Semver {
  lt(left: string, right: string): boolean;
  satisfies(version: string, range: string): boolean;
}

const scripts = path.resolve(__dirname, '..', '..', 'scripts');

describe('what the build puts in place of packages', () => {
  it('tells versions apart as semver does, for the ranges that are asked for', async () => {
    const { default: semver } = (await import(path.join(scripts, 'semver.cjs'))) as { default: Semver };
    const inRange: [string, string, boolean][] = [
      ['v20.20.2', '>=16.9.0', true],
      ['16.9.0', '>=16.9.0', true],
      ['16.8.99', '>=16.9.0', false],
      ['6.12.1', '^6.12.0 || >=8.0.0', true],
      ['6.11.9', '^6.12.0 || >=8.0.0', false],
      ['7.9.9', '^6.12.0 || >=8.0.0', false],
      ['v24.1.0', '^6.12.0 || >=8.0.0', true],
    ];
    for (const [version, range, is] of inRange) assert.equal(semver.satisfies(version, range), is, version + range);
    const before: [string, string, boolean][] = [
      ['20.20.2', '4.2.0', false],
      ['4.1.10', '4.2.0', true],
      ['4.2.0', '4.2.0', false],
      ['2.103.9', '2.104.1', true],
      ['3.232.1', '2.104.1', false],
    ];
    for (const [left, right, is] of before) assert.equal(semver.lt(left, right), is, `${left} before ${right}`);
    assert.throws(() => semver.satisfies('20.0.0', '~1.2'), /does not know the range/);
  });

  it('says so when a package is reached that was left out', async () => {
    const { default: unreached } = (await import(path.join(scripts, 'unreached.cjs'))) as {
      default: Record<string, unknown>;
    };
    assert.throws(() => unreached['Promise'], /the build leaves out was reached \(Promise\)/);
  });
});
