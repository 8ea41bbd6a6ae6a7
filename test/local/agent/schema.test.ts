import Ajv from 'ajv';
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';

import { checkPipeline, mergeTasksIntoSchema } from '../../../local/agent';

const root = path.join(__dirname, '..', '..', '..');
const schemaFile = path.join(root, '..', 'shared', 'contracts', 'azure-devops', 'azure-pipelines-yaml-schema.json');
const probe = path.join(__dirname, 'fixtures', 'tasks', 'Probe', 'task.json');

function json(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8')) as unknown;
}

/** Every task.json of the project, and every pipeline of its examples. */
const taskFiles = foldersOf('tasks')
  .map((folder) => path.join(folder, 'task.json'))
  .filter((file) => existsSync(file));
const samples = foldersOf('examples').flatMap((folder) =>
  readdirSync(folder).flatMap((name) => (/^azure-pipelines.*\.ya?ml$/.test(name) ? [path.join(folder, name)] : [])),
);

function foldersOf(name: string): string[] {
  return readdirSync(path.join(root, name), { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [path.join(root, name, entry.name)] : [],
  );
}

describe('official pipeline schema with our tasks merged in', () => {
  let validate: (yaml: string) => string[];

  before(function () {
    // Without the contracts folder beside the repository there is no official schema to hold anything against.
    if (!existsSync(schemaFile)) this.skip();
    const schema = mergeTasksIntoSchema(json(schemaFile), [probe, ...taskFiles].map(json));
    // Scalars of a pipeline have no type of their own: 120 is a text where a text is wanted.
    const ajv = new Ajv({
      strict: false,
      coerceTypes: true,
      validateFormats: false,
      logger: false,
      unicodeRegExp: false,
    });
    const compiled = ajv.compile(schema);
    validate = (yaml) =>
      compiled(parse(yaml))
        ? []
        : (compiled.errors ?? []).map((error) => `${error.instancePath} ${error.message ?? ''}`);
  });

  const step = (text: string): string => `steps:\n- task: Probe@0\n${text}`;

  it('accepts a task of ours with its inputs', () => {
    assert.deepEqual(validate(step('  name: x\n  inputs: { print: hello, path: a.txt }\n')), []);
  });

  it('refuses an unknown input, an unknown task and an unknown key', () => {
    assert.notDeepEqual(validate(step('  inputs: { prnt: hello }\n')), []);
    assert.notDeepEqual(validate('steps:\n- task: NoSuchTaskOfOurs@0\n'), []);
    assert.notDeepEqual(validate('stages:\n- stage: A\n  dependOn: B\n  jobs: []\n'), []);
  });

  for (const sample of samples) {
    const name = path.relative(root, sample);
    it(`accepts ${name}`, () => {
      assert.deepEqual(validate(readFileSync(sample, 'utf8')), []);
    });
  }
});

describe('sample pipelines', () => {
  for (const sample of samples) {
    it(`${path.relative(root, sample)} is one that the local agent runs`, async () => {
      const check = await checkPipeline({ yamlFile: path.basename(sample), repositoryRoot: path.dirname(sample) });
      assert.ok(check.plan.stages.length > 0);
    });
  }
});
