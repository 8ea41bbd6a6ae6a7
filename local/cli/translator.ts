import { existsSync } from 'node:fs';

import type { Arguments, Command } from './command';
import { Failure, UsageError } from './errors';
import { translatorFile } from './paths';

/**
 * The commands that read Azure ML files. Reading them is the tasks' work: what is built of it is loaded when it is asked for,
 * and this side knows its command line only. They run before every commit of some: no process of its own is started.
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
  const options = Object.keys(shared.options).flatMap((name) => args.values(name).map((value) => `--${name}=${value}`));
  const { run } = await load(translatorFile());
  return run([command, ...options, '--', ...args.positionals]);
}

interface Translator {
  /** @returns the exit code */
  run: (argv: readonly string[]) => Promise<number>;
}

async function load(script: string): Promise<Translator> {
  if (!existsSync(script)) throw new Failure(`${script} is not there: run \`npm run build\` first.`);
  const found: unknown = await import(script);
  if (isTranslator(found)) return found;
  throw new Failure(`${script} is not as this command line knows it: run \`npm run build\` again.`);
}

function isTranslator(value: unknown): value is Translator {
  return typeof value === 'object' && value !== null && 'run' in value && typeof value.run === 'function';
}
