import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseDocument } from 'yaml';

/** What the documents tell people to type is true: every command is run by a test, every snippet fits its task. */
const root = path.resolve(__dirname, '..', '..');
const documents = ['README.md', 'CONTRIBUTING.md', ...markdown('docs'), ...markdown('examples')];

function markdown(folder: string): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => path.join(folder, file));
}

/** The code blocks of a language, with the document they stand in. */
function blocks(language: string): { file: string; text: string }[] {
  return documents.flatMap((file) => {
    const content = readFileSync(path.join(root, file), 'utf8');
    return [...content.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'gm'))].map(([, text = '']) => ({
      file,
      text,
    }));
  });
}

const commands = (document?: string): string[] =>
  blocks('sh')
    .filter(({ file }) => document === undefined || file === document)
    .flatMap(({ text }) =>
      text
        .split('\n')
        .map((line) => line.replace(/\s+#.*$/, '').trim())
        .filter((line) => line !== ''),
    );

/** Commands that another test or step runs; the rest is run here. */
const runElsewhere: Record<string, string> = {
  'npm ci && npm run demo': '.ci/run (step demo) and test/local/cli/demo.test.ts',
  'npm run demo -- --set alpha=2.0': 'test/local/cli/demo.test.ts',
  'npm ci && npm test': '.ci/run (step test)',
  'npm ci': '.ci/run (step test)',
  'npm test': '.ci/run (step test)',
  'npm run lint': '.ci/run',
  'npm run typecheck': '.ci/run',
  'npm run bench:start': '.ci/run',
  'npm run bench:hub': '.ci/run',
  'npm run bench:submit': 'a measurement: it fails by itself when a limit is broken',
  'npm run bench:translate': 'a measurement: it fails by itself when a limit is broken',
  'npm run screenshots': 'scripts/screenshots.ts drives the pages that test/e2e/hub tests; it writes images to look at',
  'npm run package': '.ci/run and test/scripts/package.test.ts',
  'npm ci && npm run build': '.ci/run',
  'npx mlops run examples/diabetes/azure-pipelines.yml':
    'test/local/cli/demo.test.ts runs the same file; test/local/cli/command-line.test.ts the command',
  'npx mlops approve --as ben': 'test/local/cli/command-line.test.ts',
  'npx mlops demo --open': 'test/local/cli/demo.test.ts',
  'npx mlops fill --versions 1000 --runs 10000 --state .mlops/history':
    'test/local/cli/command-line.test.ts, and npm run bench:hub at this size',
  'npx mlops translate pipeline.yml --set settings.default_compute=azureml:cpu-cluster':
    'test/local/cli/translator.test.ts, test/lib/assets/corpus.test.ts',
  'npx mlops validate pipeline.yml environment.yml': 'test/local/cli/translator.test.ts',
  'npx mlops up --state .mlops/history': 'test/local/cli/command-line.test.ts',
  'npx mlops down --state .mlops/history': 'test/local/cli/command-line.test.ts',
};

describe('documents', function () {
  this.timeout(120_000);
  let folder: string;

  before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'mlops-docs-'));
  });
  after(() => {
    mlops('down');
    rmSync(folder, { recursive: true, force: true });
  });

  const environment = (): NodeJS.ProcessEnv => ({ ...process.env, MLOPS_STATE: path.join(folder, '.mlops') });

  /** Types a line of a document into a shell, with `npx mlops` as the built command line. */
  function type(line: string): { status: number | null; output: string } {
    const script = line.replaceAll('npx mlops', `"${process.execPath}" "${path.join(root, 'build', 'mlops.js')}"`);
    const { status, stdout, stderr } = spawnSync('sh', ['-c', script], {
      cwd: root,
      encoding: 'utf8',
      env: environment(),
    });
    return { status, output: stdout + stderr };
  }

  const mlops = (...args: string[]) => type(`npx mlops ${args.join(' ')}`);

  it('give no command that nothing runs', () => {
    const known = [...Object.keys(runElsewhere), ...here.flat()];
    assert.deepEqual(
      commands().filter((command) => !known.includes(command)),
      [],
    );
  });

  const here = [
    ['npx mlops up', 'npx mlops status'],
    [
      'eval "$(npx mlops env)"',
      'curl --cacert "$SSL_CERT_FILE" "$ARM_ENDPOINT/metadata/endpoints?api-version=2022-09-01"',
    ],
    ['npx mlops down'],
    ['npx mlops validate examples/diabetes/job.yml', 'npx mlops translate examples/pipeline/pipeline.yml'],
    ['npx mocha test/lib/agent/run-service.test.ts'],
    // Prints digests only.
    commands('docs/evidence.md'),
  ];

  it('give commands that work as they stand', () => {
    for (const group of here) {
      const { status, output } = type(group.join(' && '));
      assert.equal(status, 0, `${group.join(' && ')}\n${output}`);
    }
  });

  it('name commands and options of the command line that exist', () => {
    const { status, output } = mlops('--help');
    assert.equal(status, 0);
    for (const name of ['demo', 'run', 'up', 'down', 'status', 'approve', 'reject', 'env', 'doctor'])
      assert.match(output, new RegExp(`\\b${name}\\b`));
  });

  it('show snippets that fit the tasks', () => {
    const snippets = [...blocks('yaml'), ...hubSnippets()];
    assert.ok(snippets.length >= 8);
    for (const { file, text } of snippets) {
      const document = parseDocument(text);
      assert.deepEqual(document.errors, [], file);
      const steps = document.toJS() as { task: string; inputs: Record<string, unknown> }[];
      for (const { task, inputs } of steps) {
        const [name = '', version] = task.split('@');
        const description = JSON.parse(readFileSync(path.join(root, 'tasks', name, 'task.json'), 'utf8')) as {
          version: { Major: number };
          inputs: { name: string; required?: boolean }[];
        };
        assert.equal(Number(version), description.version.Major, file);
        const declared = description.inputs.map((input) => input.name);
        assert.deepEqual(
          Object.keys(inputs).filter((input) => !declared.includes(input)),
          [],
          file,
        );
        const missing = description.inputs
          .filter((input) => input.required && !(input.name in inputs))
          .map((input) => input.name);
        assert.deepEqual(missing, [], file);
      }
    }
  });

  it('link to files that exist, and keep the README short', () => {
    for (const file of documents) {
      const content = readFileSync(path.join(root, file), 'utf8');
      for (const [, target = ''] of content.matchAll(/\]\((?!https?:|#)([^)#]+)\)/g)) {
        assert.doesNotThrow(
          () => readFileSyncOrFolder(path.join(root, path.dirname(file), target)),
          `${file} links to ${target}`,
        );
      }
    }
    const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
    const listing = readFileSync(path.join(root, 'docs', 'overview.md'), 'utf8');
    for (const picture of readdirSync(path.join(root, 'docs', 'images'))) {
      assert.ok(readme.includes(`docs/images/${picture}`), `README shows ${picture}`);
      assert.ok(listing.includes(`images/${picture}`), `the listing shows ${picture}`);
    }
    assert.ok(readme.split('\n').length < 150);
  });
});

/** The YAML that the hub's empty pages tell people to add. */
function hubSnippets(): { file: string; text: string }[] {
  return ['hub/pages/models/NoModels.tsx', 'hub/pages/deployments/index.tsx'].map((file) => {
    const text = /`(- task: [^`]+)`/.exec(readFileSync(path.join(root, file), 'utf8'))?.[1];
    assert.ok(text !== undefined, `${file} has no YAML any more`);
    return { file, text };
  });
}

function readFileSyncOrFolder(file: string): void {
  try {
    readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EISDIR') throw error;
  }
}
