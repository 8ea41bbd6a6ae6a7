import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TaskError } from '../../../lib/agent/errors';
import { listAsset } from '../../../lib/assets/folder';
import { kinds } from '../../../lib/assets/kinds/all';
import { Problems } from '../../../lib/assets/shape/gather';
import { readTranslation, send, type Translation } from '../../../lib/assets/translate';
import { azureRemote } from '../../../lib/azure/remote';
import { FakeAgent } from '../../support/fake-agent';
import { armFault, FakeAssets, FakeAzure, workspaceId } from '../../support/fake-azure';

type Files = Readonly<Record<string, string | Buffer>>;

/** A repository with a job file and what lies beside it; and a secret next to the repository. */
function repository(files: Files): string {
  const outer = realpathSync(mkdtempSync(path.join(tmpdir(), 'bad-input-')));
  const folder = path.join(outer, 'repository');
  for (const [name, content] of Object.entries({ '.git/HEAD': '', '../secret/key.txt': 'key', ...files })) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), content);
  }
  return folder;
}

const read = (folder: string, set: readonly string[] = [], root?: string): Promise<Translation> =>
  readTranslation(path.join(folder, 'job.yml'), workspaceId, { kinds, set, root });

/** The one error of a file, without the folder that it is in. */
async function refusal(work: Promise<unknown>, folder: string): Promise<TaskError> {
  const error = await work.then(
    () => assert.fail('The file was taken.'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof TaskError && !(error instanceof Problems), String(error));
  return new TaskError(error.message.replaceAll(`${folder}/`, ''), error.advice?.replaceAll(`${folder}/`, ''));
}

const job = `command: python train.py
environment: azureml:sklearn:1
compute: azureml:cpu
`;
const component = `type: command
command: echo \${{inputs.x}}
environment: azureml:sklearn:1
inputs: {x: {type: number}}
outputs: {out: {type: uri_folder}}
`;
const pipeline = `type: pipeline
settings: {default_compute: azureml:cpu}
jobs:
`;

describe('a file with a mistake is refused with one error that names file, line and key', () => {
  const cases: [what: string, message: RegExp, content: string | Buffer, beside?: Files][] = [
    ['an unknown key', /^job\.yml:4:1: unknown key "colour"/, `${job}colour: red\n`],
    ['a key in a map that has no such key', /^job\.yml:4:13: unknown key "shm" in resources/, `${job}resources: {shm: 1g}\n`],
    ['a misspelt key', /^job\.yml:4:1: unknown key "enviroment_variables"/, `${job}enviroment_variables: {A: b}\n`],
    ['a list where text is meant', /^job\.yml:1:10: command must be /, job.replace('python train.py', '[a, b]')],
    ['text where a number is meant', /^job\.yml:4:29: resources\.instance_count must be /, `${job}resources: {instance_count: two}\n`],
    ['a value that an enumeration does not have', /^job\.yml:4:21: outputs\.a\.mode is "rw"/, `${job}outputs: {a: {mode: "rw"}}\n`],
    ['a reference without a name', /^job\.yml:2:14: environment/, job.replace('azureml:sklearn:1', '"azureml:"')],
    ['an input that an expression names but the job does not have', /^job\.yml:1:10: .*inputs\.nope/, job.replace('train.py', '${{inputs.nope}}')],
    ['an expression that does not end', /^job\.yml:1:10: the expression \$\{\{inputs\.x --y has no end/, job.replace('train.py', '${{inputs.x --y')],
    ['nodes that wait for each other', /^job\.yml:5:57: the nodes wait for each other in a circle: a → b → a/, `${pipeline}  a: {type: command, component: file:c.yml, inputs: {x: "\${{parent.jobs.b.outputs.out}}"}}\n  b: {type: command, component: file:c.yml, inputs: {x: "\${{parent.jobs.a.outputs.out}}"}}\n`, { 'c.yml': component }],
    ['a node that does not exist', /^job\.yml:4:\d+: .*nobody/, `${pipeline}  a: {type: command, component: file:c.yml, inputs: {x: "\${{parent.jobs.nobody.outputs.out}}"}}\n`, { 'c.yml': component }],
    ['a component that includes itself', /^c\.yml:2:23: c\.yml includes itself/, `${pipeline}  a: {type: pipeline, component: file:c.yml}\n`, { 'c.yml': 'type: pipeline\njobs: {a: {component: file:c.yml, type: pipeline}}\n' }],
    ['no file where one is named', /^job\.yml:4:33: there is no file none\.yml, which jobs\.a\.component names/, `${pipeline}  a: {type: command, component: file:none.yml}\n`],
    ['a folder where a file is meant', /^job\.yml:5:\d+: environment\.conda_file: src is a folder, where a file is meant/, `command: a\ncompute: azureml:c\nenvironment:\n  image: a/b\n  conda_file: src\n`, { 'src/a.py': '' }],
    ['a file where a folder is meant', /^job\.yml:4:\d+: .*key\.csv is a file, but the input's type is uri_folder/, `${job}inputs: {d: {type: uri_folder, path: key.csv}}\n`, { 'key.csv': 'a' }],
    ['a file for a build context', /^job\.yml:3:29: environment\.build\.path: Dockerfile is a file, where a folder is meant/, 'command: a\ncompute: azureml:c\nenvironment: {build: {path: Dockerfile}}\n', { Dockerfile: 'FROM a' }],
    ['a path through a file', /^job\.yml:4:7: code: .*key\.csv\/src does not exist/, `${job}code: key.csv/src\n`, { 'key.csv': 'a' }],
    ['a path that no file system has', /^job\.yml:4:7: code: .* does not exist/, `${job}code: "a\\0b"\n`],
    ['a data path that no file system has', /^job\.yml:4:36: inputs\.d\.path: .* does not exist/, `${job}inputs: {d: {type: uri_file, path: ${'x'.repeat(5000)}}}\n`],
    ['conda packages that are no map', /^conda\.yml:1:1: a conda file is a map/, `command: a\ncompute: azureml:c\nenvironment: {image: a/b, conda_file: conda.yml}\n`, { 'conda.yml': '- python\n' }],
    ['a conda list written inline', /^job\.yml:3:\d+: environment\.conda_file must be /, `command: a\ncompute: azureml:c\nenvironment: {image: a/b, conda_file: [python]}\n`],
    ['an empty file', /^job\.yml:1:1: the file is empty/, ''],
    ['a file that holds nothing but a marker', /^job\.yml:1:1: the file is empty/, '---\n'],
    ['an empty file that another one names', /^job\.yml:3:\d+: environment\.conda_file: conda\.yml is empty/, `command: a\ncompute: azureml:c\nenvironment: {image: a/b, conda_file: conda.yml}\n`, { 'conda.yml': '' }],
    ['a list at the top', /^job\.yml:1:1: the document must be a map/, '- a\n- b\n'],
    ['a text at the top', /^job\.yml:1:1: the document must be a map/, 'hello\n'],
    ['two documents', /^job\.yml:4:1: a second document begins here/, `${job}---\ntype: command\n`],
    ['a tab for an indent', /^job\.yml:5:1: Tabs are not allowed/, `${job}resources:\n\tinstance_count: 1\n`],
    ['a key twice', /^job\.yml:4:1: Map keys must be unique; "command" is there twice/, `${job}command: other\n`],
    ['a binary file', /^job\.yml:1:1: the file is not text in UTF-8/, Buffer.from('89504e470d0a1a0a0000000d', 'hex')],
    ['a control character', /^job\.yml:3:10: the character U\+0000 may not stand in YAML/, job.replace('azureml:cpu', '\0')],
    ['a Python object', /^job\.yml:1:10: Unresolved tag: .*os\.system/, 'command: !!python/object/apply:os.system [ls]\n'],
    ['an alias of nothing', /^job\.yml:1:10: \*base stands for nothing/, 'command: *base\n'],
    ['a merge with what is no map', /^job\.yml:4:\d+: << takes in a map/, `${job}resources: {<<: 3}\n`],
    ['code that is a link to nothing', /^job\.yml:4:7: code: link is a link that leads nowhere, to src\.$/, `${job}code: link\n`],
    ['data that is a link to nothing', /^job\.yml:4:36: inputs\.d\.path: link is a link that leads nowhere, to src\.$/, `${job}inputs: {d: {type: uri_file, path: link}}\n`],
    ['code with a link out of the project', /^job\.yml:4:7: code: src\/b is a link that leads out of .*, to \/etc\.$/, `${job}code: src\n`, { 'src/a.py': '' }],
    ['a component\'s code with such a link', /^job\.yml:4:\d+: jobs\.a\.code: src\/b is a link that leads out of .*, to \/etc\.$/, `${pipeline}  a: {type: command, code: src, command: a, environment: azureml:e:1}\n`, { 'src/a.py': '' }],
    ['an include with such a link', /^c\.yml:2:23: additional_includes\[0\]: src\/b is a link that leads out of .*, to \/etc\.$/, `${pipeline}  a: {type: command, component: file:c.yml}\n`, { 'src/a.py': '', 'c.yml': 'type: command\nadditional_includes: [src]\ncommand: a\nenvironment: azureml:e:1\n' }],
  ]; // prettier-ignore
  for (const [what, message, content, beside = {}] of cases) {
    it(what, async () => {
      const folder = repository({ 'job.yml': content, ...beside });
      if (what.endsWith('to nothing')) symlinkSync('src', path.join(folder, 'link'));
      else if (what.includes('link')) symlinkSync('/etc', path.join(folder, 'src/b'));
      const error = await refusal(read(folder), folder);
      assert.match(error.message, message);
      assert.ok(error.advice === undefined || error.advice.length < 2_000, error.advice);
    });
  }

  it('a misspelt key comes with the key that is meant', async () => {
    const folder = repository({ 'job.yml': `${job}experiment_nam: a\n` });
    assert.match((await refusal(read(folder), folder)).advice ?? '', /Did you mean "experiment_name"/);
  });

  it('more mistakes than anybody reads are counted', async () => {
    const keys = Array.from({ length: 200 }, (_, index) => `colour${index}: red\n`);
    const folder = repository({ 'job.yml': job + keys.join('') });
    await assert.rejects(read(folder), (error: Problems) => {
      assert.equal(error.message.split('\n').length, 51);
      return /and 150 more$/.test(error.message) && error.all.length === 200;
    });
  });

  const changes: [string, RegExp][] = [
    ['nonsense', /^Input "set": "nonsense" is not of the form path=value/],
    ['=', /is not of the form/],
    ['comand=a', /job\.yml has no comand/],
    ['command.x=1', /job\.yml has no command\.x/],
    [`${'a.'.repeat(10_000)}b=1`, /has more than 100 parts/],
    [
      'resources.instance_count=two',
      /^job\.yml:\d+:\d+: set resources\.instance_count=two: resources\.instance_count must be/,
    ],
    ['__proto__.polluted=1', /unknown key "__proto__"/],
  ];
  for (const [line, message] of changes) {
    it(`the change ${line.slice(0, 40)}`, async () => {
      const folder = repository({ 'job.yml': job });
      assert.match((await refusal(read(folder, [line]), folder)).message, message);
      assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
    });
  }
});

describe('a file that was made to exhaust the agent is refused within seconds', function () {
  this.timeout(20_000);
  const many = (count: number, line: (index: number) => string): string => Array.from({ length: count }, (_, index) => line(index)).join('\n'); // prettier-ignore
  const bombs: [what: string, message: RegExp, content: string][] = [
    ['10,000 brackets', /^job\.yml:1:\d+: the file is nested too deeply/, '['.repeat(10_000)],
    ['a megabyte of brackets', /^job\.yml:1:\d+: the file is nested too deeply/, '['.repeat(1_000_000)],
    ['10,000 lists in each other', /^job\.yml:1:\d+: the file is nested too deeply/, '- '.repeat(10_000)],
    ['1,400 maps in each other', /^job\.yml:102:\d+: the file is nested too deeply/, many(1_400, (index) => `${' '.repeat(index)}a:`)],
    ['a megabyte of closing brackets', /^job\.yml:1:\d+: the file has more than 250000/, ']'.repeat(1_000_000)],
    ['a megabyte of merges', /^job\.yml:1\d:\d+: with \*b aliases stand for more than/, `base: &b {${many(20_000, (index) => `k${index}: 0`).replaceAll('\n', ', ')}}\n${many(100, (index) => `m${index}: {<<: *b}`)}`],
    ['aliases of aliases', /^job\.yml:[5-9]:\d+: with \*\w aliases stand for more than/, `a: &a [${'x,'.repeat(9)}]\n${Array.from('bcdefgh', (key, index) => `${key}: &${key} [${Array(9).fill(`*${'abcdefgh'[index] ?? ''}`).join(',')}]`).join('\n')}`],
    ['an alias within itself', /^job\.yml:1:8: \*a contains itself/, 'a: &a [*a]\n'],
    ['aliases that nest', /^job\.yml:\d+:\d+: \*a\d+ nests more than 100 levels/, `a0: &a0 [x]\n${many(20_000, (index) => `a${index + 1}: &a${index + 1} [*a${index}]`)}`],
    ['unfinished quotes', /^job\.yml:\d+:\d+: Missing closing "quote/, `a: "${'\n"'.repeat(5_000)}`],
  ]; // prettier-ignore
  for (const [what, message, content] of bombs) {
    it(what, async () => {
      const folder = repository({ 'job.yml': content });
      assert.match((await refusal(read(folder), folder)).message, what === 'a megabyte of merges' ? /aliases stand for more than/ : message);
      rmSync(folder, { recursive: true });
    }); // prettier-ignore
  }

  it('100 MB', async () => {
    const folder = repository({ 'job.yml': job });
    truncateSync(path.join(folder, 'job.yml'), 100 * 1024 * 1024);
    assert.match(
      (await refusal(read(folder), folder)).message,
      /^job\.yml:1:1: the file has 104857600 bytes; it may have 1048576/,
    );
  });

  it('10,000 anchors, each used once, are read', async () => {
    const tags = many(10_000, (index) => `  a${index}: &a${index} v\n  b${index}: *a${index}`);
    const { values } = await read(repository({ 'job.yml': `${job}tags:\n${tags}\n` }));
    assert.equal(Object.keys((values as { tags: object }).tags).length, 20_000);
  });

  it('files that name ten files each, ten levels down', async () => {
    const files: Record<string, string> = {};
    const nodes = (file: string): string => many(10, (index) => `  n${index}: {component: file:${file}}`);
    for (let level = 0; level < 10; level++) files[`c${level}.yml`] = `${pipeline}${nodes(`c${level + 1}.yml`)}\n`;
    const folder = repository({ ...files, 'c10.yml': component, 'job.yml': `${pipeline}${nodes('c0.yml')}\n` });
    await assert.rejects(read(folder), (error: TaskError) =>
      /component: .* is one too many: 20\d\d files/.test(error.message),
    );
  });

  it('a folder of more files than fit, named with its place', () => {
    const folder = repository({ 'src/a.py': '', 'src/b.py': '', 'src/c.py': '' });
    assert.throws(
      () => listAsset(path.join(folder, 'src'), 'job.yml:4:7: code', { most: 2 }),
      /^TaskError: job\.yml:4:7: code: .*src holds more than 2 files/,
    );
  });
});

describe('what lies outside the project', () => {
  const data = (file: string): string => `${job}inputs: {d: {type: uri_file, path: ${file}}}\n`;
  const outside: [what: string, place: string, content: string, beside?: Files][] = [
    ['data', 'job.yml:4:36: inputs.d.path', data('../secret/key.txt')],
    ['data by an absolute path', 'job.yml:4:36: inputs.d.path', data('/etc/hostname')],
    ['data by file:', 'job.yml:4:36: inputs.d.path', data('file:../secret/key.txt')],
    ['code', 'job.yml:4:7: code', `${job}code: ../secret\n`],
    ['a conda file', 'job.yml:3:39: environment.conda_file', 'command: a\ncompute: azureml:c\nenvironment: {image: a/b, conda_file: ../secret/key.txt}\n'],
    ['a build context', 'job.yml:3:29: environment.build.path', 'command: a\ncompute: azureml:c\nenvironment: {build: {path: ../secret}}\n'],
    ['a component', 'job.yml:4:33: jobs.a.component', `${pipeline}  a: {type: command, component: file:../secret/key.txt}\n`],
    ['the code of a component in a folder below', 'sub/c.yml:2:7: code', `${pipeline}  a: {type: command, component: file:sub/c.yml}\n`, { 'sub/c.yml': 'type: command\ncode: ../../secret\ncommand: a\nenvironment: azureml:e:1\n' }],
    ['what a component includes', 'c.yml:2:24: additional_includes[0]', `${pipeline}  a: {type: command, component: file:c.yml}\n`, { 'c.yml': 'type: command\nadditional_includes: [ ../secret]\ncommand: a\nenvironment: azureml:e:1\n' }],
    ['data behind a link to a folder', 'job.yml:4:36: inputs.d.path', data('out/key.txt')],
    ['data that is a link', 'job.yml:4:36: inputs.d.path', data('key')],
    ['a conda file that is a link', 'job.yml:3:39: environment.conda_file', 'command: a\ncompute: azureml:c\nenvironment: {image: a/b, conda_file: key}\n'],
  ]; // prettier-ignore
  for (const [what, place, content, beside = {}] of outside) {
    it(`is not taken: ${what}`, async () => {
      const folder = repository({ 'job.yml': content, ...beside });
      symlinkSync(path.join(folder, '../secret'), path.join(folder, 'out'));
      symlinkSync(path.join(folder, '../secret/key.txt'), path.join(folder, 'key'));
      const { message } = await refusal(read(folder), folder);
      assert.ok(message.startsWith(`${place}: `), message);
      assert.match(message, / (?:is outside|is a link, or below one, that leads out of) the project folder /);
    });
  }

  it('is not taken: the file itself when it is a link', async () => {
    const folder = repository({});
    writeFileSync(path.join(folder, '../job.yml'), job);
    symlinkSync(path.join(folder, '../job.yml'), path.join(folder, 'job.yml'));
    const { message } = await refusal(read(folder), folder);
    assert.match(message, /^job\.yml:1:1: the file is a link, or below one, that leads out of the project folder /);
  });

  it('is taken when the whole checkout is the project', async () => {
    const folder = repository({ 'job.yml': data('../secret/key.txt') });
    await read(folder, [], path.dirname(folder));
  });

  it('is not limited where there is no project', async () => {
    const folder = repository({ 'job.yml': data('../secret/key.txt') });
    rmSync(path.join(folder, '.git'), { recursive: true });
    await read(folder);
  });
});

describe('files that the agent may not read', () => {
  /** Root may read everything: then the check is made as another user. */
  function withoutRights<T>(work: () => T): T {
    if (process.geteuid?.() !== 0) return work();
    process.seteuid?.(65_534);
    try {
      return work();
    } finally {
      process.seteuid?.(0);
    }
  }

  it('a folder is told with the place that names it', () => {
    const folder = repository({ 'src/deep/a.py': '' });
    chmodSync(path.dirname(folder), 0o755);
    chmodSync(path.join(folder, 'src/deep'), 0o000);
    assert.throws(
      () => withoutRights(() => listAsset(path.join(folder, 'src'), 'job.yml:4:7: code')),
      /^TaskError: job\.yml:4:7: code: .*src cannot be listed: EACCES/,
    );
  });
});

describe('what was registered before a failure', () => {
  const text = `type: pipeline
settings: {default_compute: azureml:cpu}
jobs:
  a: {type: command, component: file:c.yml, inputs: {x: 1}}
  b: {type: command, component: file:d.yml, inputs: {x: 1, data: {type: uri_file, path: data.csv}}}
`;
  const parts = {
    'c.yml': `${component}code: src\n`,
    'd.yml': `${component.replace('number}', 'number}, data: {type: uri_file}')}code: src\n`,
    'src/a.py': 'a',
    'data.csv': 'a,b\n',
  };

  async function failing(arrange: (fake: FakeAzure, folder: string) => void): Promise<TaskError> {
    const folder = repository({ 'job.yml': text, ...parts });
    const agent = new FakeAgent();
    const fake = new FakeAzure(agent);
    new FakeAssets(fake);
    arrange(fake, folder);
    return refusal(send(await read(folder), azureRemote(fake.azure, agent), 'a-job'), folder);
  }

  const before =
    /^Done before that: .*files of code src; code [0-9a-f-]+, version 1; component azureml_anonymous, version /m;

  it('is named when the second component is refused', async () => {
    let components = 0;
    const { message, advice } = await failing((fake) =>
      fake.on('PUT', '{ws}/components/.*', () =>
        ++components > 1 ? armFault(400, 'InvalidComponent', 'no') : undefined,
      ),
    );
    assert.match(message, /components\/azureml_anonymous\/versions\/.* answered 400/);
    assert.match(advice ?? '', before);
    assert.doesNotMatch(advice ?? '', /component.*component/);
  });

  it('is named when Azure asks to slow down for too long', async () => {
    const { advice } = await failing((fake) =>
      fake.on('PUT', '{ws}/jobs/.*', () => armFault(429, 'TooManyRequests', 'slow down')),
    );
    assert.match(advice ?? '', /^Azure asks to slow down/);
    assert.match(advice ?? '', before);
  });

  it('is named with datastore, role and place when data may not be put', async () => {
    const { message, advice } = await failing((fake) =>
      fake.on('PUT', '/blobstore/.*', () => ({ status: 403, body: '<Error/>', headers: {} })),
    );
    assert.match(message, /^job\.yml:5:\d+: jobs\.b\.inputs\.data\.path: PUT https:.* answered 403/);
    assert.match(
      advice ?? '',
      /Storage Blob Data Contributor on the container of https:.* of datastore workspaceblobstore/,
    );
    assert.match(advice ?? '', /files of input data data\.csv, not all/);
  });

  it('is named when a file changes while it is uploaded, and the upload is not marked as complete', async () => {
    let isMarked = false;
    const { message, advice } = await failing((fake, folder) => {
      fake.on('HEAD', '/blobstore/.*', () => {
        appendFileSync(path.join(folder, 'data.csv'), 'more\n');
        return { status: 404 };
      });
      fake.on('PUT', '/blobstore/.*', () => {
        isMarked = true;
        return { status: 201 };
      });
    });
    assert.match(
      message,
      /^job\.yml:5:\d+: jobs\.b\.inputs\.data\.path: data\.csv changed while it was read or uploaded/,
    );
    assert.match(advice ?? '', /^Done before that: /m);
    assert.equal(isMarked, false);
  });

  it('is named when a file changes between the blocks that it is sent in: they never become a blob', async () => {
    let blocks = 0;
    const { message } = await failing((fake, folder) => {
      writeFileSync(path.join(folder, 'data.csv'), Buffer.alloc(9 * 1024 * 1024));
      fake.on('PUT', '/blobstore/.*', ({ query }) => {
        assert.equal(query['comp'], 'block');
        if (++blocks === 1) utimesSync(path.join(folder, 'data.csv'), 1, 1);
        return { status: 201 };
      });
    });
    assert.match(message, /data\.csv changed while it was read or uploaded/);
    assert.equal(blocks, 2);
  });

  it('is nothing when the datastore is unknown before anything is sent', async () => {
    const folder = repository({
      'job.yml': `${job}inputs: {d: {type: uri_file, path: a.csv, datastore: nowhere}}\n`,
      'a.csv': '',
    });
    const agent = new FakeAgent();
    const fake = new FakeAzure(agent).on('GET', '{ws}/datastores/nowhere', () => armFault(404, 'NotFound', 'none'));
    const { message, advice } = await refusal(send(await read(folder), azureRemote(fake.azure, agent), 'a'), folder);
    assert.match(message, /The workspace has no datastore nowhere/);
    assert.doesNotMatch(advice ?? '', /Done before/);
    assert.equal(fake.seen.filter(({ method }) => method !== 'GET').length, 0);
  });
});
