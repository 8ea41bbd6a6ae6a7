import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { checkPipeline, PipelineError } from '../../../local/agent';
import type { PipelinePlan, StepPlan } from '../../../local/agent/yaml/model';
import { MemoryServer } from '../../support/memory-server';

describe('reading a pipeline', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'agent-check-'));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  function write(files: Record<string, string>): void {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      writeFileSync(path.join(folder, name), text);
    }
  }

  async function read(
    yaml: string,
    parameters: Record<string, string> = {},
    files: Record<string, string> = {},
  ): Promise<PipelinePlan> {
    write({ ...files, 'p.yml': yaml });
    return (await checkPipeline({ yamlFile: 'p.yml', repositoryRoot: folder, parameters })).plan;
  }

  async function problems(
    yaml: string,
    parameters: Record<string, string> = {},
    files: Record<string, string> = {},
  ): Promise<string[]> {
    try {
      await read(yaml, parameters, files);
    } catch (error) {
      assert.ok(error instanceof PipelineError, String(error));
      return error.message.split('\n');
    }
    return [];
  }

  /** The scripts of the first job. */
  function scripts(plan: PipelinePlan): string[] {
    const body = plan.stages[0]?.jobs[0]?.body;
    const steps: StepPlan[] = body?.kind === 'job' ? body.steps : [];
    return steps.map((step) => (step.kind === 'script' ? step.script : step.kind));
  }

  describe('template expressions', () => {
    it('insert values, keep types and expand in the middle of a text', async () => {
      const yaml = `
parameters:
- { name: flag, type: boolean, default: true }
- { name: count, type: number, default: 3 }
- { name: list, type: object, default: [a, b] }
steps:
- script: "\${{ parameters.flag }} \${{ parameters.count }} \${{ join('-', parameters.list) }} \${{ variables['Build.Reason'] }}"
- script: \${{ format('{0}', '}}') }}
`;
      assert.deepEqual(scripts(await read(yaml)), ['True 3 a-b Manual', '}}']);
    });

    it('choose with if, elseif and else, in lists and mappings', async () => {
      const yaml = `
parameters: [{ name: kind, type: string, values: [x, y, z] }]
variables:
  \${{ if eq(parameters.kind, 'x') }}:
    name: ex
  \${{ elseif eq(parameters.kind, 'y') }}:
    name: why
  \${{ else }}:
    name: other
steps:
- \${{ if eq(parameters.kind, 'x') }}:
  - script: one
  - script: two
- \${{ else }}:
  - script: \${{ variables.name }}
`;
      assert.deepEqual(scripts(await read(yaml, { kind: 'x' })), ['one', 'two']);
      assert.deepEqual(scripts(await read(yaml, { kind: 'y' })), ['why']);
      assert.deepEqual(scripts(await read(yaml, { kind: 'z' })), ['other']);
    });

    it('repeat with each over lists and objects', async () => {
      const yaml = `
parameters:
- name: envs
  type: object
  default: { dev: { size: 1 }, prod: { size: 2 } }
steps:
- \${{ each env in parameters.envs }}:
  - \${{ if gt(env.value.size, 0) }}:
    - script: \${{ env.key }}=\${{ env.value.size }}
      env:
        \${{ each pair in env.value }}:
          V_\${{ pair.key }}: \${{ pair.value }}
`;
      const plan = await read(yaml);
      assert.deepEqual(scripts(plan), ['dev=1', 'prod=2']);
      const body = plan.stages[0]?.jobs[0]?.body;
      assert.deepEqual(body?.kind === 'job' && body.steps[1]?.env, { V_size: '2' });
    });

    it('insert lists of steps and mappings', async () => {
      const files = {
        't/steps.yml': `
parameters:
- { name: before, type: stepList, default: [] }
- { name: extra, type: object, default: {} }
steps:
- \${{ parameters.before }}
- script: inside
  env:
    FIXED: 1
    \${{ insert }}: \${{ parameters.extra }}
- template: more.yml
`,
        't/more.yml': 'steps:\n- script: more\n',
      };
      const yaml = `
jobs:
- job: A
  steps:
  - template: t/steps.yml
    parameters:
      before: [{ script: first }]
      extra: { X: y }
  - template: /t/more.yml@self
`;
      const plan = await read(yaml, {}, files);
      assert.deepEqual(scripts(plan), ['first', 'inside', 'more', 'more']);
      const body = plan.stages[0]?.jobs[0]?.body;
      assert.deepEqual(body?.kind === 'job' && body.steps[1]?.env, { FIXED: '1', X: 'y' });
    });

    it('extend a template and take variables and stages from templates', async () => {
      const files = {
        'base.yml': `
parameters: [{ name: stages, type: stageList }]
stages:
- stage: First
  jobs: [{ job: J, steps: [{ script: a }] }]
- \${{ each stage in parameters.stages }}:
  - \${{ stage }}
`,
        'vars.yml': 'variables: { fromTemplate: v }\n',
      };
      const yaml = `
variables:
- template: vars.yml
- name: own
  value: \${{ variables.fromTemplate }}
extends:
  template: base.yml
  parameters:
    stages:
    - stage: Second
      jobs: [{ job: J, steps: [{ script: b }] }]
`;
      const plan = await read(yaml, {}, files);
      assert.deepEqual(
        plan.stages.map(({ name, dependsOn }) => [name, dependsOn.map(({ text }) => text)]),
        [
          ['First', []],
          ['Second', ['First']],
        ],
      );
      assert.deepEqual(
        plan.variables.map((entry) => entry.name),
        ['fromTemplate', 'own'],
      );
    });

    const wrong: [string, string, RegExp, Record<string, string>?][] = [
      ['a wrong expression', 'steps:\n- script: ${{ nothing.x }}\n', /^p\.yml:2:11: Unrecognized value: 'nothing'/],
      ['an else without if', 'steps:\n- ${{ else }}:\n  - script: a\n', /^p\.yml:2:3: 'else' without/],
      [
        'an object inside a text',
        'parameters: [{ name: o, type: object, default: { a: 1 } }]\nsteps:\n- script: x ${{ parameters.o }}\n',
        /^p\.yml:3:11: .* cannot stand inside a text/,
      ],
      [
        'a missing parameter',
        'parameters: [{ name: must, type: string }]\nsteps: []\n',
        /A value for the 'must' parameter must be provided/,
      ],
      ['an unknown parameter', 'steps: []\n', /Unexpected parameter 'x'; there are: none/, { x: '1' }],
      [
        'a wrong boolean',
        'parameters: [{ name: b, type: boolean }]\nsteps: []\n',
        /The 'b' parameter is not a valid Boolean/,
        { b: 'perhaps' },
      ],
      [
        'a value that is not allowed',
        'parameters: [{ name: v, type: string, values: [a] }]\nsteps: []\n',
        /parameter value 'z' is not a valid value. Valid: a/,
        { v: 'z' },
      ],
      [
        'an unknown type',
        'parameters: [{ name: v, type: secureFile }]\nsteps: []\n',
        /^p\.yml:1:31: Parameters of type 'secureFile' are not supported/,
      ],
      ['a template that is not there', 'steps:\n- template: none.yml\n', /^none\.yml:1:1: The file does not exist/],
      ['a template outside the repository', 'steps:\n- template: ../x.yml\n', /lies outside the repository/],
      [
        'a template of another repository',
        'steps:\n- template: x.yml@other\n',
        /Templates of other repositories \('@other'\)/,
      ],
    ];
    for (const [what, yaml, message, parameters] of wrong) {
      it(`refuse ${what}, with its place`, async () => {
        assert.match((await problems(yaml, parameters))[0] ?? 'nothing was refused', message);
      });
    }

    it('refuse templates that include each other', async () => {
      assert.match(
        (await problems('steps:\n- template: a.yml\n', {}, { 'a.yml': 'steps:\n- template: a.yml\n' }))[0] ?? '',
        /deeper than 50/,
      );
    });
  });

  describe('what is not supported or wrong is refused by name and place', () => {
    const job = (text: string): string => `jobs:\n- job: A\n  steps: [{ script: a }]\n${text}`;
    const wrong: [string, RegExp][] = [
      ['steps:\n- scrpt: a\n', /^p\.yml:2:3: A step is one of/],
      ['steps:\n- script: a\n  conditon: always()\n', /^p\.yml:3:3: Unexpected value 'conditon' in a step\./],
      ['steps:\n- pwsh: a\n', /^p\.yml:2:3: 'pwsh' is not supported on one machine/],
      ['steps:\n- task: Probe\n', /^p\.yml:2:9: 'Probe' is not a task reference/],
      ['steps:\n- checkout: tools\n', /'checkout: tools' is not supported; self and none are/],
      ['steps:\n- download: upstream\n', /'download: upstream' is not supported/],
      ['steps:\n- script: a\n  target: box\n', /target 'box': containers are not supported/],
      ['steps:\n- script: a\n  name: a-b\n', /The step name 'a-b' is not valid/],
      [
        'steps:\n- { script: a, name: x }\n- { script: b, name: X }\n',
        /^p\.yml:3:22: The step name 'X' appears more than once/,
      ],
      ['steps:\n- script: a\n  condition: eq(1)\n', /^p\.yml:3:14: Too few parameters for 'eq'/],
      ["steps:\n- script: a\n  condition: eq(dependencies.A.result, 'x')\n", /Unrecognized value: 'dependencies'/],
      ['steps:\n- script: a\n  timeoutInMinutes: soon\n', /timeoutInMinutes must be a number/],
      [job('  container: ubuntu\n'), /^p\.yml:4:3: 'container' is not supported/],
      [job('  pool: server\n'), /'pool: server' is not supported/],
      [job('  strategy: { parallel: 3 }\n'), /'parallel' is not supported/],
      [job('  dependsOn: B\n'), /^p\.yml:4:14: The job 'A' depends on unknown job 'B'/],
      [
        'jobs:\n- { job: A, dependsOn: B, steps: [] }\n- { job: B, dependsOn: A, steps: [] }\n',
        /The job 'A' depends on itself/,
      ],
      ['jobs:\n- { job: A, steps: [] }\n- { job: a, steps: [] }\n', /The job name 'a' appears more than once/],
      ['jobs:\n- deployment: D\n  environment: e\n  strategy: { canary: {} }\n', /'canary' is not supported/],
      ['jobs:\n- deployment: D\n  environment: e.vm\n  strategy: { runOnce: {} }\n', /environments have no resources/],
      ['jobs:\n- deployment: D\n  strategy: { runOnce: {} }\n', /A deployment job needs an environment/],
      ['stages:\n- stage: A\n  trigger: manual\n  jobs: []\n', /^p\.yml:3:3: 'trigger' is not supported/],
      ['steps: []\njobs: []\n', /A pipeline has one of stages, jobs or steps; there are jobs and steps/],
      ['steps: []\nfoo: 1\n', /^p\.yml:2:1: Unexpected value 'foo' in a pipeline/],
      ['variables: { a: [1] }\nsteps: []\n', /The variable a must be a text/],
      ["variables: { a: '$[ split(1, 2) ]' }\nsteps: []\n", /Unrecognized function: 'split'/],
      ['steps: &x []\n', /Anchors and aliases are not supported/],
      ['steps: []\nsteps: []\n', /^p\.yml:2:1: 'steps' is already defined/],
      ['steps: [\n', /^p\.yml:\d+:\d+: /],
    ];
    for (const [yaml, message] of wrong) {
      it(JSON.stringify(yaml), async () => {
        assert.match((await problems(yaml))[0] ?? 'nothing was refused', message);
      });
    }

    it('tells everything at once', async () => {
      assert.equal((await problems('steps:\n- pwsh: a\n- script: a\n  foo: 1\nbar: 2\n')).length, 3);
    });

    it('accepts what has no effect and says so once', async () => {
      const yaml =
        'trigger: none\npr: none\npool: { vmImage: x }\nresources: { repositories: [] }\njobs:\n- { job: A, pool: p, steps: [] }\n- { job: B, pool: p, steps: [] }\n';
      const plan = await read(yaml);
      assert.deepEqual(
        plan.notes.map((note) => /'(\w+)'/.exec(note)?.[1]),
        ['trigger', 'pr', 'resources', 'pool'],
      );
    });
  });

  it('names tasks, groups and service connections that are missing', async () => {
    write({
      'p.yml': `
variables: [{ group: nothing }]
steps:
- task: Nope@0
- task: Probe@7
- task: Probe@0
  inputs:
    connection: missing
`,
    });
    const server = new MemoryServer();
    const tasksFolder = path.join(__dirname, 'fixtures', 'tasks');
    await assert.rejects(
      checkPipeline({ yamlFile: 'p.yml', repositoryRoot: folder, server, tasksFolder }),
      (error: Error) => {
        const lines = error.message.split('\n');
        assert.match(lines[0] ?? '', /^p\.yml:2:22: Variable group nothing could not be found/);
        assert.match(lines[1] ?? '', /a task called 'Nope'; there are: Locked, Probe/);
        assert.match(lines[2] ?? '', /version 0\.1\.0; '@7' does not name it/);
        assert.match(
          lines[3] ?? '',
          /^p\.yml:8:5: Job Job: Step Probe1 input connection references service connection missing .* There are: none/,
        );
        return true;
      },
    );
  });
});
