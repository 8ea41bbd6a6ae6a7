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

  const sweep =
    'type: sweep\ncompute: azureml:c\ntrial: {command: ls, environment: "azureml:x:1"}\nsampling_algorithm: random\n' +
    'objective: {goal: minimize, primary_metric: loss}\nlimits: {max_total_trials: 4}\n';
  const tuning =
    'type: finetuning\nname: ft\ntask: chat_completion\nmodel: {type: mlflow_model, path: "azureml:m:1"}\n' +
    'training_data: {type: uri_file, path: "azureml:d:1"}\n';

  const deployment =
    '$schema: managedOnlineDeployment.schema.json\nname: blue\nendpoint_name: ep\nmodel: azureml:m:1\n' +
    'environment: azureml:e:1\ninstance_type: Standard_DS3_v2\ninstance_count: 1\n';

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
    ['a key that is a number', `${command}tags: {1: x}\n`, /:4:8: the key of tags\.1 must be text/],
    ['a key that is a float', `${command}tags: {1.0: x}\n`, /:4:8: the key of tags\./],
    ['a key that is nothing', `${command}properties: {null: x}\n`, /:4:14: the key of properties\.null/],
    ['a key that is a boolean', `${command}inputs: {yes: 1}\n`, /:4:10: the key of inputs\.true/],
    ['a key that is a date', `${command}tags: {2020-01-01: x}\n`, /:4:8: the key of tags\.2020-01-01/],
    [
      'a node with a name of YAML',
      nodes.replace('{a:', '{yes:').replace(/^/, 'type: pipeline\n'),
      /:2:8: the key of jobs\.true/,
    ],
    [
      'a variable named by a date',
      `${command}environment_variables: {2020-01-01: x}\n`,
      /:4:25: the key of environment_variables\.2020-01-01/,
    ],
    ['an infinite choice', `${sweep}search_space: {a: {type: choice, values: [.inf]}}\n`, /:7:43: .* a finite number/],
    [
      'what is no number in a node',
      `type: pipeline\n${nodes.replace('command: ls', 'command: ls, inputs: {a: .nan}')}`,
      /:2:37: jobs\.a\.inputs\.a must be a finite number/,
    ],
    [
      'an infinite variable of a node',
      `type: pipeline\n${nodes.replace('command: ls', 'command: ls, environment_variables: {a: .inf}')}`,
      /:2:52: jobs\.a\.environment_variables\.a must be a finite number/,
    ],
    [
      'the id of an environment alone',
      command.replace('azureml:x:1', `${workspaceId}/environments/x/versions/1`),
      /:2:14: environment is an ARM id alone/,
    ],
    ['the id of code alone', `${command}code: ${workspaceId}/codes/x/versions/1\n`, /:4:7: code is an ARM id alone/],
    ['a job on this machine', command.replace('azureml:c', 'azureml:local'), /:3:10: compute "azureml:local"/],
    ['a connection in capitals', 'name: conn\ntype: OPEN_AI\napi_key: x\n', /:2:7: type is "OPEN_AI"/],
    ['a provider in capitals', `${tuning}model_provider: Custom\n`, /:6:17: .*model_provider is "Custom"/],
    [
      'a tag of a component without a value',
      'type: command\nname: c\ncommand: ls\nenvironment: azureml:x:1\nis_deterministic: true\ntags: {a: null}\n',
      /:6:8: tags\.a has no value/,
    ],
    ...['env.yml', `${workspaceId}/environments/x/versions/1`, '5', '""'].map(
      (environment): [string, string, RegExp] => [
        `the environment ${environment} of a node that runs a component`,
        `type: pipeline\njobs: {a: {type: command, component: "azureml:c:1", environment: ${environment}}}\n`,
        /:2:66: jobs\.a\.environment names no environment/,
      ],
    ),
    [
      'a registry with a capital',
      command.replace('azureml:x:1', 'Azureml://registries/r/environments/e/versions/1'),
      /:2:14: environment is "Azureml:/,
    ],
    [
      'a prefix with a capital',
      `${command}inputs: {a: {path: "Azureml:x:1"}}\n`,
      /:4:20: inputs\.a\.path is "Azureml:x:1", which names no asset/,
    ],
    [
      'the id of the model of a deployment alone',
      deployment.replace('azureml:m:1', id),
      /:4:8: model is an ARM id alone/,
    ],
    [
      'a model of a registry as the path of another model',
      deployment.replace('azureml:m:1', '{name: n, path: "azureml://registries/r/models/m/versions/1"}'),
      /:4:24: model\.path is a model of a registry/,
    ],
    [
      'a mode of outputs for an input',
      `${command}inputs: {a: {type: uri_file, path: "azureml:x:1", mode: rw_mount}}\n`,
      /:4:57: inputs\.a\.mode is "rw_mount"/,
    ],
    [
      'a mode of tables for a file',
      `${command}inputs: {a: {type: uri_file, path: "azureml:x:1", mode: eval_mount}}\n`,
      /:4:57: inputs\.a has the type uri_file and the mode eval_mount/,
    ],
    [
      'the id of the job of a schedule alone',
      `name: s\ntrigger: {type: cron, expression: "0 1 * * *"}\ncreate_job: ${workspaceId}/jobs/j\n`,
      /:3:13: create_job is an ARM id alone/,
    ],
    [
      'the label of an environment by its id',
      command.replace('azureml:x:1', `azureml:${workspaceId}/environments/x/labels/latest`),
      /:2:14: environment is .* which names no asset/,
    ],
    [
      'an id without its first slash',
      command.replace('azureml:x:1', `azureml:${workspaceId.slice(1)}/environments/x/versions/1`),
      /:2:14: environment is .* which names no asset/,
    ],
    [
      'the id of a datastore with the prefix',
      `${command}inputs: {a: {path: "azureml:${workspaceId}/datastores/d/paths/p"}}\n`,
      /:4:20: inputs\.a\.path is .* which names no asset/,
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

  function written(call: unknown): { properties: Record<string, unknown> } {
    return (JSON.parse(JSON.stringify(call)) as { body: { properties: Record<string, unknown> } }).body;
  }

  /** A file, and members of the last body as they go out. */
  const sent: [string, string, object][] = [
    [
      'keys of variables as JSON spells them',
      `${command}environment_variables: {1: a, yes: b, 2.0: c, null: d}\n`,
      { environmentVariables: { '1': 'a', true: 'b', '2.0': 'c', null: 'd' } },
    ],
    ['no limit for a timeout of 0', `${command}limits: {timeout: 0}\n`, { limits: { jobLimitsType: 'Command' } }],
    ['services of the writer', `${command}services: {x: {type: custom, port: 3}}\n`, { services: { x: { port: 3 } } }],
    [
      'services without a type as SSH, or by the key that only one has',
      `${command}services: {x: {port: 3, endpoint: e}, y: {log_dir: l}}\n`,
      {
        services: {
          x: { jobServiceType: 'SSH', port: 3 },
          y: { jobServiceType: 'TensorBoard', properties: { logDir: 'l' } },
        },
      },
    ],
    [
      'properties of machines that have a value',
      `${command}resources: {properties: {a: null, b: 1}}\n`,
      { resources: { properties: { b: 1 } } },
    ],
    [
      'inputs in the datastore of the workspace when none is named',
      `${command}inputs: {a: {path: "azureml://datastores/d/paths/p", datastore: ""}}\n`,
      { inputs: { a: { jobInputType: 'uri_folder', uri: 'azureml://datastores/d/paths/p' } } },
    ],
    [
      'a connection in camel case',
      'name: conn\ntype: AzureAISearch\nendpoint: e\n',
      { category: 'CognitiveSearch', target: 'e' },
    ],
  ];
  for (const [what, text, members] of sent) {
    it(`sends ${what}`, async () => {
      const { calls } = await planned(text);
      const { properties } = written(calls.at(-1));
      assert.deepEqual(Object.fromEntries(Object.keys(members).map((key) => [key, properties[key]])), members);
    });
  }

  it('sends properties of a component as Python prints them', async () => {
    const { calls } = await planned(
      'type: command\nname: c\ncommand: ls\nenvironment: azureml:x:1\nis_deterministic: true\nproperties: {a: {b: [c]}}\n',
    );
    const properties = written(calls.at(-1)).properties['properties'] as Record<string, string>;
    assert.equal(properties['a'], "{'b': ['c']}");
  });

  it('leaves out variables of a node that have no value', async () => {
    const { calls } = await planned(
      `type: pipeline\n${nodes.replace('command: ls', 'command: ls, environment_variables: {A: null}')}`,
    );
    assert.doesNotMatch(JSON.stringify(calls), /"A":/);
  });

  it('takes an empty name of a job for none', async () => {
    const [call] = (await planned(`${command}name: ""\ndisplay_name: ""\nexperiment_name: ""\n`)).calls;
    assert.ok(call && 'path' in call);
    assert.match(call.path, /\/jobs\/[a-z0-9_<>-]+$/i);
    const { properties } = call.body as { properties: Record<string, string> };
    assert.equal(properties['experimentName'], path.basename(folder));
    assert.ok(properties['displayName']);
  });

  const ids = ['datasets/d/versions/1', 'datastores/d/paths/p', 'data/d', 'jobs/j/outputs/o'];
  for (const there of [...ids.map((one) => `${workspaceId}/${one}`), `azureml:${workspaceId}/datasets/d/versions/1`]) {
    it(`passes on an input's id ${there.replace(workspaceId, '')}`, async () => {
      const { calls } = await planned(`${command}inputs: {a: {type: uri_folder, path: "${there}"}}\n`);
      assert.ok(JSON.stringify(calls.at(-1)).includes(`"uri":"${there.replace('azureml:', '')}"`));
    });
  }

  it('needs no type in a schedule that changes the job of a file', async () => {
    writeFileSync(path.join(folder, 'job.yml'), `type: pipeline\ninputs: {q: 1}\n${nodes}`);
    const { calls } = await planned(
      'name: s\ntrigger: {type: cron, expression: "0 1 * * *"}\ncreate_job: {job: ./job.yml, inputs: {q: 5}}\n',
    );
    assert.match(JSON.stringify(calls.at(-1)), /"inputs":\{"q":\{"jobInputType":"literal","value":"5"\}\}/);
  });
});
