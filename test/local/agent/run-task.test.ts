import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { runTask, type RunTaskOptions, type ServiceConnection, type StepResult } from '../../../local/agent';

const tasks = path.join(__dirname, 'fixtures', 'tasks');

const connection: ServiceConnection = {
  id: 'ABCDEF00-1111-4111-8111-111111111111',
  name: 'azure',
  type: 'AzureRM',
  url: 'https://management.example/',
  authorization: {
    scheme: 'ServicePrincipal',
    parameters: { tenantid: 'tenant-1', serviceprincipalkey: 'k3y-of-principal' },
  },
  data: { subscriptionId: 'sub-1' },
};

describe('a task on the local agent', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'agent-task-'));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  function run(
    inputs: Record<string, string>,
    options: Partial<RunTaskOptions> = {},
    task = 'Probe',
  ): Promise<StepResult> {
    return runTask({ taskFolder: path.join(tasks, task), workFolder: path.join(folder, '_work'), inputs, ...options });
  }

  /** Lines with `~~` for `##`, so that the inputs themselves are no commands when they are shown. */
  const print = (...lines: string[]): Promise<StepResult> => run({ print: lines.join('\n') });

  function shown(result: StepResult): Record<string, string> {
    const line = result.rawLines.find((text) => text.startsWith('{')) ?? '{}';
    return JSON.parse(line) as Record<string, string>;
  }

  describe('environment', () => {
    it('has inputs with defaults, trimmed, expanded, and aliases resolved', async () => {
      const result = await run(
        { Print: '  $(who) $(none) $(HOME) ', path: 'sub/file.txt', show: '^INPUT_' },
        { variables: { who: ' me ' } },
      );
      const environment = shown(result);
      assert.equal(environment['INPUT_PRINT'], ` me  $(none) ${process.env['HOME'] ?? '$(HOME)'}`);
      assert.equal(environment['INPUT_EXITCODE'], '0');
      assert.equal(environment['INPUT_FILE'], path.join(folder, '_work', '1', 's', 'sub', 'file.txt'));
      assert.ok(!('INPUT_PATH' in environment));
    });

    it('gives the repository folder for an empty file input', async () => {
      const environment = shown(await run({ show: '^INPUT_FILE' }));
      assert.equal(environment['INPUT_FILE'], path.join(folder, '_work', '1', 's'));
    });

    it('resolves a service connection by name, with the keys the agent writes', async () => {
      const result = await run(
        { connection: 'azure', show: '^(INPUT_CONNECTION|ENDPOINT_)' },
        { serviceConnections: [connection], accessToken: 'job-t0ken' },
      );
      const id = 'abcdef00-1111-4111-8111-111111111111';
      const environment = shown(result);
      assert.equal(environment['INPUT_CONNECTION'], connection.id);
      assert.equal(environment[`ENDPOINT_URL_${id}`], connection.url);
      assert.equal(environment[`ENDPOINT_AUTH_SCHEME_${id}`], 'ServicePrincipal');
      assert.equal(environment[`ENDPOINT_AUTH_PARAMETER_${id}_SERVICEPRINCIPALKEY`], 'k3y-of-principal');
      assert.equal(environment[`ENDPOINT_DATA_${id}_SUBSCRIPTIONID`], 'sub-1');
      assert.equal(environment['ENDPOINT_AUTH_PARAMETER_SYSTEMVSSCONNECTION_ACCESSTOKEN'], 'job-t0ken');
      const log = result.lines.join('\n');
      assert.ok(!log.includes('k3y-of-principal') && !log.includes('job-t0ken'));
      assert.ok(log.includes('tenant-1'));
    });

    it('refuses a service connection that does not exist', async () => {
      await assert.rejects(
        run({ connection: 'nope' }, { serviceConnections: [connection] }),
        /references service connection nope which could not be found/,
      );
    });

    it('passes secrets under SECRET_ and lists the names', async () => {
      const options = {
        variables: { 'My.Var': 'x', SAME: 'variable' },
        secretVariables: { 'my secret': 's3cr3t' },
        env: { SAME: 'env', KEY: ' $(my secret) ' },
      };
      const environment = shown(await run({ show: '^(SECRET_|VSTS_|MY_|TF_BUILD|SAME|KEY|AGENT_JOB)' }, options));
      assert.equal(environment['SECRET_MY_SECRET'], 's3cr3t');
      assert.equal(environment['MY_VAR'], 'x');
      assert.equal(environment['SAME'], 'variable');
      assert.equal(environment['KEY'], 's3cr3t');
      assert.equal(environment['TF_BUILD'], 'True');
      assert.equal(environment['AGENT_JOBSTATUS'], 'Succeeded');
      assert.deepEqual(JSON.parse(environment['VSTS_SECRET_VARIABLES'] ?? ''), ['my secret']);
    });

    it('keeps identity variables of the machine away and takes those of the agent', async () => {
      process.env['AZURE_CLIENT_ID'] = 'of the machine';
      try {
        const environment = shown(
          await run({ show: '^(AZURE_|IDENTITY_)' }, { environment: { IDENTITY_ENDPOINT: 'http://127.0.0.1:1' } }),
        );
        assert.deepEqual(environment, { IDENTITY_ENDPOINT: 'http://127.0.0.1:1' });
      } finally {
        delete process.env['AZURE_CLIENT_ID'];
      }
    });
  });

  describe('result', () => {
    it('is Succeeded without a word and exit code 0', async () => {
      const result = await run({});
      assert.deepEqual([result.result, result.exitCode, result.issues], ['Succeeded', 0, []]);
    });

    it('is Failed with a non-zero exit code, which the error names', async () => {
      const result = await run({ exitCode: '3' });
      assert.deepEqual([result.result, result.exitCode], ['Failed', 3]);
      assert.match(
        result.issues[0]?.message ?? '',
        /^Exit code 3 returned from process: file name '.*', arguments '".*index\.cjs"'\.$/,
      );
    });

    it('is the worst of several, and an error issue alone does not fail', async () => {
      assert.equal((await print('~~vso[task.logissue type=error]bad')).result, 'Succeeded');
      const two = await print(
        '~~vso[task.complete result=SucceededWithIssues]',
        '~~vso[task.complete result=Succeeded]',
      );
      assert.equal(two.result, 'SucceededWithIssues');
    });

    it('is Failed for Cancelled with two l, as the agent does not know the word', async () => {
      const result = await print('~~vso[task.complete result=Cancelled]');
      assert.equal(result.result, 'Failed');
      assert.ok(result.issues.some(({ message }) => message === "Command doesn't have valid result value."));
      assert.equal((await print('~~vso[task.complete result=Canceled]')).result, 'Canceled');
    });

    it('is softened by continueOnError when Failed, not when Canceled', async () => {
      assert.equal((await run({ exitCode: '1' }, { continueOnError: true })).result, 'SucceededWithIssues');
      const canceled = await run({ print: '~~vso[task.complete result=Canceled]' }, { continueOnError: true });
      assert.equal(canceled.result, 'Canceled');
    });

    it('is tried again after 1, 4, 9 units until it succeeds', async () => {
      const countFile = path.join(folder, 'count');
      const result = await run({ countFile, failUntil: '3' }, { retryCountOnTaskFailure: 3, retryUnitMs: 5 });
      assert.equal(result.result, 'Succeeded');
      assert.equal(readFileSync(countFile, 'utf8'), '3');
      const warnings = result.issues.map(({ message }) => /after (\d+) ms/.exec(message)?.[1]);
      assert.deepEqual(warnings, ['5', '20']);
    });

    it('stays Failed when the retries are used up', async () => {
      const countFile = path.join(folder, 'count');
      const result = await run({ countFile, failUntil: '9' }, { retryCountOnTaskFailure: 1, retryUnitMs: 1 });
      assert.deepEqual([result.result, readFileSync(countFile, 'utf8')], ['Failed', '2']);
    });
  });

  describe('logging commands', () => {
    it('set outputs that are declared, and other variables', async () => {
      const result = await print(
        '~~vso[task.setvariable variable=answer]42',
        '~~vso[task.setvariable variable=other]o',
        '~~vso[task.setvariable variable=more;isOutput=true]m',
      );
      assert.deepEqual(result.outputs, { answer: '42', more: 'm' });
      assert.equal(result.variables['Probe.answer'], '42');
      assert.equal(result.variables['other'], 'o');
      assert.ok(!('answer' in result.variables));
    });

    it('are taken from standard error too', async () => {
      assert.equal((await run({ printError: '~~vso[task.setvariable variable=answer]e' })).outputs['answer'], 'e');
    });

    it('mask a secret from then on', async () => {
      const result = await print(
        'before s3cret',
        '~~vso[task.setsecret]s3cret',
        'after s3cret',
        '~~vso[task.setvariable variable=v;issecret=true]other',
        'other',
      );
      assert.deepEqual(result.lines, ['before s3cret', 'after ***', '***']);
      assert.deepEqual(result.secrets, ['v']);
    });

    it('refuse a secret of several lines and a missing name', async () => {
      const many = await print('~~vso[task.setvariable variable=v;issecret=true]a%0Ab');
      assert.equal(many.result, 'Failed');
      assert.ok(many.issues.some(({ message }) => message === 'Secrets cannot contain multiple lines'));
      assert.equal((await print('~~vso[task.setvariable]x')).result, 'Failed');
    });

    it('warn of an unknown area and fail on an unknown event', async () => {
      const area = await print('~~vso[nothing.here]x');
      assert.deepEqual([area.result, area.issues[0]?.type], ['Succeeded', 'warning']);
      assert.match(area.issues[0]?.message ?? '', /Cannot find command extension for ##vso\[nothing.command\]/);
      const event = await print('~~vso[task.nothing]x');
      assert.equal(event.result, 'Failed');
      assert.ok(
        event.issues.some(({ message }) => message.includes('##vso[task.nothing] is not a recognized command')),
      );
    });

    it('warn of a broken command and print it', async () => {
      const result = await print('~~vso[broken');
      assert.match(result.issues[0]?.message ?? '', /contains logging command keyword '##vso'/);
      assert.equal(result.lines.at(-1), '##vso[broken');
    });

    it('keep ten errors and ten warnings', async () => {
      const result = await print(
        ...Array.from({ length: 15 }, (_, index) => `~~vso[task.logissue type=error]e${index}`),
        '~~vso[task.logissue type=warning]w',
      );
      assert.equal(result.issues.length, 11);
      assert.equal(result.lines.filter((line) => line.startsWith('##[error]')).length, 15);
    });

    it('word an issue with a source as the agent does', async () => {
      const result = await print(
        '~~vso[task.logissue type=warning;sourcepath=a.py;linenumber=3;columnnumber=5;code=E1]bad',
      );
      assert.equal(result.issues[0]?.message, 'a.py(3,5): warning E1: bad');
    });

    it('attach files, and fail for a file that is not there or a wrong name', async () => {
      const file = path.join(folder, 'note.md');
      writeFileSync(file, '# note');
      const good = await print(
        `~~vso[task.addattachment type=my.type;name=n]${file}`,
        `~~vso[task.uploadsummary]${file}`,
      );
      assert.deepEqual(good.attachments, [
        { type: 'my.type', name: 'n', content: '# note' },
        { type: 'Distributedtask.Core.Summary', name: 'note.md', content: '# note' },
      ]);
      assert.equal((await print('~~vso[task.addattachment type=t;name=n]/nowhere')).result, 'Failed');
      assert.equal((await print(`~~vso[task.addattachment type=t;name=a/b]${file}`)).result, 'Failed');
    });

    it('publish JUnit results', async () => {
      const file = path.join(folder, 'junit.xml');
      writeFileSync(
        file,
        `<testsuites><testsuite name="s"><testcase name="a" time="0.5"/><testcase name="b"><failure message="no &amp; never">why</failure></testcase><testcase name="c"><skipped/></testcase></testsuite></testsuites>`,
      );
      const result = await print(
        `~~vso[results.publish type=JUnit;runTitle=Checks;resultFiles=${file};failTaskOnFailedTests=true]`,
      );
      assert.deepEqual(result.tests, [
        {
          title: 'Checks',
          tests: [
            { suite: 's', name: 'a', outcome: 'Passed', durationMs: 500 },
            { suite: 's', name: 'b', outcome: 'Failed', durationMs: 0, message: 'no & never\nwhy' },
            { suite: 's', name: 'c', outcome: 'NotExecuted', durationMs: 0 },
          ],
        },
      ]);
      assert.equal(result.result, 'Failed');
    });

    it('tag, number, prepend to the path, report progress and debug', async () => {
      const lines = [
        '~~vso[build.addbuildtag] a b ',
        '~~vso[build.updatebuildnumber]7',
        '~~vso[task.setprogress value=30]third',
        '~~vso[task.setprogress value=10]back',
        '~~vso[task.debug]hidden',
      ];
      const quiet = await print(...lines);
      assert.deepEqual([quiet.tags, quiet.buildNumber], [['a b'], '7']);
      assert.deepEqual(quiet.progress, [
        { value: 30, text: 'third' },
        { value: 30, text: 'back' },
      ]);
      assert.ok(!quiet.lines.some((line) => line.includes('hidden')));
      const loud = await run({ print: lines.join('\n') }, { variables: { 'system.debug': 'true' } });
      assert.ok(loud.lines.includes('##[debug]hidden'));
      assert.ok(loud.lines.some((line) => line.startsWith('##[debug]Processed: ##vso[task.setprogress')));
    });

    it('are held to the restrictions of the task', async () => {
      const file = path.join(folder, 'note.md');
      writeFileSync(file, '# note');
      const lines = [
        '~~vso[task.setvariable variable=JobName]j',
        '~~vso[task.setvariable variable=okay]1',
        '~~vso[task.setvariable variable=evil]x',
        '~~vso[task.prependpath]/evil',
        `~~vso[task.uploadsummary]${file}`,
        '~~vso[build.addbuildtag]t',
      ];
      const result = await run({ print: lines.join('\n') }, {}, 'Locked');
      assert.equal(result.result, 'Succeeded');
      assert.deepEqual(result.outputs, { JobName: 'j' });
      assert.ok('okay' in result.variables && !('evil' in result.variables));
      assert.deepEqual([result.attachments, result.tags], [[], []]);
      assert.deepEqual(
        result.issues.map(({ message }) => message.split('.')[0]),
        [
          "Setting variable 'evil' has been disabled by the task or build definition",
          "Setting variable 'PATH' has been disabled by the task or build definition",
          '##vso[task',
          '##vso[build',
        ],
      );
    });

    it('may not change a read-only variable', async () => {
      const refused = await run(
        { print: '~~vso[task.setvariable variable=agent.jobstatus]x' },
        { variables: { 'agent.readOnlyVariables': 'true' } },
      );
      assert.equal(refused.result, 'Failed');
      const warned = await run(
        { print: '~~vso[task.setvariable variable=agent.jobstatus]x' },
        { variables: { 'agent.readOnlyVariables': 'false' } },
      );
      assert.deepEqual([warned.result, warned.issues[0]?.type], ['Succeeded', 'warning']);
    });
  });

  describe('cancellation', () => {
    const quick = { PROCESS_SIGINT_TIMEOUT: '200', PROCESS_SIGTERM_TIMEOUT: '150' };

    /** Cancels as soon as the task says that it waits. */
    async function cancel(hang: string, options: Partial<RunTaskOptions> = {}): Promise<StepResult & { ms: number }> {
      const controller = new AbortController();
      let at = 0;
      const onLine = (line: string): void => {
        if (line !== 'waiting') return;
        at = Date.now();
        controller.abort();
      };
      const result = await run({ hang }, { variables: quick, ...options, signal: controller.signal, onLine });
      return { ...result, ms: Date.now() - at };
    }

    it('sends SIGINT first and is Canceled even with exit code 0', async () => {
      const patient = { PROCESS_SIGINT_TIMEOUT: '20000', PROCESS_SIGTERM_TIMEOUT: '20000' };
      const result = await cancel('sigint', { variables: patient });
      assert.equal(result.result, 'Canceled');
      assert.ok(result.lines.includes('got SIGINT') && !result.lines.includes('got SIGTERM'));
      assert.equal(result.issues.at(-1)?.message, 'The operation was canceled.');
      assert.ok(result.ms < 19_000, `${result.ms} ms`);
    });

    it('sends SIGTERM to what does not stop, then kills', async () => {
      const term = await cancel('sigterm');
      assert.ok(term.lines.includes('got SIGTERM') && term.ms >= 190);
      const kill = await cancel('never');
      assert.ok(kill.lines.includes('got SIGTERM') && kill.ms >= 340, `${kill.ms} ms`);
      assert.equal(kill.result, 'Canceled');
    });

    it('is Failed when the time of the step is over', async () => {
      const result = await run({ hang: 'sigint' }, { variables: quick, timeoutMs: 400 });
      assert.equal(result.result, 'Failed');
      assert.equal(result.issues.at(-1)?.message, 'The task has timed out.');
    });

    it('leaves no process of the task behind', async function () {
      this.timeout(15000);
      const result = await run({ hang: 'child' });
      const pid = Number(/child (\d+)/.exec(result.lines.join('\n'))?.[1]);
      assert.ok(pid > 0);
      await new Promise((resolve) => setTimeout(resolve, 50));
      const state = ((): string => {
        try {
          return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0] ?? '';
        } catch {
          return 'gone';
        }
      })();
      assert.ok(state === 'gone' || state === 'Z', state);
    });

    it('stops waiting five seconds after done=true, and drops what comes later', async function () {
      this.timeout(15000);
      const result = await run({ print: '~~vso[task.complete result=Succeeded;done=true]', hang: 'never' });
      assert.equal(result.result, 'Succeeded');
    });
  });
});
