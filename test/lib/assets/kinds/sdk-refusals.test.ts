import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TaskError } from '../../../../lib/agent/errors';
import { plan, type Plan } from '../../../../lib/assets/plan';
import { workspaceId } from '../corpus';

/** What no file of the corpus has, judged as `azure-ai-ml` 1.35.2 judges it. */
describe('files beyond the corpus', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'beyond-'));
  const command = 'command: ls\nenvironment: azureml:x:1\ncompute: azureml:c\n';
  const nodes = 'jobs: {a: {command: ls, environment: "azureml:x:1", compute: "azureml:c"}}\n';

  function planned(text: string, set: string[] = []): Promise<Plan> {
    const file = path.join(folder, 'file.yml');
    writeFileSync(file, text);
    return plan(file, { id: workspaceId, location: 'westeurope' }, set);
  }

  const id = `${workspaceId}/models/m/versions/1`;
  const refused: [string, string, RegExp][] = [
    ['a name that leads elsewhere', `${command}name: ../datastores/x\n`, /:4:7: name is/],
    ['a name with a query', `${command}name: "a?b=1#c"\n`, /:4:7: name is/],
    [
      'an empty path of an input',
      `${command}inputs: {a: {type: mltable, path: ""}}\n`,
      /:4:35: inputs\.a\.path is empty/,
    ],
    ['an infinite input', `${command}inputs: {a: .inf}\n`, /:4:13: inputs\.a must be a finite number/],
    ['an output name with a space', `${command}outputs: {o: {name: m x}}\n`, /:4:21: outputs\.o\.name is "m x"/],
    ['a job type in capitals', `type: Pipeline\n${nodes}`, /:1:7: type is "Pipeline"/],
    [
      'a data type in capitals',
      'name: d\ntype: MLTable\npath: azureml://datastores/x/paths/y\n',
      /:2:7: type is "MLTable"/,
    ],
    [
      'an input type in camel case',
      `${command}inputs: {a: {type: UriFolder, path: azureml:x:1}}\n`,
      /inputs\.a\.type is "UriFolder"/,
    ],
    [
      'a datastore type in capitals',
      'name: dd\ntype: AZURE_BLOB\naccount_name: a\ncontainer_name: c\n',
      /:2:7: type is "AZURE_BLOB"/,
    ],
    ['an id of another kind', command.replace('azureml:x:1', `azureml:${id}`), /:2:14: environment is/],
  ];
  for (const [what, text, message] of refused) {
    it(`refuses ${what}, and says where`, async () => {
      await assert.rejects(planned(text), (error: TaskError) => {
        assert.match(error.message, message);
        return error instanceof TaskError;
      });
    });
  }

  it('takes an empty name of a job for none', async () => {
    const [call] = (await planned(`${command}name: ""\ndisplay_name: ""\nexperiment_name: ""\n`)).calls;
    assert.ok(call && 'path' in call);
    assert.match(call.path, /\/jobs\/[a-z0-9_<>-]+$/i);
    const { properties } = call.body as { properties: Record<string, string> };
    assert.equal(properties['experimentName'], path.basename(folder));
    assert.ok(properties['displayName']);
  });

  it('needs no type in a schedule that changes the job of a file', async () => {
    writeFileSync(path.join(folder, 'job.yml'), `type: pipeline\ninputs: {q: 1}\n${nodes}`);
    const { calls } = await planned(
      'name: s\ntrigger: {type: cron, expression: "0 1 * * *"}\ncreate_job: {job: ./job.yml, inputs: {q: 5}}\n',
    );
    assert.match(JSON.stringify(calls.at(-1)), /"inputs":\{"q":\{"jobInputType":"literal","value":"5"\}\}/);
  });
});
