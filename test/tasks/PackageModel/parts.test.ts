import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import fc from 'fast-check';
import { extract } from 'tar-stream';
import type { Azure } from '../../../lib/azure/azure';
import { createContext, dockerfile, writeArchive, type ImageContent } from '../../../tasks/PackageModel/context';
import { filesDigest } from '../../../tasks/PackageModel/digest';
import { baseName, readLocation } from '../../../tasks/PackageModel/location';
import { BuildLog, wholeCharacters } from '../../../tasks/PackageModel/log';
import { readCondaFile } from '../../../tasks/PackageModel/requirements';
import { FakeAgent } from '../../support/fake-agent';

const folder = mkdtempSync(path.join(tmpdir(), 'package-parts-'));

function write(name: string, content: string): string {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}

/** A line of `sha256sum`, which macOS calls `shasum -a 256`. */
function sha256sum(name: string, cwd: string): string {
  const [program, ...options] = process.platform === 'darwin' ? ['shasum', '-a', '256'] : ['sha256sum'];
  return execFileSync(program, [...options, name], { cwd, encoding: 'utf8' });
}

function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

describe('where the files of a model lie', () => {
  const cases: [string, unknown][] = [
    ['azureml://jobs/j1/outputs/artifacts/paths/model/', { kind: 'artifacts', run: 'j1', path: 'model' }],
    ['runs:/j1/model', { kind: 'artifacts', run: 'j1', path: 'model' }],
    ['azureml://jobs/j1/outputs/model_dir/paths/a/b', { kind: 'output', job: 'j1', output: 'model_dir', path: 'a/b' }],
    ['azureml://jobs/j1/outputs/model_dir', { kind: 'output', job: 'j1', output: 'model_dir', path: '' }],
    ['azureml://datastores/store/paths/a/b/', { kind: 'datastore', datastore: 'store', path: 'a/b' }],
    [
      'azureml://subscriptions/s/resourceGroups/g/workspaces/WS/datastores/workspaceartifactstore/paths/ExperimentRun/dcid.j1/model',
      { kind: 'artifacts', run: 'j1', path: 'model' },
    ],
    ['https://a.blob.core.windows.net/c/m/?sv=1', { kind: 'blob', url: 'https://a.blob.core.windows.net/c/m' }],
  ];
  for (const [uri, expected] of cases) {
    it(`is read from ${uri}`, () => assert.deepEqual(readLocation(uri, 'ws'), expected));
  }

  it('is refused for another workspace and for unknown forms', () => {
    const other = 'azureml://subscriptions/s/resourceGroups/g/workspaces/other/datastores/store/paths/a';
    assert.throws(() => readLocation(other, 'ws'), /lie in the workspace other/);
    for (const uri of ['file:///etc/passwd', 'http://host/x', 'azureml:model:1', ''])
      assert.throws(() => readLocation(uri, 'ws'), /a form of address that cannot be packaged/);
  });

  it("gives the folder's name", () => {
    assert.equal(baseName({ kind: 'artifacts', run: 'r', path: 'a/model' }), 'model');
    assert.equal(baseName({ kind: 'output', job: 'j', output: 'best', path: '' }), 'best');
    assert.equal(baseName({ kind: 'artifacts', run: 'r', path: '' }), 'model');
    assert.equal(baseName({ kind: 'blob', url: 'https://a/c/my%20model' }), 'my model');
  });
});

describe('the conda file of an image', () => {
  it('chooses the base image by Python and becomes requirements, with the server', async () => {
    const file = write(
      'a.yml',
      'name: x\nchannels: [conda-forge]\ndependencies:\n- python=3.11.9\n- pip<24\n- pip:\n  - pandas>=2\n  - git+https://h/r@v1\n',
    );
    assert.deepEqual(await readCondaFile(file), {
      baseImage: 'mcr.microsoft.com/azureml/minimal-py311-inference:latest',
      requirements: ['pandas>=2', 'git+https://h/r@v1', 'azureml-inference-server-http>=1.5.1'],
    });
  });

  it('takes the newest Python that the file allows', async () => {
    const cases = {
      '': '312',
      '>=3.8': '312',
      '<3.12': '311',
      '!=3.12': '311',
      '>=3.10,<3.12': '311',
      '==3.11.*': '311',
      ' 3.12.4': '312',
    };
    for (const [constraint, image] of Object.entries(cases)) {
      const file = write('p.yml', `dependencies:\n- "python${constraint}"\n`);
      assert.match((await readCondaFile(file)).baseImage, new RegExp(`py${image}-`), constraint);
    }
  });

  it('keeps the server that it names', async () => {
    const file = write('b.yml', 'dependencies: [{pip: [Azureml_Inference.server-http==1.5.2]}]');
    assert.deepEqual((await readCondaFile(file)).requirements, ['Azureml_Inference.server-http==1.5.2']);
  });

  const refused: [string, RegExp][] = [
    ['dependencies: [numpy=1.26]', /the conda package "numpy=1\.26" cannot be installed with pip/],
    ['dependencies:\n- python>=3.13', /python >=3\.13 has no base image/],
    ['dependencies:\n- pip:\n  - --index-url https://token@index/simple', /password or token/],
    ['dependencies:\n- pip:\n  - -rrequirements.txt', /refers to a file/],
    ['dependencies:\n- python=3.11\nvariables:\n  A: b', /environment variables are not taken/],
    ['dependencies:\n- python=3.9', /python 3\.9 has no base image/],
    ['dependencies:\n- pip:\n  - -r other.txt', /:3:5: "-r other\.txt" refers to a file/],
    ['dependencies:\n- pip: [./local]', /refers to a file/],
    ['dependencies:\n- pip: ["--index-url https://user:secret@host/simple"]', /carries a password/],
    ['dependencies:\n- {pip: [a], conda: [b]}', /unknown key "conda"/],
    ['packages: []', /unknown key "packages"/],
  ];
  for (const [content, message] of refused) {
    it(`is refused when it is ${JSON.stringify(content)}`, async () => {
      await assert.rejects(readCondaFile(write('c.yml', content)), message);
    });
  }
});

describe('the digest of files', () => {
  it('is what sha256sum prints over its own lines', () => {
    const names = ['b', 'a/x', 'a.b', 'é', 'Z'];
    for (const name of names) write(`digest/${name}`, name);
    const lines = names
      .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      .map((name) => sha256sum(name, path.join(folder, 'digest')));
    const files = names.map((name) => ({ path: name, sha256: sha256(name) }));
    assert.equal(filesDigest(files), sha256(lines.join('')));
    assert.equal(filesDigest([...files].reverse()), sha256(lines.join('')));
  });
});

function content(): ImageContent {
  write('code/score.py', 'def init(): pass');
  write('code/sub/é.py', 'x');
  const model = write('model/MLmodel', 'flavors: {}');
  return {
    model: {
      name: 'churn',
      version: '7',
      folder: 'model',
      digest: 'sha256:x',
      files: [{ path: 'MLmodel', file: model, size: 11, sha256: sha256('flavors: {}') }],
    },
    codeDirectory: path.join(folder, 'code'),
    scoringScript: 'score.py',
    python: { baseImage: 'mcr.microsoft.com/azureml/minimal-py311-inference:latest', requirements: ['a', 'b'] },
  };
}

describe('the build context', () => {
  it('has what links in the code stand for, unless they lead out of the repository', async () => {
    write('.git/HEAD', '');
    write('shared/help.py', 'h');
    const made = content();
    const links = ['../shared', '../..'].map((target, index) => {
      const link = path.join(made.codeDirectory, `link${index}`);
      symlinkSync(target, link);
      return link;
    });
    await assert.rejects(createContext(made), /^TaskError: codeDirectory: .*link1 is a link that leads out of /);
    rmSync(links[1] ?? '');
    const { entries } = await createContext(made);
    rmSync(links[0] ?? '');
    assert.equal(entries.find((entry) => entry.path === 'code/link0/help.py')?.sha256, sha256('h'));
  });

  it('has a Dockerfile that puts the model where a managed endpoint has it', () => {
    assert.equal(
      dockerfile(content()),
      [
        'FROM mcr.microsoft.com/azureml/minimal-py311-inference:latest',
        'ENV AZUREML_MODEL_DIR=/var/azureml-app/azureml-models/churn/7',
        'ENV PYTHONUNBUFFERED=1',
        'WORKDIR /var/azureml-app',
        'COPY requirements.txt /var/azureml-app/requirements.txt',
        'RUN pip install --no-cache-dir -r /var/azureml-app/requirements.txt',
        'COPY model /var/azureml-app/azureml-models/churn/7/model',
        'COPY code /var/azureml-app/code',
        'WORKDIR /var/azureml-app/code',
        'EXPOSE 5001',
        'CMD ["azmlinfsrv","--entry_script","score.py","--port","5001"]',
        '',
      ].join('\n'),
    );
  });

  it('is the same bytes for the same content, whenever and wherever it is written', async () => {
    const first = path.join(folder, 'one.tar.gz');
    const second = path.join(folder, 'two.tar.gz');
    const context = await createContext(content());
    assert.equal(await writeArchive(context, first), readFileSync(first).length);
    const again = await createContext(content()); // writes the files anew, with new times
    await writeArchive(again, second);
    assert.equal(again.digest, context.digest);
    assert.equal(sha256(readFileSync(first)), sha256(readFileSync(second)));
  });

  it('holds every file, readable, without owner and time', async () => {
    const file = path.join(folder, 'three.tar.gz');
    await writeArchive(await createContext(content()), file);
    const found: [string, string][] = [];
    const reading = extract();
    reading.on('entry', (header, stream, next) => {
      assert.deepEqual([header.mode, header.uid, header.gid, header.mtime.getTime()], [0o644, 0, 0, 0]);
      const chunks: Buffer[] = [];
      stream.on('data', (chunk) => chunks.push(chunk as Buffer));
      stream.on('end', () => {
        found.push([header.name, Buffer.concat(chunks).toString()]);
        next();
      });
    });
    await new Promise<void>((resolve, reject) => {
      Readable.from([readFileSync(file)])
        .pipe(createGunzip())
        .pipe(reading)
        .on('finish', resolve)
        .on('error', reject);
    });
    assert.deepEqual(
      found.map(([name]) => name),
      ['Dockerfile', 'code/score.py', 'code/sub/é.py', 'model/MLmodel', 'requirements.txt'],
    );
    assert.equal(found[4]?.[1], 'a\nb\n');
    // And an independent reader agrees.
    const listed = execFileSync('tar', ['-tzf', file], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C.UTF-8' },
    });
    assert.deepEqual(
      listed.trim().split('\n'),
      found.map(([name]) => name),
    );
  });

  it('has another digest when code, model, packages or place change', async () => {
    const base = (await createContext(content())).digest;
    const others = [
      { ...content(), python: { ...content().python, requirements: ['a'] } },
      { ...content(), scoringScript: 'sub/é.py' },
      { ...content(), model: { ...content().model, version: '8' } },
    ];
    for (const other of others) assert.notEqual((await createContext(other)).digest, base);
  });
});

describe('the log of a build', () => {
  it('comes out whole, however the blob grows', async () => {
    const characters = fc.constantFrom('a', 'é', '€', '😀', '\n', '\r\n', ' ');
    await fc.assert(
      fc.asyncProperty(fc.array(characters), fc.array(fc.nat(9)), async (parts, cuts) => {
        const bytes = Buffer.from(parts.join(''));
        let size = 0;
        const agent = new FakeAgent();
        const azure = {
          arm: { post: () => Promise.resolve({ body: { logLink: 'https://blob/log?sig=secretsig' } }) },
          http: {
            send: ({ headers }: { headers: Record<string, string> }) => {
              const from = Number(/bytes=(\d+)-/.exec(headers['x-ms-range'] ?? '')?.[1]);
              const status = size === 0 ? 404 : from >= size ? 416 : 206;
              return Promise.resolve({ status, headers: {}, body: bytes.subarray(from, size) });
            },
          },
        } as unknown as Azure;
        const log = new BuildLog(azure, agent, '/run', 'v');
        for (const cut of [...cuts, bytes.length]) {
          size = Math.min(bytes.length, size + cut);
          await log.read();
        }
        log.finish();
        const expected = parts.join('').split(/\r?\n/);
        if (expected.at(-1) === '') expected.pop();
        assert.deepEqual(agent.lines, expected);
      }),
    );
  });

  it('never cuts a character', () => {
    const text = Buffer.from('a😀');
    assert.deepEqual(
      [1, 2, 3, 4, 5].map((end) => wholeCharacters(text.subarray(0, end))),
      [1, 1, 1, 1, 5],
    );
  });
});
