import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import {
  runPipeline,
  type AgentEvent,
  type JobSummary,
  type RunPipelineOptions,
  type RunResult,
} from '../../../local/agent';
import { MemoryServer } from '../../support/memory-server';

const tasksFolder = path.join(__dirname, 'fixtures', 'tasks');

interface Ran {
  server: MemoryServer;
  result: RunResult;
  events: AgentEvent[];
}

describe('a pipeline on the local agent', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'agent-pipeline-'));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  async function run(
    yaml: string,
    options: Partial<RunPipelineOptions> = {},
    server = new MemoryServer(),
    files: Record<string, string> = {},
  ): Promise<Ran> {
    const repositoryRoot = path.join(folder, 'repo');
    mkdirSync(repositoryRoot, { recursive: true });
    for (const [name, text] of Object.entries({ ...files, 'azure-pipelines.yml': yaml })) {
      mkdirSync(path.dirname(path.join(repositoryRoot, name)), { recursive: true });
      writeFileSync(path.join(repositoryRoot, name), text);
    }
    const events: AgentEvent[] = [];
    const result = await runPipeline({
      yamlFile: 'azure-pipelines.yml',
      repositoryRoot,
      server,
      workFolder: path.join(folder, '_work'),
      tasksFolder,
      environment: () => ({}),
      ...options,
      onEvent: (event) => {
        events.push(event);
        options.onEvent?.(event);
      },
    });
    return { server, result, events };
  }

  function jobOf(result: RunResult): JobSummary | undefined {
    return result.stages[0]?.jobs[0];
  }

  function results(result: RunResult): Record<string, string> {
    return Object.fromEntries(result.stages.map((stage) => [stage.name, stage.result]));
  }

  it('runs stages, deployment jobs and an approval, and passes outputs on', async () => {
    const server = new MemoryServer();
    server.gated.add('production');
    server.groups.push({
      id: 1,
      name: 'settings',
      variables: { region: { value: 'west', isSecret: false }, password: { value: 'p@ss w0rd', isSecret: true } },
    });
    const yaml = `
name: $(Date:yyyyMMdd)$(Rev:.r)-demo
trigger: [main]
pool: { vmImage: ubuntu-latest }
parameters:
  - { name: alpha, type: number, default: 0.5 }
variables:
  - group: settings
  - { name: greeting, value: hello $(region) }
stages:
  - stage: Build
    jobs:
      - job: Train
        steps:
          - script: |
              cat marker.txt
              echo "$(greeting) \${{ parameters.alpha }} $(password) $GREETING"
              mkdir -p out && echo model > out/model.txt
          - task: Probe@0
            name: train
            inputs:
              print: |
                ~~vso[task.setvariable variable=answer]42
                ~~vso[build.addbuildtag]trained
          - publish: out
            artifact: model
  - stage: Ship
    variables:
      answer: $[ stageDependencies.Build.Train.outputs['train.answer'] ]
    jobs:
      - deployment: Release
        environment: production
        strategy:
          runOnce:
            deploy:
              steps:
                - bash: |
                    echo "answer $(answer) in $(Environment.Name) $(Strategy.CycleName)"
                    cat $(Pipeline.Workspace)/model/model.txt
                    echo "##vso[task.setvariable variable=url;isoutput=true]http://x"
                  name: ship
  - stage: After
    dependsOn: [Build, Ship]
    condition: and(succeeded(), eq(dependencies.Ship.outputs['Release.Release.ship.url'], 'http://x'))
    jobs:
      - job: Check
        variables:
          url: $[ stageDependencies.Ship.Release.outputs['Release.ship.url'] ]
        steps:
          - checkout: none
          - script: echo "url $(url)"
`;
    const { result } = await run(
      yaml,
      { onEvent: (event) => event.type === 'waitingForApproval' && setTimeout(() => server.decide('passed'), 20) },
      server,
      { 'marker.txt': 'from the repository\n' },
    );
    assert.equal(result.result, 'Succeeded', server.allLogs());
    assert.deepEqual(results(result), { Build: 'Succeeded', Ship: 'Succeeded', After: 'Succeeded' });
    assert.match(result.number, /^\d{8}\.1-demo$/);
    const log = server.allLogs();
    assert.match(log, /from the repository/);
    assert.match(log, /hello west 0\.5 \*\*\* hello west/);
    assert.match(log, /answer 42 in production Iteration\nmodel/);
    assert.match(log, /url http:\/\/x/);
    assert.ok(!log.includes('p@ss w0rd'));
    assert.deepEqual(server.tags, ['trained']);
    assert.equal(server.deployments.length, 1);
    assert.equal(server.deployments[0]?.result, 'succeeded');
    assert.deepEqual(
      server.checks.map(({ stage }) => stage.name),
      ['Ship'],
    );
    assert.equal(server.recordOf('Build.Train.__default.train')?.variables?.['answer']?.value, '42');
    assert.equal(server.changes.at(-1)?.result, 'succeeded');
    assert.ok(result.notes.some((note) => note.includes("'trigger' has no effect")));
  });

  describe('conditions and results', () => {
    const stage = (name: string, script: string, more = ''): string =>
      `- stage: ${name}\n${more}  jobs:\n  - job: J\n    steps:\n    - checkout: none\n    - script: ${script}\n`;

    it('skip what depends on a failed or skipped stage, unless its condition says otherwise', async () => {
      const yaml = `stages:\n${stage('A', 'exit 3')}${stage('B', 'true')}${stage('C', 'true', '  dependsOn: A\n  condition: failed()\n')}${stage('D', 'true', '  dependsOn: []\n  condition: false\n')}${stage('E', 'true')}${stage('F', 'true', "  dependsOn: D\n  condition: eq(dependencies.D.result, 'Skipped')\n")}${stage('G', 'true')}`;
      const { result, server } = await run(yaml);
      assert.deepEqual(results(result), {
        A: 'Failed',
        B: 'Skipped',
        C: 'Succeeded',
        D: 'Skipped',
        E: 'Skipped',
        F: 'Succeeded',
        G: 'Skipped',
      });
      assert.equal(result.result, 'Failed');
      assert.equal(server.recordOf('B')?.result, 'skipped');
      assert.ok(server.allLogs().includes("##[error]Bash exited with code '3'."));
    });

    it('decide the steps of a job, with continueOnError and Agent.JobStatus', async () => {
      const yaml = `
steps:
- checkout: none
- script: exit 1
  name: soft
  continueOnError: true
- script: echo "status $(Agent.JobStatus)"
- script: exit 1
  name: hard
- script: echo not me
  name: skipped
- script: echo "after $(Agent.JobStatus)"
  condition: failed()
- script: echo never
  name: disabled
  enabled: false
- script: echo also
  condition: and(always(), eq(variables['Build.Reason'], 'Manual'))
`;
      const { result, server } = await run(yaml);
      const steps = jobOf(result)?.steps ?? [];
      assert.deepEqual(steps.map(({ name, result: each }) => [name, each]).slice(0, 5), [
        ['soft', 'SucceededWithIssues'],
        ['CmdLine', 'Succeeded'],
        ['hard', 'Failed'],
        ['skipped', 'Skipped'],
        ['CmdLine1', 'Succeeded'],
      ]);
      assert.equal(steps.length, 6);
      const log = server.allLogs();
      assert.ok(log.includes('status SucceededWithIssues') && log.includes('after Failed') && log.includes('also'));
      assert.ok(!log.includes('\nnever') && !log.includes('\nnot me'));
    });

    it('run the legs of a matrix and address their outputs', async () => {
      const yaml = `
jobs:
- job: M
  strategy: { matrix: { one: { v: 1 }, two: { v: 2 } } }
  steps:
  - checkout: none
  - script: echo "##vso[task.setvariable variable=o;isoutput=true]v$(v)"
    name: s
- job: N
  dependsOn: M
  variables:
    both: $[ format('{0}+{1}', dependencies.M.outputs['one.s.o'], dependencies.M.outputs['two.s.o']) ]
    count: $[ counter('x', 7) ]
  steps:
  - checkout: none
  - script: echo "both $(both) $(count)"
`;
      const { result, server } = await run(yaml);
      assert.equal(result.result, 'Succeeded');
      assert.ok(server.allLogs().includes('both v1+v2 7'));
    });

    it('keep a secret output secret in the next job', async () => {
      const yaml = `
jobs:
- job: A
  steps:
  - checkout: none
  - script: echo "##vso[task.setvariable variable=key;isoutput=true;issecret=true]t0p-s3cret"
    name: s
- job: B
  dependsOn: A
  variables: { key: "$[ dependencies.A.outputs['s.key'] ]" }
  steps:
  - checkout: none
  - script: echo "it is $(key)"
`;
      const { server, result } = await run(yaml);
      assert.ok(server.allLogs().includes('it is ***'));
      assert.ok(!JSON.stringify([...server.records.values()]).includes('t0p-s3cret'));
      assert.ok(!JSON.stringify(result.stages).includes('t0p-s3cret'));
    });

    it('run on.failure after a failed hook and record the deployment as failed', async () => {
      const yaml = `
jobs:
- deployment: D
  environment: { name: dev }
  strategy:
    runOnce:
      preDeploy: { steps: [{ script: echo hook-pre }] }
      deploy: { steps: [{ download: none }, { script: exit 1 }] }
      routeTraffic: { steps: [{ script: echo hook-route }] }
      on:
        success: { steps: [{ script: echo hook-success }] }
        failure: { steps: [{ script: 'echo hook-failure $(Strategy.CycleName)' }] }
`;
      const { server, result } = await run(yaml);
      const log = server.allLogs();
      assert.ok(log.includes('hook-pre') && log.includes('hook-failure PostIteration'));
      assert.ok(!log.includes('hook-route') && !log.includes('hook-success'));
      assert.equal(server.deployments[0]?.result, 'failed');
      assert.equal(result.result, 'Failed');
    });
  });

  describe('checks of environments', () => {
    const yaml = `
stages:
- stage: Prod
  jobs:
  - deployment: D
    environment: production
    strategy: { runOnce: { deploy: { steps: [{ script: echo deployed }] } } }
`;
    for (const [decision, expected] of [
      ['rejected', 'Failed'],
      ['timedOut', 'Skipped'],
    ] as const) {
      it(`keep a stage from starting when they are ${decision}`, async () => {
        const server = new MemoryServer();
        server.gated.add('production');
        const onEvent = (event: AgentEvent): void => {
          if (event.type === 'waitingForApproval') setTimeout(() => server.decide(decision), 10);
        };
        const { result } = await run(yaml, { onEvent }, server);
        assert.deepEqual(results(result), { Prod: expected });
        assert.ok(!server.allLogs().includes('deployed'));
        assert.equal(server.deployments.length, 0);
      });
    }

    it('are given up when the run is cancelled', async () => {
      const server = new MemoryServer();
      server.gated.add('production');
      const onEvent = (event: AgentEvent): void => {
        if (event.type === 'waitingForApproval') setTimeout(() => server.requestCancel(), 10);
      };
      const { result } = await run(yaml, { onEvent }, server);
      assert.equal(result.result, 'Canceled');
      assert.deepEqual(
        server.changes.slice(-2).map(({ state }) => state),
        ['cancelling', 'completed'],
      );
    });
  });

  describe('cancellation and time', () => {
    const hanging = `
variables: { PROCESS_SIGINT_TIMEOUT: 300, PROCESS_SIGTERM_TIMEOUT: 100 }
stages:
- stage: A
  jobs:
  - job: J
    timeoutInMinutes: 30
    steps:
    - checkout: none
    - task: Probe@0
      name: hang
      inputs: { hang: sigint }
    - script: echo next
    - script: echo "cleanup $(Agent.JobStatus)"
      condition: always()
- stage: B
  jobs: [{ job: J, steps: [{ script: echo other }] }]
`;

    it('interrupt the running step, run always() steps, and end the run as canceled', async () => {
      const controller = new AbortController();
      const { result, server } = await run(hanging, {
        signal: controller.signal,
        onEvent: (event) => {
          if (event.type === 'line' && event.text === 'waiting') controller.abort();
        },
      });
      const steps = jobOf(result)?.steps ?? [];
      assert.deepEqual(
        steps.map((step) => step.result),
        ['Canceled', 'Skipped', 'Succeeded'],
      );
      assert.deepEqual(results(result), { A: 'Canceled', B: 'Skipped' });
      assert.equal(result.result, 'Canceled');
      const log = server.allLogs();
      assert.ok(log.includes('got SIGINT') && log.includes('cleanup Canceled') && !log.includes('other'));
      assert.ok(log.includes('The Operation will be canceled. The next steps may not contain expected logs.'));
    });

    it('do not interrupt an always() step that is running', async () => {
      const controller = new AbortController();
      const yaml = 'steps:\n- checkout: none\n- bash: echo begin; sleep 0.4; echo end\n  condition: always()\n';
      const { result, server } = await run(yaml, {
        signal: controller.signal,
        onEvent: (event) => {
          if (event.type === 'line' && event.text === 'begin') controller.abort();
        },
      });
      assert.ok(server.allLogs().includes('end'));
      assert.equal(jobOf(result)?.steps[0]?.result, 'Succeeded');
      assert.equal(jobOf(result)?.result, 'Canceled');
    });

    it('end a job after its time, and a step after its own', async () => {
      const timing = { minuteMs: 20 };
      const job = await run(hanging, { timing });
      assert.deepEqual(results(job.result), { A: 'Failed', B: 'Skipped' });
      assert.equal(jobOf(job.result)?.result, 'Canceled');
      assert.match(jobOf(job.result)?.issues[0]?.message ?? '', /ran longer than the maximum time of 30 minutes/);
      const step = await run('steps:\n- checkout: none\n- bash: exec sleep 30\n  timeoutInMinutes: 10\n', { timing });
      assert.equal(jobOf(step.result)?.steps[0]?.issues.at(-1)?.message, 'The task has timed out.');
      assert.equal(step.result.result, 'Failed');
    });

    it('end what does not stop within the time for cancelling', async () => {
      const controller = new AbortController();
      const yaml =
        'variables: { USE_GRACEFUL_PROCESS_SHUTDOWN: true }\njobs:\n- job: J\n  timeoutInMinutes: 0\n  cancelTimeoutInMinutes: 1\n  steps:\n  - checkout: none\n  - task: Probe@0\n    inputs: { hang: never }\n';
      const { result } = await run(yaml, {
        signal: controller.signal,
        timing: { minuteMs: 300 },
        onEvent: (event) => {
          if (event.type === 'line' && event.text === 'waiting') controller.abort();
        },
      });
      assert.equal(result.result, 'Canceled');
      assert.match(jobOf(result)?.issues[0]?.message ?? '', /did not stop after it was canceled/);
    });

    it('leave no process that a step started in the background', async () => {
      const { server } = await run('steps:\n- checkout: none\n- bash: sleep 600 > /dev/null 2>&1 & echo "pid $!"\n');
      const pid = Number(/pid (\d+)/.exec(server.allLogs())?.[1]);
      await new Promise((resolve) => setTimeout(resolve, 50));
      const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : 'gone';
      assert.ok(stat === 'gone' || stat.split(') ')[1]?.startsWith('Z'), stat);
    });
  });

  it('tries a failed step again', async () => {
    const countFile = path.join(folder, 'count');
    const yaml = `steps:\n- checkout: none\n- task: Probe@0\n  retryCountOnTaskFailure: 2\n  inputs: { countFile: '${countFile}', failUntil: 2 }\n`;
    const { result } = await run(yaml, { timing: { retryUnitMs: 1 } });
    assert.equal(result.result, 'Succeeded');
    assert.equal(readFileSync(countFile, 'utf8'), '2');
  });

  it('refuses a wrong file before a run exists', async () => {
    const server = new MemoryServer();
    await assert.rejects(run('steps:\n- pwsh: a\n', {}, server), /azure-pipelines\.yml:2:3: 'pwsh' is not supported/);
    assert.equal(server.requests.length, 0);
  });

  it('ends the run as failed when the server does not take its records', async () => {
    const server = new MemoryServer();
    server.appendLog = () => Promise.reject(new Error('no room for logs'));
    await assert.rejects(run('steps:\n- checkout: none\n- script: echo a\n', {}, server), /no room for logs/);
    assert.equal(server.changes.at(-1)?.result, 'failed');
  });
});
