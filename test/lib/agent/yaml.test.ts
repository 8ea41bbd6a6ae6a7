import assert from 'node:assert/strict';
import { TaskError } from '../../../lib/agent/errors';
import { parseYaml, readYaml } from '../../../lib/agent/yaml';

const read = (content: string) => parseYaml('job.yml', content);

describe('reading YAML', () => {
  it('gives typed values with their places', async () => {
    const root = (
      await read('name: x\nlimits:\n  timeout: 60\nlist: [1, two]\nflag: true\nversion: 1.10\nnothing:\n')
    ).object();
    assert.equal(root.string('name'), 'x');
    assert.equal(root.required('limits').number('timeout'), 60);
    assert.deepEqual(
      root.list('list').map((item) => item.asString()),
      ['1', 'two'],
    );
    assert.equal(root.optionalBoolean('flag'), true);
    assert.equal(root.string('version'), '1.10');
    assert.equal(root.optional('nothing'), undefined);
    assert.equal(root.required('limits').required('timeout').where, 'job.yml:3:12');
  });

  it('names an unknown key with line and column', async () => {
    const root = await read('name: x\ncomand: python\n');
    assert.throws(
      () => root.object(['name', 'command']),
      (error) =>
        error instanceof TaskError &&
        error.message === 'job.yml:2:1: unknown key "comand".' &&
        error.advice === 'Known keys: name, command.',
    );
  });

  it('refuses what is not YAML, what is empty, doubled keys and alias bombs', async () => {
    await assert.rejects(read('a: [1,\nb: 2'), /job\.yml:2:/);
    await assert.rejects(read('# nothing\n'), /job\.yml is empty/);
    await assert.rejects(read('a: 1\na: 2\n'), /job\.yml:2:1: .*unique/i);
    const bomb = ['a0: &a0 [x,x,x,x,x,x,x,x,x]'];
    for (let level = 1; level < 9; level++)
      bomb.push(
        `a${level}: &a${level} [${Array(9)
          .fill(`*a${level - 1}`)
          .join(',')}]`,
      );
    await assert.rejects(read(bomb.join('\n')), /alias/i);
  });

  it('follows aliases', async () => {
    const root = (await read('a: &x {k: 1}\nb: *x\n')).object();
    assert.equal(root.required('b').number('k'), 1);
  });

  it('names a file that cannot be read', async () => {
    await assert.rejects(readYaml('/nowhere/job.yml'), /\/nowhere\/job\.yml cannot be read/);
  });

  it('says which type it wanted', async () => {
    const root = (await read('a: text\nb: [1]\n')).object();
    assert.throws(() => root.number('a'), /job\.yml:1:4: a must be a number/);
    assert.throws(() => root.string('b'), /job\.yml:2:4: b must be a single value/);
    assert.throws(() => root.required('c'), /"c" is missing/);
  });
});
