import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { runPipeline, type AgentEvent, type RunPipelineOptions, type RunResult } from '../../../local/agent';
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
});
