import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';

import type { Arguments, Command } from './command';
import { Failure, UsageError } from './errors';
import { translatorFile } from './paths';

/**
 * The commands that read Azure ML files. Reading them is the tasks' work: as with the tasks, what is built runs in a process
 * of its own, and this one knows its command line only.
 */
const shared = {
  options: {
    set: { type: 'string', multiple: true },
    kind: { type: 'string' },
    subscription: { type: 'string' },
    'resource-group': { type: 'string' },
    workspace: { type: 'string' },
    location: { type: 'string' },
  },
  help: {
    'set PATH=VALUE': 'change a value of the file first, as in --set inputs.alpha=2.0 (may be repeated)',
    'kind KIND': 'what the files are, where they do not say: command job, pipeline job, environment, …',
    'subscription ID': 'whose workspace the names belong to (default: zeros)',
    'resource-group NAME': 'group of the workspace (default: resource-group)',
    'workspace NAME': 'the workspace (default: workspace)',
    'location NAME': 'its region (default: westeurope)',
  },
  positionals: Infinity,
} satisfies Partial<Command>;

export const translate: Command = {
  name: 'translate',
  summary: 'Print the calls that Azure ML CLI v2 files stand for, as JSON; nothing is sent',
  usage: 'FILE…',
  ...shared,
  run: (args) => runTranslator('translate', args),
};

export const validate: Command = {
  name: 'validate',
  summary: 'Check Azure ML CLI v2 files; each problem as file:line:column, exit code 1',
  usage: 'FILE…',
  ...shared,
  run: (args) => runTranslator('validate', args),
};

async function runTranslator(command: string, args: Arguments): Promise<number> {
  if (args.positionals.length === 0) throw new UsageError(`Say which file: mlops ${command} FILE.`);
  const script = translatorFile();
  if (!existsSync(script)) throw new Failure(`${script} is not there: run \`npm run build\` first.`);
  const options = Object.keys(shared.options).flatMap((name) => args.values(name).map((value) => `--${name}=${value}`));
  const child = spawn(process.execPath, [script, command, ...options, '--', ...args.positionals], { stdio: 'inherit' });
  const end = (name: NodeJS.Signals): boolean => child.kill(name);
  process.on('SIGTERM', end);
  try {
    const [code, name] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    return code ?? 128 + (name === null ? 0 : constants.signals[name]);
  } finally {
    process.off('SIGTERM', end);
  }
}
