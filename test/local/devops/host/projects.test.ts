import assert from 'node:assert/strict';

import { generate } from '../../../../local/devops/generate';
import { HubStage } from '../../../support/hub-stage';
import { temporaryFolder } from '../support';

describe('the hub in several projects', () => {
  const stateDir = temporaryFolder();
  let stage: HubStage;
  let models: Record<'diabetes' | 'speech', string[]>;
  before(async () => {
    const small = { stateDir, versions: 3, runs: 8, pending: 1 };
    models = {
      diabetes: generate({ ...small, models: 2, isolated: false }).models,
      speech: generate({ ...small, models: 1, project: 'speech' }).models,
    };
    stage = await HubStage.start({ stateDir });
  });
  after(() => stage.stop());

  it('shows those of the project that the control names, and nothing of the others', async () => {
    const tab = await stage.newTab();
    await tab.goto();
    const shown = async (): Promise<string[]> => {
      const text = await tab.text();
      return Object.values(models)
        .flat()
        .filter((model) => text.includes(model));
    };
    const choose = async (project: string): Promise<void> => {
      await tab.page.selectOption('select[name=project]', project);
      await tab.page.waitForURL(`**/local/${project}/_apps/hub/**`);
      await tab.ready();
    };
    const rows = (): Promise<number> => tab.frame.locator('table tbody tr').count();
    assert.deepEqual([await shown(), (await rows()) > 0], [models.diabetes, true]);
    await choose('vision');
    assert.deepEqual([await shown(), await rows(), await tab.problems()], [[], 0, '']);
    assert.match(await tab.text(), /No models yet/);
    await choose('speech');
    assert.deepEqual([await shown(), await rows()], [models.speech, 1]);
    await tab.page.reload();
    await tab.ready();
    assert.deepEqual(await shown(), models.speech, 'the address keeps the project');
    await choose('diabetes');
    assert.deepEqual([await shown(), await tab.problems()], [models.diabetes, '']);
    assert.deepEqual(tab.noise, { console: [], dialogs: [], foreign: [] });
    await tab.close();
  });
});
