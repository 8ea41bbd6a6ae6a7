import { build } from 'esbuild';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { LocalDevOps } from '../../../../local/devops';
import { startHost, type LocalHost } from '../../../../local/devops/host';
import { buildHost } from '../../../../scripts/build-host';
import { newRun, start, temporaryFolder } from '../support';

export const taskId = '11111111-2222-4333-8444-555555555555';

export const manifest = {
  manifestVersion: 1,
  id: 'probe',
  publisher: 'tests',
  name: 'Probe',
  version: '1.2.3',
  scopes: ['vso.build'],
  contributions: [
    page('settings-hub', 'ms.vss-web.hub', 'ms.vss-web.project-admin-hub-group', { name: 'Rules', order: 2 }),
    page('models-hub', 'ms.vss-web.hub', 'ms.vss-build-web.build-release-hub-group', { name: 'Models', order: 1 }),
    page('model-tab', 'ms.vss-build-web.build-results-tab', 'ms.vss-build-web.build-results-view', {
      name: 'Model',
      supportsTasks: [taskId],
    }),
    { id: 'a-task', type: 'ms.vss-distributed-task.task', targets: [], properties: { name: 'tasks/Some' } },
  ],
};

export interface Stage {
  devops: LocalDevOps;
  host: LocalHost;
  folder: string;
  stop(): Promise<void>;
}

/** Azure DevOps with a host page around a small extension. With `built`, page and extension are there to run in a browser. */
export async function setStage(built: boolean): Promise<Stage> {
  const folder = temporaryFolder();
  const [pageFolder, hubFolder] = [join(folder, 'page'), join(folder, 'hub')];
  const manifestFile = join(folder, 'vss-extension.json');
  mkdirSync(hubFolder);
  mkdirSync(pageFolder);
  writeFileSync(manifestFile, JSON.stringify(manifest));
  writeFileSync(join(pageFolder, 'index.html'), '<!doctype html><title>host</title>');
  writeFileSync(
    join(hubFolder, 'page.html'),
    '<!doctype html><meta charset="utf-8"><script src="main.js"></script><body>',
  );
  if (built) {
    await buildHost(pageFolder);
    const entry = join(__dirname, 'extension.mjs');
    await build({ entryPoints: [entry], outfile: join(hubFolder, 'main.js'), bundle: true, logLevel: 'warning' });
  }
  const devops = await start({ stateDir: join(folder, 'state') });
  const host = await startHost({ devops, manifestFile, hubFolder, pageFolder, stateDir: join(folder, 'state') });
  const stop = async (): Promise<void> => {
    await host.stop();
    await devops.stop();
  };
  return { devops, host, folder, stop };
}

/** A run in which one task ran to its end. */
export async function runWithTask({ devops }: Stage, id: string): Promise<number> {
  const run = await newRun(devops);
  await devops.server.updateRun(run.id, { state: 'inProgress' });
  const stage = 'aaaaaaaa-0000-4000-8000-000000000001';
  const done = { state: 'completed', result: 'succeeded', attempt: 1 } as const;
  await devops.server.updateTimeline(run.id, [
    { ...done, id: stage, type: 'Stage', name: 'Train it', identifier: 'Train', order: 1 },
    {
      ...done,
      id: 'aaaaaaaa-0000-4000-8000-000000000002',
      parentId: stage,
      type: 'Task',
      name: 'Some',
      order: 1,
      task: { id, name: 'Some', version: '1.0.0' },
    },
  ]);
  await devops.server.appendLog(run.id, 'aaaaaaaa-0000-4000-8000-000000000002', ['first line', '<b>not markup</b>']);
  await devops.server.updateRun(run.id, { state: 'completed', result: 'succeeded' });
  return run.id;
}

function page(id: string, type: string, target: string, properties: Record<string, unknown>): Record<string, unknown> {
  return { id, type, targets: [target], properties: { uri: 'hub/page.html', ...properties } };
}
