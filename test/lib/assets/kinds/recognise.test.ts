import assert from 'node:assert/strict';
import { read, refusalOf } from './support';

const command = 'command: echo ${{inputs.a}}\nenvironment: azureml:env:1\n';

describe('the kind of a file', () => {
  const kindOf = async (text: string): Promise<string> => (await read(text)).kind.name;

  it('is what $schema says, wherever it is served', async () => {
    for (const base of ['https://azuremlschemas.azureedge.net/latest/', 'https://example.org/', ''])
      assert.equal(await kindOf(`$schema: ${base}environment.schema.json\nname: e\nimage: i:1\n`), 'environment');
  });

  it('is what type says where $schema says another', async () => {
    const deployment = 'name: blue\nendpoint_name: e\ninstance_count: 1\n';
    assert.equal(
      await kindOf(`$schema: managedOnlineDeployment.schema.json\ntype: kubernetes\n${deployment}`),
      'kubernetes online deployment',
    );
  });

  it('is what type says, and of kinds of one type the one that can read it', async () => {
    assert.equal(await kindOf('type: amlcompute\nname: c\n'), 'compute');
    assert.equal(await kindOf(`type: command\n${command}inputs: {a: 1}\n`), 'command job');
    assert.equal(await kindOf(`type: command\nname: c\n${command}inputs: {a: {type: integer}}\n`), 'command component');
  });

  it('is the one that knows most of the keys, where nothing is said', async () => {
    const identity = 'identity: {type: user_identity}\ncompute: azureml:cpu\nexperiment_name: e\n';
    assert.equal(await kindOf(`${command}inputs: {a: 1}\n${identity}`), 'command job');
    assert.equal(
      await kindOf('name: reg\nlocation: e\npublic_network_access: enabled\nreplication_locations: [{location: e}]\n'),
      'registry',
    );
  });

  it('is told by a key without a value too, which is then named', async () => {
    const blank = 'command:\nenvironment: azureml:e:1\ncompute: azureml:c\n';
    assert.match((await refusalOf(blank)) ?? '', /^1:\d+: command has no value/);
  });

  it('is asked for where nothing tells it', async () => {
    assert.match((await refusalOf('one: 1\n')) ?? '', /^1:1: the file is of no kind that may stand here/);
    assert.match((await refusalOf('type: amlcompte\n')) ?? '', /^1:7: type is "amlcompte", which is no kind/);
  });
});
