import assert from 'node:assert/strict';
import path from 'node:path';
import { commandComponent } from '../../../../lib/assets/kinds/command-component';
import { readTranslation } from '../../../../lib/assets/translate';
import { folderOf, registered, specOf } from './support';

const environment = 'environment: azureml://registries/azureml/environments/sklearn-1.5/labels/latest';
const head = `name: train\ntype: command\n${environment}\n`;

const full = `$schema: https://azuremlschemas.azureedge.net/latest/commandComponent.schema.json
name: train
version: 1
type: command
description: "Größe – 😀"
command: python -c "print(1)" --rate \${{inputs.rate}} $[[--way \${{inputs.way}}]] > \${{outputs.out}}
${environment}
inputs:
  rate: {type: number, default: 1e-3, min: 0, max: 10}
  rounds: {type: integer, default: "3.7", min: 1.0}
  flag: {type: boolean, default: false}
  label: {type: string, default: 3}
  way: {type: string, optional: yes, enum: [a, b]}
  data: {type: uri_folder, mode: ro_mount}
outputs:
  out: {type: uri_file}
  score: {type: number}
resources: {instance_count: "2", properties: {a: 1}}
distribution: {type: PyTorch, process_count_per_instance: 1}
extra: {share: 1.0, none: null}
`;

describe('a command component', () => {
  it('has the version that azure-ai-ml 1.35 gives the same file', async () => {
    const { version } = await registered(folderOf({ 'component.yml': full }));
    assert.equal(version, 'f7687e3f-1faa-30f3-f100-8150ba0ef88e');
  });

  it('prints numbers and booleans of its inputs as Python does, converted to the type of the input', async () => {
    assert.deepEqual((await specOf(full))['inputs'], {
      rate: { type: 'number', default: '0.001', min: '0.0', max: '10.0' },
      rounds: { type: 'integer', default: '3', min: '1' },
      flag: { type: 'boolean', default: 'False' },
      label: { type: 'string', default: '3.0' },
      way: { type: 'string', optional: true, enum: ['a', 'b'] },
      data: { type: 'uri_folder', mode: 'ro_mount' },
    });
  });

  it('carries unknown keys along, but refuses one that looks like a known one', async () => {
    const spec = await specOf(`${head}command: x\nlimits: {timeout: 3}\nenvironment_variables: {A: b}\n`);
    assert.deepEqual(spec['limits'], { timeout: 3 });
    assert.ok(!('environment_variables' in spec));
    await assert.rejects(specOf(`${head}command: x\ninput: {}\n`), /component\.yml:5:1: unknown key "input"/);
  });

  const refused: [string, string, RegExp][] = [
    ['an input of unknown type', 'inputs: {a: {type: String}}', /:5:20: inputs\.a\.type is "String"/],
    ['a default that is no number', 'inputs: {a: {type: integer, default: x}}', /inputs\.a\.default must be a number/],
    ['an infinite whole number', 'inputs: {a: {type: integer, max: .inf}}', /inputs\.a\.max must be a whole number/],
    ['a boolean default of 1', 'inputs: {a: {type: boolean, default: 1}}', /inputs\.a\.default must be true or false/],
    ['bounds of a text', 'inputs: {a: {type: string, max: 3}}', /unknown key "max" in inputs\.a/],
    ['a default of data', 'inputs: {a: {type: uri_file, default: x}}', /unknown key "default" in inputs\.a/],
    ['names that differ in case', 'inputs: {a: {type: string}, A: {type: string}}', /"A" and "a" differ in case alone/],
    ['a name that is none', 'outputs: {a-b: {type: uri_file}}', /"a-b" is no name of an input or output/],
  ];
  for (const [what, line, message] of refused) {
    it(`refuses ${what}`, () => assert.rejects(specOf(`${head}command: x\n${line}\n`), message));
  }

  it('needs a name that a Python function could have when it is registered under it', async () => {
    const named = (name: string) => {
      const file = path.join(
        folderOf({ 'component.yml': `${head.replace('train', name)}command: x\n` }),
        'component.yml',
      );
      return readTranslation(file, '/workspace', { kinds: [commandComponent] });
    };
    await assert.rejects(named('Train'), /:1:7: name is "Train"/);
    await assert.rejects(named('""'), /:1:7: name is ""/);
    await named('train_2');
  });

  it('refuses expressions that name nothing it declares', async () => {
    const ports = 'inputs: {a: {type: string}, b.c: {type: string}}\noutputs: {o: {type: uri_file}}\n';
    const command = (expression: string) => specOf(`${head}${ports}command: run $\{{${expression}}}\n`);
    for (const expression of ['inputs.a', ' outputs.o ', 'outputs.o.path', 'inputs.b.c']) await command(expression);
    for (const expression of ['inputs.o', 'outputs.a', 'inputs.a.uri', 'search_space.a', 'inputs.b']) {
      await assert.rejects(command(expression), /component\.yml:6:10: the command uses \$\{\{/, expression);
    }
  });

  it('prints bounds and defaults without end as Python does', async () => {
    const spec = await specOf(
      `${head}inputs:\n  a: {type: number, default: "-Infinity", max: .inf}\n  b: {type: number, default: .nan}\ncommand: x\n`,
    );
    assert.deepEqual(spec['inputs'], {
      a: { type: 'number', default: '-inf', max: 'inf' },
      b: { type: 'number', default: 'nan' },
    });
  });
});
