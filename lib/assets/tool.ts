import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { TaskError, errorText } from '../agent/errors';
import { DryRun } from './dry-run';
import { kinds } from './kinds/all';
import type { Kind } from './kinds/kind';
import { problemsOf } from './shape/gather';
import { readTranslation, send } from './translate';

/**
 * The part of the command line that reads Azure ML files: `translate FILE…` prints the calls that would be made, `validate
 * FILE…` checks only. Neither touches the network.
 */
const usage = `Usage: mlops translate FILE… [--set PATH=VALUE]… [--kind KIND]
                       [--subscription ID] [--resource-group NAME] [--workspace NAME] [--location NAME]
       mlops validate FILE… [--set PATH=VALUE]… [--kind KIND]`;

const apiVersion = '2024-10-01';

interface Options {
  files: string[];
  set: string[];
  kind?: Kind;
  workspaceId: string;
  location: string;
}

async function main(argv: readonly string[]): Promise<number> {
  const [command, ...rest] = argv;
  const options = readOptions(rest);
  if (command === 'translate') return translate(options);
  if (command === 'validate') return validate(options);
  throw new TaskError(`Unknown command ${command ?? ''}.`, usage);
}

function readOptions(args: string[]): Options {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      set: { type: 'string', multiple: true, default: [] },
      kind: { type: 'string' },
      subscription: { type: 'string', default: '00000000-0000-0000-0000-000000000000' },
      'resource-group': { type: 'string', default: 'resource-group' },
      workspace: { type: 'string', default: 'workspace' },
      location: { type: 'string', default: 'westeurope' },
    },
  });
  if (positionals.length === 0) throw new TaskError('No file is named.', usage);
  const kind = kinds.find(({ name }) => name === values.kind);
  if (values.kind !== undefined && !kind) {
    throw new TaskError(`There is no kind "${values.kind}".`, `Kinds: ${kinds.map(({ name }) => name).join(', ')}.`);
  }
  return {
    files: positionals,
    set: values.set,
    kind,
    workspaceId: `/subscriptions/${values.subscription}/resourceGroups/${values['resource-group']}/providers/Microsoft.MachineLearningServices/workspaces/${values.workspace}`,
    location: values.location,
  };
}

async function translate({ files, set, kind, workspaceId, location }: Options): Promise<number> {
  const results: unknown[] = [];
  for (const file of files) {
    const dryRun = new DryRun(workspaceId, location, apiVersion);
    const translation = await readTranslation(file, workspaceId, set, kind);
    await send(translation, dryRun, randomUUID());
    results.push({ file, kind: translation.kind.name, calls: dryRun.calls });
  }
  process.stdout.write(`${JSON.stringify(results.length === 1 ? results[0] : results, null, 1)}\n`);
  return 0;
}

async function validate({ files, set, kind, workspaceId }: Options): Promise<number> {
  let failed = 0;
  for (const file of files) {
    try {
      await readTranslation(file, workspaceId, set, kind);
    } catch (error) {
      if (!(error instanceof TaskError)) throw error;
      failed++;
      for (const problem of problemsOf(error)) tell(problem);
    }
  }
  return failed > 0 ? 1 : 0;
}

function tell(error: unknown): void {
  const advice =
    error instanceof TaskError && error.advice !== undefined ? `\n  ${error.advice.replaceAll('\n', '\n  ')}` : '';
  process.stderr.write(`${errorText(error)}${advice}\n`);
}

main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    for (const problem of error instanceof TaskError ? problemsOf(error) : [error]) tell(problem);
    process.exitCode = 1;
  },
);
