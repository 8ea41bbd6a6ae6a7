import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { isSameProcess, startOf } from '../../../local/cli/lock';
import { findRunning } from '../../../local/cli/running';
import { isObject } from '../../../local/devops/shape';

const script = join(__dirname, '..', '..', '..', 'build', 'mlops.js');

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

const gated = `
stages:
  - stage: Build
    jobs:
      - job: a
        steps:
          - bash: echo hello
  - stage: Production
    dependsOn: Build
    jobs:
      - deployment: d
        environment: diabetes-production
        strategy:
          runOnce:
            deploy:
              steps:
                - bash: echo live
`;

describe('the mlops command line', function () {
  this.timeout(90_000);
  let folder: string;
  const started: ChildProcess[] = [];

  before(() => {
    assert.ok(existsSync(script), `${script} is not there: run \`npm run build\` first.`);
    folder = mkdtempSync(join(tmpdir(), 'mlops-test-'));
    mkdirSync(join(folder, 'project'));
    const write = (name: string, text: string): void => writeFileSync(join(folder, 'project', name), text);
    write('gated.yml', gated);
    write(
      'hello.yml',
      "parameters:\n  - name: who\n    default: nobody\nsteps:\n  - bash: 'echo hello ${{ parameters.who }} $(word)'\n",
    );
    write('failing.yml', "steps:\n  - bash: 'echo the reason; exit 3'\n");
    write('broken.yml', 'steps:\n  - bahs: echo\n');
    // It ends at once when interrupted, and leaves a child of its own to whoever started it.
    const endless = `echo $BASHPID; sleep 60 & echo $! > '${join(folder, 'child.pid')}'; trap 'exit 1' INT; wait`;
    write('long.yml', `steps:\n  - bash: ${JSON.stringify(endless)}\n`);
  });
  after(async () => {
    const running = findRunning(join(folder, '.mlops'));
    if (running) {
      spawnSync(process.execPath, [script, 'down'], { cwd: folder });
    }
    for (const child of started) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await sleep(50);
    rmSync(folder, { recursive: true, force: true });
  });

  function open(...args: string[]): {
    child: ChildProcess;
    ended: Promise<Ended>;
    until: (text: string) => Promise<void>;
  } {
    const child = spawn(process.execPath, [script, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    started.push(child);
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    const ended = once(child, 'close').then(([code]: unknown[]) => ({
      code: typeof code === 'number' ? code : null,
      out,
      err,
    }));
    const until = async (text: string): Promise<void> => {
      for (const begun = Date.now(); Date.now() - begun < 60_000;) {
        await sleep(50);
        if (`${out}${err}`.includes(text)) return;
        assert.equal(child.exitCode, null, `It ended early: ${out}${err}`);
      }
      assert.fail(`'${text}' did not appear in: ${out}${err}`);
    };
    return { child, ended, until };
  }

  function mlops(...args: string[]): Promise<Ended> {
    return open(...args).ended;
  }

  function document({ out }: Ended): Record<string, unknown> {
    const value: unknown = JSON.parse(out);
    assert.ok(isObject(value));
    return value;
  }

  describe('typed wrongly', () => {
    for (const [args, message] of [
      [['frobnicate'], /^mlops: There is no command 'frobnicate'\. See `mlops help`\.\n$/],
      [['run'], /^mlops: Say which pipeline: mlops run FILE\.\n$/],
      [['demo', '--set', 'alpha'], /^mlops: --set takes name=value; 'alpha' is not that\.\n$/],
      [['demo', '--colour'], /^mlops: Unknown option '--colour'.* See `mlops help demo`\.\n$/],
      [['up', '--port', '70000'], /^mlops: --port takes a port/],
      [['run', 'project/hello.yml', 'more'], /does not take 'more'/],
    ] as const) {
      it(`mlops ${args.join(' ')}: one sentence, exit code 2`, async () => {
        const { code, out, err } = await mlops(...args);
        assert.deepEqual([code, out], [2, '']);
        assert.match(err, message);
      });
    }
  });

  describe('with services of its own', () => {
    it('runs a pipeline with parameters and variables', async () => {
      const ended = await mlops('run', 'project/hello.yml', '--set', 'who=Ana', '--var', 'word=there');
      assert.equal(ended.code, 0, ended.err);
      assert.match(ended.out, /Run \d{8}\.1 succeeded/);
      const log = readFileSync(join(folder, '.mlops', 'devops', 'runs', '1', 'logs', '2.log'), 'utf8');
      assert.match(log, /hello Ana there/);
    });

    it('ends with 1 and shows the log of what failed; stdout is one document with --json', async () => {
      const plain = await mlops('run', 'project/failing.yml');
      assert.equal(plain.code, 1);
      assert.match(plain.out, /Log of .*\n(?:.*\n)* {2}the reason/);
      const ended = await mlops('run', 'project/failing.yml', '--json');
      assert.equal(ended.code, 1);
      assert.equal(document(ended)['result'], 'failed');
    });

    it('names the place of a mistake in the file', async () => {
      const { code, err } = await mlops('run', 'project/broken.yml');
      assert.equal(code, 1);
      assert.match(err, /^mlops: broken\.yml:2:\d+: /);
    });

    it('cancels on Ctrl-C, waits, and leaves no process behind', async () => {
      const { child, ended, until } = open('run', 'project/long.yml');
      const pidFile = join(folder, 'child.pid');
      await until('Run …');
      for (const begun = Date.now(); !existsSync(pidFile) && Date.now() - begun < 20_000;) await sleep(50);
      const pid = Number(readFileSync(pidFile, 'utf8'));
      const began = startOf(pid) ?? '';
      assert.notEqual(began, '');
      child.kill('SIGINT');
      const { code, out } = await ended;
      assert.equal(code, 130);
      assert.match(out, /canceled/);
      assert.equal(isSameProcess(pid, began), false);
      assert.equal(findRunning(join(folder, '.mlops')), undefined);
    });

    it('lets another process decide, and refuses a second command meanwhile', async () => {
      const { ended, until } = open('run', 'project/gated.yml');
      await until('waits for [diabetes]\\Model approvers');
      const second = await mlops('run', 'project/hello.yml');
      assert.equal(second.code, 1);
      assert.match(second.err, /^mlops: mlops run project\/gated\.yml is already running here \(process \d+\)\./);
      const own = await mlops('approve', '--as', 'ana');
      assert.equal(own.code, 1);
      assert.match(own.err, /requester of a run cannot approve/);
      const decided = await mlops('approve', '--comment', 'looks good');
      assert.match(
        decided.out,
        /^Ben Okafor approved run \d{8}\.1 of project-gated\.\nEvidence +sha256:[0-9a-f]{64}\n.*no stage before the gate left any\n$/,
      );
      assert.equal((await ended).code, 0);
      assert.match((await mlops('approve')).err, /Nothing is running here/);
    });

    it('fails when the approval is rejected', async () => {
      const { ended, until } = open('run', 'project/gated.yml');
      await until('waits for');
      assert.equal((await mlops('reject', '--as', 'Cleo Lind')).code, 0);
      const { code, out } = await ended;
      assert.equal(code, 1);
      assert.match(out, /✘ Production/);
    });

    it('says in one sentence that the state cannot be there', async () => {
      for (const command of [['up'], ['fill'], ['run', 'project/hello.yml']]) {
        const { code, err } = await mlops(...command, '--state', '/proc/x');
        assert.equal(code, 1);
        assert.match(
          err,
          /^(Starting .*\n)?mlops: \/proc\/x cannot be used \(\w+\): choose another place with --state/,
        );
      }
    });

    it('says in one sentence that a port is in use', async () => {
      const other = createServer();
      await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
      const address = other.address();
      assert.ok(typeof address === 'object' && address !== null);
      const { code, err } = await mlops('up', '--port', String(address.port - 2), '--state', join(folder, 'other'));
      other.close();
      assert.equal(code, 1);
      assert.match(err, new RegExp(`^mlops: .*${address.port}.*in use`));
    });
  });

  describe('with services in the background', () => {
    before(async () => {
      const { code, err } = await mlops('up');
      assert.equal(code, 0, err);
    });
    after(async () => {
      const running = findRunning(join(folder, '.mlops'));
      const { code, out } = await mlops('down');
      assert.deepEqual([code, out], [0, 'Stopped.\n']);
      assert.ok(running);
      assert.equal(isSameProcess(running.pid, running.started), false);
      assert.match((await mlops('down')).out, /Nothing is running here/);
    });

    it('are not started twice', async () => {
      const { code, err } = await mlops('up');
      assert.equal(code, 1);
      assert.match(err, /^mlops: The services run already \(process \d+\)\./);
    });

    it('take runs, and stay', async () => {
      const ended = await mlops('run', 'project/hello.yml', '--json');
      assert.equal(document(ended)['result'], 'succeeded');
      const status = document(await mlops('status', '--json'));
      assert.deepEqual([status['running'], status['kind']], [true, 'daemon']);
      assert.match(
        (await mlops('run', 'project/hello.yml', '--handler', 'node24')).err,
        /--handler is set when the services start/,
      );
    });

    it('give other programs what they need, once as shell text and once as JSON', async () => {
      const variables = document(await mlops('env', '--json'));
      const needed = [
        ...[
          'ARM_ENDPOINT',
          'ARM_CLOUD_METADATA_URL',
          'AZUREML_CURRENT_CLOUD',
          'AZURE_AUTHORITY_HOST',
          'AZURE_TENANT_ID',
          'AZURE_SUBSCRIPTION_ID',
        ],
        ...[
          'AZURE_CLIENT_ID',
          'AZURE_CLIENT_SECRET',
          'IDENTITY_ENDPOINT',
          'IDENTITY_HEADER',
          'AZURE_POD_IDENTITY_AUTHORITY_HOST',
        ],
        ...[
          'MLOPS_RESOURCE_GROUP',
          'MLOPS_WORKSPACE',
          'MLOPS_REGISTRY',
          'KUBECONFIG',
          'SSL_CERT_FILE',
          'REQUESTS_CA_BUNDLE',
          'NODE_EXTRA_CA_CERTS',
        ],
        ...['AZURE_DEVOPS_ORG_URL', 'AZURE_DEVOPS_PROJECT', 'AZURE_DEVOPS_EXT_PAT', 'MLOPS_HUB_URL'],
      ];
      assert.deepEqual(
        needed.filter((name) => typeof variables[name] !== 'string' || variables[name] === ''),
        [],
      );
      const { out } = await mlops('env');
      const shell = spawnSync('sh', ['-c', `${out}printf %s "$AZURE_DEVOPS_EXT_PAT"`], { encoding: 'utf8' });
      assert.equal(shell.stdout, variables['AZURE_DEVOPS_EXT_PAT']);
      const response = await fetch(`${String(variables['AZURE_DEVOPS_ORG_URL'])}/_apis/projects`, {
        headers: { authorization: `Bearer ${String(variables['AZURE_DEVOPS_EXT_PAT'])}` },
      });
      assert.equal(response.status, 200);
    });

    it('keep tokens and keys from other users of the machine', () => {
      for (const file of ['running.json', join('devops', 'collection.json'), 'mlops.log']) {
        assert.equal(statSync(join(folder, '.mlops', file)).mode & 0o077, 0, file);
      }
      assert.doesNotMatch(readFileSync(join(folder, '.mlops', 'mlops.log'), 'utf8'), /key=/);
    });

    it('show the hub, with the key of this start, and let nobody fill the state under them', async () => {
      const { hub } = document(await mlops('status', '--json'));
      assert.match(String(hub), /^http:\/\/127\.0\.0\.1:\d+\/#key=.{32}$/);
      const page = await fetch(new URL('/', String(hub)));
      assert.deepEqual([page.status, page.headers.get('content-type')], [200, 'text/html; charset=utf-8']);
      const filled = await mlops('fill');
      assert.deepEqual([filled.code, /Stop them with `mlops down`/.test(filled.err)], [1, true]);
    });

    it('cancel the run of a command that was interrupted, and go on', async () => {
      const { child, ended, until } = open('run', 'project/gated.yml');
      await until('waits for');
      child.kill('SIGTERM');
      assert.equal((await ended).code, 130);
      const { approvals } = document(await mlops('status', '--json'));
      assert.deepEqual(approvals, []);
    });
  });

  it('fills a state with a history that the services then show', async () => {
    const state = join(folder, 'filled');
    const made = document(
      await mlops('fill', '--versions', '5', '--runs', '20', '--models', '2', '--state', state, '--json'),
    );
    assert.deepEqual([made['runs'], made['versions']], [20, 5]);
    await mlops('up', '--state', state);
    const { runs } = document(await mlops('status', '--json', '--state', state));
    await mlops('down', '--state', state);
    assert.ok(Array.isArray(runs) && runs.length === 5);
    const again = await mlops('fill', '--versions', '5', '--runs', '20', '--state', state);
    assert.deepEqual([again.code, again.out], [1, '']);
    assert.match(again.err, /^mlops: The state folder .*filled holds 20 runs already; .*--state DIR.*\.\n$/);
    const small = ['--versions', '2', '--runs', '5', '--models', '1', '--state', state];
    assert.equal(document(await mlops('fill', '--project', 'vision', '--json', ...small))['runs'], 5);
    const wrong = await mlops('fill', '--versions', 'many', '--state', state);
    assert.deepEqual([wrong.code, wrong.out], [2, '']);
  });

  it('doctor names what it found', async () => {
    const ended = await mlops('doctor', '--json');
    const { ready, findings } = document(ended);
    assert.ok(Array.isArray(findings));
    assert.equal(ready, ended.code === 0);
    assert.ok(findings.some((one: unknown) => isObject(one) && one['what'] === 'Node.js' && one['state'] === 'ok'));
  });
});
