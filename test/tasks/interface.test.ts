import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { documents } from '../../scripts/docs';
import recorded from './interface.json';

/** What task.json promises: checked against the agent's rules, the code that reads it, the docs, and what was promised before. */
const root = path.resolve(__dirname, '..', '..');
const names = [
  'DataSanityTest',
  'SubmitAmlTraining',
  'EvaluateAgainstProduction',
  'RegisterModel',
  'PackageModel',
  'DeployModel',
  'SmokeTest',
  'ProvisionWorkspace',
  'PublishTrainingPipeline',
];

interface Input {
  name: string;
  type: string;
  label: string;
  helpMarkDown?: string;
  groupName?: string;
  visibleRule?: string;
  options?: Record<string, string>;
  defaultValue?: string;
  required?: boolean;
}

interface Task {
  id: string;
  name: string;
  friendlyName: string;
  description: string;
  category: string;
  instanceNameFormat: string;
  minimumAgentVersion: string;
  groups?: { name: string }[];
  inputs: Input[];
  outputVariables: { name: string; description: string }[];
  restrictions: { settableVariables: { allowed: string[] } };
  execution: Record<string, { target: string }>;
}

const read = (name: string): Task =>
  JSON.parse(readFileSync(path.join(root, 'tasks', name, 'task.json'), 'utf8')) as Task;

/** All sources of a task, and of lib for what it reads there. */
function sources(folder: string): string {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(path.join(folder, file), 'utf8'))
    .join('\n');
}

function inputsReadBy(code: string): Set<string> {
  const calls = code.matchAll(
    /\b(?:[iI]nput|requiredInput|booleanInput|pathInput|required|optional|\w*Input\w*)\(\s*(?:agent,\s*)?'([A-Za-z]\w*)'/g,
  );
  return new Set([...calls].map(([, name]) => name ?? ''));
}

describe('interfaces of the tasks', () => {
  it('are those of the nine tasks, each with an id of its own', () => {
    const found = readdirSync(path.join(root, 'tasks'));
    assert.deepEqual(found.sort(), [...names].sort());
    assert.equal(new Set(names.map((name) => read(name).id)).size, names.length);
  });

  for (const name of names) {
    describe(name, () => {
      const task = read(name);

      it('keeps the rules of task.json', () => {
        assert.equal(task.name, name);
        assert.match(task.id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        assert.ok(task.friendlyName.length >= 1 && task.friendlyName.length <= 40, task.friendlyName);
        assert.ok(task.description.length > 20);
        assert.equal(task.category, 'Azure Pipelines');
        assert.equal(task.minimumAgentVersion, '3.232.1');
        assert.deepEqual(task.execution, { Node20_1: { target: 'index.js' }, Node24: { target: 'index.js' } });
        for (const [, input] of task.instanceNameFormat.matchAll(/\$\((\w+)\)/g)) {
          assert.ok(
            task.inputs.some((other) => other.name === input),
            `instanceNameFormat names ${input}`,
          );
        }
      });

      it('explains every input, in a group that exists, shown by a rule over earlier inputs', () => {
        const types = [
          'string',
          'boolean',
          'filePath',
          'multiLine',
          'pickList',
          'radio',
          'int',
          'connectedService:AzureRM',
        ];
        task.inputs.forEach((input, index) => {
          assert.match(input.name, /^[A-Za-z][A-Za-z0-9]*$/);
          assert.ok((input.helpMarkDown ?? '').length > 10, `${input.name} has no help`);
          assert.ok(types.includes(input.type), `${input.name} is of type ${input.type}`);
          if (input.groupName)
            assert.ok(
              task.groups?.some((group) => group.name === input.groupName),
              input.groupName,
            );
          const earlier = task.inputs.slice(0, index).map((other) => other.name);
          for (const [, other] of (input.visibleRule ?? '').matchAll(/(\w+)\s*(?:!=|==?)/g)) {
            assert.ok(earlier.includes(other ?? ''), `${input.name} is shown by a rule over ${other}`);
          }
          if (input.options && input.defaultValue) assert.ok(input.defaultValue in input.options, input.name);
        });
      });

      it('may set its outputs and nothing else', () => {
        const outputs = task.outputVariables.map((output) => output.name).sort();
        assert.deepEqual([...task.restrictions.settableVariables.allowed].sort(), outputs);
        assert.ok(task.outputVariables.every((output) => output.description.length > 5));
      });

      it('has the inputs and outputs that its code reads and writes', () => {
        const code = sources(path.join(root, 'tasks', name));
        const azure = code.includes('lib/azure/open') ? sources(path.join(root, 'lib', 'azure')) : '';
        const used = inputsReadBy(code + azure);
        const declared = task.inputs.map((input) => input.name);
        assert.deepEqual(
          declared.filter((input) => !used.has(input) && !(code + azure).includes(`'${input}'`)),
          [],
          'declared, never read',
        );
        const unknown = [...used].filter(
          (input) => code.includes(`equiredInput('${input}')`) && !declared.includes(input),
        );
        assert.deepEqual(unknown, [], 'read, not declared');
        for (const { name: output } of task.outputVariables) assert.match(code, new RegExp(`['.]${output}\\b`), output);
      });

      it('loses no input and no output that it once had', () => {
        const before = recorded[name as keyof typeof recorded];
        const now = {
          inputs: task.inputs.map((input) => input.name),
          outputs: task.outputVariables.map((output) => output.name),
        };
        assert.deepEqual(
          now,
          before,
          'test/tasks/interface.json lists what users rely on: add to it, never take from it',
        );
      });
    });
  }

  it('are documented as they are', async () => {
    for (const [file, text] of await documents()) {
      assert.equal(
        readFileSync(file, 'utf8'),
        text,
        `${path.relative(root, file)} is not up to date: run npm run docs`,
      );
    }
  });
});
