import assert from 'node:assert/strict';

import { approve, reject } from '../../../local/cli/decide';
import { stateOption } from '../../../local/cli/paths';
import { publishRunning, type Running } from '../../../local/cli/running';
import { status } from '../../../local/cli/services';
import { waitingApprovals, waitingLine } from '../../../local/cli/waiting';
import type { LocalDevOps } from '../../../local/devops';
import { generate } from '../../../local/devops/generate';
import { start, temporaryFolder } from '../devops/support';
import { Heard } from './heard';

describe('approvals that wait in two teams that do not see each other', () => {
  let devops: LocalDevOps;
  let folder: string;
  let running: Running;
  before(async () => {
    folder = temporaryFolder();
    generate({ stateDir: folder, models: 2, versions: 12, runs: 40, pending: 6 });
    devops = await start({ stateDir: folder });
    running = {
      pid: process.pid,
      started: '',
      kind: 'daemon',
      devops: { url: devops.url, project: devops.project.name, users: devops.users },
      hub: { url: 'http://127.0.0.1:1/#key=x' },
      azure: { url: '', imdsUrl: '', caFile: '', logFile: '', environment: {} },
    };
    publishRunning(folder, running);
  });
  after(() => devops.stop());

  async function type(command: typeof approve, positionals: string[], options: Record<string, string> = {}) {
    const output = new Heard();
    const values: Record<string, string | undefined> = { state: folder, ...options };
    await command.run({ positionals, flag: () => false, value: (name) => values[name], values: () => [] }, output);
    return output.lines;
  }

  const only = (name: string) => running.devops.users.filter((one) => one.shortName === name);

  it('are found as everybody, each once, with those who may decide', async () => {
    const all = await waitingApprovals(running);
    assert.deepEqual([all.length, new Set(all.map((one) => one.approval.id)).size], [6, 6]);
    const seenByOne = await waitingApprovals(running, only('ana'));
    assert.ok(seenByOne.length < 6);
    for (const { approval, deciders } of all) {
      assert.ok(deciders.length > 0);
      for (const one of deciders)
        assert.ok(!approval.blockedApprovers.some(({ id }) => id === one.id), 'who asked for the run may not decide');
    }
  });

  it('are shown with a command that works as it stands', async () => {
    const lines = (await type(status, [])).filter((line) => line.includes('waits for'));
    assert.equal(lines.length, 6);
    assert.equal(new Set(lines).size, 6);
    const all = await waitingApprovals(running);
    const [, run = '', decider = '', state] =
      /: mlops approve (\d+) --as (\w+) --state (.+)$/.exec(lines[0] ?? '') ?? [];
    assert.equal(state, folder);
    const meant = all.find((one) => String(one.approval.pipeline.owner.id) === run);
    assert.ok(
      meant?.deciders.some((one) => one.shortName === decider),
      lines[0],
    );
  });

  it('are shown with the same state once more, as a shell reads it', () => {
    assert.deepEqual([undefined, '', '.mlops/history', "it's here"].map(stateOption), [
      '',
      '',
      ' --state .mlops/history',
      " --state 'it'\\''s here'",
    ]);
  });

  it('of one run are told apart by their own ids', async () => {
    const [one] = await waitingApprovals(running);
    assert.ok(one);
    const other = { ...one, approval: { ...one.approval, id: 'another' } };
    assert.match(
      waitingLine(one, [one, other], { state: undefined }),
      new RegExp(`: mlops approve ${one.approval.id} --as \\w+$`),
    );
    assert.doesNotMatch(waitingLine({ ...one, deciders: [] }, [one], { state: undefined }), /mlops approve/);
  });

  it('are decided without a name by somebody who may, whoever of the teams that is', async () => {
    const all = await waitingApprovals(running);
    const mine = new Set((await waitingApprovals(running, only('ana'))).map(({ approval }) => approval.id));
    const foreign = all.find(({ approval }) => !mine.has(approval.id));
    assert.ok(foreign);
    const id = String(foreign.approval.pipeline.owner.id);
    await assert.rejects(type(approve, [id], { as: 'ana' }), /where Ana Ruiz sees it/);
    const [first = ''] = await type(approve, [id]);
    assert.ok(
      foreign.deciders.some(({ displayName }) => first.startsWith(`${displayName} approved run `)),
      first,
    );
    assert.equal((await waitingApprovals(running)).length, 5);
  });

  it('are named without a repetition when it is not clear which one is meant', async () => {
    await assert.rejects(type(reject, []), ({ message }: Error) => {
      const hints = message.match(/mlops reject \S+ --as \w+/g) ?? [];
      return hints.length === 5 && new Set(hints).size === 5;
    });
    await assert.rejects(
      type(approve, ['nothing']),
      /No approval of 'nothing' is waiting\. Waiting are those of run \d+/,
    );
  });
});
