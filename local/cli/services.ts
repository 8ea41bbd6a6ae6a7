import { rmSync } from 'node:fs';

import type { Command } from './command';
import { startDaemon, stopDaemon } from './daemon';
import type { Build } from './devops-client';
import { Failure } from './errors';
import { withoutKey } from './hub';
import { portOf } from './pairs';
import { stateFolder, stateOption } from './paths';
import { killDescendants } from './processes';
import { handlerOf } from './run';
import { findRunning, runningFile, type Running } from './running';
import { onInterrupt } from './signals';
import { approversOf, seenByAnybody, waitingApprovals, waitingLine } from './waiting';

/** How many runs `mlops status` shows. */
const latestRuns = 5;

const state = { state: { type: 'string' } } as const;
const stateHelp = { 'state DIR': 'folder of the state (default: .mlops)' };
const startOptions = {
  ...state,
  port: { type: 'string' },
  handler: { type: 'string' },
  record: { type: 'string' },
} as const;

export const up: Command = {
  name: 'up',
  summary: 'Start Azure and Azure DevOps on this machine, in the background',
  usage: '',
  positionals: 0,
  options: { ...startOptions, json: { type: 'boolean' } },
  help: {
    'port PORT':
      "first of five ports: Azure, its metadata service, Azure DevOps, the hub's page and files (default: free ones, kept)",
    'handler NAME': 'node20 or node24: the Node on which tasks run',
    'record FILE': 'write every exchange with Azure to FILE, secrets hidden',
    ...stateHelp,
    json: 'print the addresses as JSON',
  },
  async run(args, output) {
    const stateDir = stateFolder(args.value('state'));
    portOf('port', args.value('port'));
    handlerOf(args.value('handler'));
    const known = findRunning(stateDir);
    if (known?.kind === 'daemon')
      throw new Failure(`The services run already (process ${known.pid}). See \`mlops status\`.`);
    const given = (['port', 'handler', 'record'] as const).flatMap((name) => {
      const value = args.value(name);
      return value === undefined ? [] : [`--${name}`, value];
    });
    const running = await startDaemon(stateDir, given);
    if (output.json) output.document(addresses(running));
    for (const line of addressLines(running)) output.line(line);
    const option = stateOption(args.value('state'));
    output.line(
      `Stop them with \`mlops down${option}\`; use them from other programs with \`eval "$(mlops env${option})"\`.`,
    );
    return 0;
  },
};

export const down: Command = {
  name: 'down',
  summary: 'Stop what `mlops up` started',
  usage: '',
  positionals: 0,
  options: state,
  help: stateHelp,
  async run(args, output) {
    const stateDir = stateFolder(args.value('state'));
    const running = findRunning(stateDir);
    if (!running) {
      output.line('Nothing is running here.');
      return 0;
    }
    if (running.kind !== 'daemon')
      throw new Failure(`A command is running here (process ${running.pid}); end it with Ctrl-C where it runs.`);
    const how = await stopDaemon(running);
    rmSync(runningFile(stateDir), { force: true });
    output.line(how === 'ended' ? 'Stopped.' : `Process ${running.pid} did not end in time and was killed.`);
    return 0;
  },
};

export const status: Command = {
  name: 'status',
  summary: 'Show what runs here, and its latest runs',
  usage: '',
  positionals: 0,
  options: { ...state, json: { type: 'boolean' } },
  help: { ...stateHelp, json: 'print it as JSON' },
  async run(args, output) {
    const running = findRunning(stateFolder(args.value('state')));
    if (!running) {
      if (output.json) output.document({ running: false });
      output.line('Nothing is running here. Start with `mlops up` or `mlops demo`.');
      return 0;
    }
    const builds = await latestBuilds(running);
    const pending = await waitingApprovals(running);
    if (output.json) {
      const runs = builds.map((one) => ({
        id: one.id,
        number: one.buildNumber,
        pipeline: one.definition.name,
        status: one.status,
        result: one.result ?? null,
      }));
      const approvals = pending.map(({ approval, deciders }) => ({
        id: approval.id,
        run: approval.pipeline.owner.name,
        runId: approval.pipeline.owner.id,
        approvers: approversOf(approval),
        mayDecide: deciders.map((one) => one.shortName),
      }));
      output.document({ running: true, kind: running.kind, ...addresses(running), runs, approvals });
      return 0;
    }
    for (const line of addressLines(running)) output.line(line);
    for (const one of builds)
      output.line(`  run ${one.buildNumber} of ${one.definition.name}: ${one.result ?? one.status}`);
    for (const one of pending)
      output.line(
        `  run ${one.approval.pipeline.owner.name} ${waitingLine(one, pending, { state: args.value('state') })}`,
      );
    return 0;
  },
};

/** The background process itself. */
export const serve: Command = {
  name: 'serve',
  summary: 'Run the services in the foreground',
  usage: '',
  positionals: 0,
  hidden: true,
  options: startOptions,
  help: stateHelp,
  async run(args, output) {
    const interrupt = onInterrupt(output, 'Stopping…', killDescendants);
    const { startSession } = await import('./session');
    const session = await startSession({
      stateDir: stateFolder(args.value('state')),
      kind: 'daemon',
      what: 'mlops up',
      port: portOf('port', args.value('port')),
      handler: handlerOf(args.value('handler')),
      recordFile: args.value('record'),
    });
    // What is printed here goes to a log file, where a key has no place.
    const { running } = session;
    for (const line of addressLines({ ...running, hub: { url: withoutKey(running.hub.url) } })) output.line(line);
    await new Promise<void>((resolve) => {
      if (interrupt.signal.aborted) resolve();
      interrupt.signal.addEventListener('abort', () => resolve());
    });
    await session.stop();
    killDescendants();
    interrupt.done();
    return 0;
  },
};

async function latestBuilds(running: Running): Promise<Build[]> {
  const seen = await seenByAnybody(running, (client) =>
    client.builds(`queryOrder=queueTimeDescending&$top=${latestRuns}`),
  );
  return seen
    .map(({ one }) => one)
    .sort((a, b) => Date.parse(b.queueTime) - Date.parse(a.queueTime))
    .slice(0, latestRuns);
}

function addresses(running: Running): Record<string, unknown> {
  return {
    pid: running.pid,
    azure: running.azure.url,
    metadata: running.azure.imdsUrl,
    azureDevOps: running.devops.url,
    hub: running.hub.url,
    project: running.devops.project,
  };
}

function addressLines(running: Running): string[] {
  return [
    `Azure          ${running.azure.url}`,
    `Azure DevOps   ${running.devops.url}/${running.devops.project}`,
    `Hub            ${running.hub.url}`,
    `Users          ${running.devops.users.map((one) => `${one.shortName} (${one.displayName})`).join(', ')}`,
    `Process        ${running.pid}`,
  ];
}
