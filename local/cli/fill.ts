import { join } from 'node:path';

import type { Command } from './command';
import { Failure, UsageError } from './errors';
import { takeLock } from './lock';
import { stateFolder, stateOption } from './paths';
import { findRunning } from './running';

const numbers = { versions: 1_000, runs: 10_000, models: 8, seed: 1 } as const;

export const fill: Command = {
  name: 'fill',
  summary: 'Fill the state with a made-up history, to see the hub with many models and runs',
  usage: '',
  positionals: 0,
  options: {
    versions: { type: 'string' },
    runs: { type: 'string' },
    models: { type: 'string' },
    seed: { type: 'string' },
    project: { type: 'string' },
    attack: { type: 'boolean' },
    state: { type: 'string' },
    json: { type: 'boolean' },
  },
  help: {
    'versions N': `model versions that were registered (default: ${numbers.versions})`,
    'runs N': `runs in all (default: ${numbers.runs})`,
    'models N': `models they belong to (default: ${numbers.models})`,
    'seed N': `the same number gives the same history (default: ${numbers.seed})`,
    'project NAME': 'the project that gets it, made when there is none (default: the first one)',
    attack: 'texts that try to do harm in everything that comes from a run, and spoiled evidence',
    'state DIR': 'folder of the state (default: .mlops)',
    json: 'print the counts as JSON',
  },
  async run(args, output) {
    const stateDir = stateFolder(args.value('state'));
    const number = (name: keyof typeof numbers): number => countOf(name, args.value(name)) ?? numbers[name];
    const [versions, runs, models, seed] = [number('versions'), number('runs'), number('models'), number('seed')];
    if (findRunning(stateDir))
      throw new Failure('The services run here. Stop them with `mlops down`, then fill the state.');
    const unlock = takeLock(join(stateDir, 'lock'), 'mlops fill');
    try {
      const { generate } = await import('../devops/generate');
      const made = generate({
        stateDir,
        project: args.value('project'),
        versions,
        runs,
        models,
        seed,
        attack: args.flag('attack'),
      });
      if (output.json) output.document(made);
      output.line(
        `${made.runs} runs, ${made.versions} model versions, ${made.approvals} approvals and ${made.deployments} deployments in ${(made.milliseconds / 1000).toFixed(1)} s.`,
      );
      output.line(`See them with \`mlops up${stateOption(args.value('state'))}\`.`);
      return 0;
    } finally {
      unlock();
    }
  },
};

function countOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d{1,7}$/.test(text) || value < 1)
    throw new UsageError(`--${name} takes a number from 1 to 9999999; '${text}' is not that.`);
  return value;
}
