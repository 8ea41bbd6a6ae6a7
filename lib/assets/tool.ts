import path from 'node:path';
import { parseArgs } from 'node:util';
// Every command needs it: it is loaded with the program, not at the first file.
import 'yaml';
import { TaskError, errorText } from '../agent/errors';
import { neutralLine, neutralLines } from '../agent/neutralise';
import { escapeRegExp } from '../agent/pattern';
import { suggestion } from '../agent/suggestion';
import { kinds } from './kinds/all';
import type { Kind } from './kinds/kind';
import { plan, type PlannedWorkspace } from './plan';
import { problemsOf } from './shape/gather';
import { readTranslation } from './translate';

/**
 * The part of the command line that reads Azure ML files: `translate FILE…` prints the calls that would be made, `validate
 * FILE…` checks only. Neither touches the network. Exit code 0: all well; 1: a file is refused; 2: typed wrongly.
 */
const usage = `Usage: mlops translate FILE… [--set PATH=VALUE]… [--kind KIND]
                       [--subscription ID] [--resource-group NAME] [--workspace NAME] [--location NAME]
       mlops validate FILE… [--set PATH=VALUE]… [--kind KIND]`;

/** The command was typed wrongly. */
class UsageError extends Error {
  override readonly name = 'UsageError';
}

interface Options {
  files: string[];
  set: string[];
  kind?: Kind;
  workspace: PlannedWorkspace;
}

/** @returns the exit code */
export async function run([command = '', ...rest]: readonly string[]): Promise<number> {
  try {
    if (command === 'translate') return await translate(readOptions(rest));
    if (command === 'validate') return await validate(readOptions(rest));
    throw new UsageError(`there is no command "${command}"`);
  } catch (error) {
    process.stderr.write(`mlops: ${neutralLine(errorText(error))}\n${isUsage(error) ? `${usage}\n` : ''}`);
    return isUsage(error) ? 2 : 1;
  }
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
  if (positionals.length === 0) throw new UsageError('no file is named');
  return {
    files: positionals,
    set: values.set,
    kind: values.kind === undefined ? undefined : kindNamed(values.kind),
    workspace: {
      id: `/subscriptions/${values.subscription}/resourceGroups/${values['resource-group']}/providers/Microsoft.MachineLearningServices/workspaces/${values.workspace}`,
      location: values.location,
    },
  };
}

function kindNamed(name: string): Kind {
  const found = kinds.find((one) => one.name === name);
  if (found) return found;
  const names = kinds.map((one) => one.name);
  throw new UsageError(
    `there is no kind "${name}". ${suggestion(name, names) ?? ''} Kinds: ${names.sort().join(', ')}`,
  );
}

async function translate({ files, set, kind, workspace }: Options): Promise<number> {
  const results: unknown[] = [];
  const refused = await each(files, async (file) => {
    try {
      results.push(await plan(file, workspace, set, kind));
    } catch (error) {
      results.push({ file, error: { message: withoutFolder(errorText(error)) } });
      throw error;
    }
  });
  process.stdout.write(`${harmlessJson(results.length === 1 ? results[0] : results)}\n`);
  return refused;
}

async function validate({ files, set, kind, workspace }: Options): Promise<number> {
  return each(files, async (file) => {
    await readTranslation(file, workspace.id, { kinds, set, kind });
  });
}

/** Does the work for every file, also after one was refused, and tells every problem. */
async function each(files: readonly string[], work: (file: string) => Promise<void>): Promise<number> {
  let code = 0;
  for (const file of files) {
    try {
      await work(file);
    } catch (error) {
      code = 1;
      if (error instanceof TaskError) for (const problem of problemsOf(error)) tell(problem.message, problem.advice);
      else tell(`${file}: ${errorText(error)}`, process.env.MLOPS_DEBUG && error instanceof Error ? error.stack : '');
    }
  }
  return code;
}

/** What files say is foreign: the command may run in a pipeline, whose agent takes orders from any line of its output. */
function tell(message: string, advice = ''): void {
  const lines = [
    ...neutralLines(withoutFolder(message)),
    ...(advice === '' ? [] : neutralLines(advice).map((line) => `  ${line}`)),
  ];
  process.stderr.write(`${lines.join('\n')}\n`);
}

/** Paths inside the working folder as the reader knows them. */
function withoutFolder(message: string): string {
  const folder = process.cwd();
  if (folder === path.parse(folder).root) return message;
  return message.split(new RegExp(`(?<![^\\s"'(])${escapeRegExp(folder + path.sep)}`)).join('');
}

/** The same JSON to a parser, but without a text that the agent would take for an order or a terminal for a control. */
function harmlessJson(value: unknown): string {
  return JSON.stringify(value, null, 1)
    .replace(/[\p{Cf}\p{Default_Ignorable_Code_Point}\u007f-\u009f\u2028\u2029]/gu, escapedUnits)
    .replaceAll('##', '#\\u0023');
}

function escapedUnits(character: string): string {
  const units = character.split('').map((unit) => unit.charCodeAt(0).toString(16).padStart(4, '0'));
  return units.map((unit) => `\\u${unit}`).join('');
}

function isUsage(error: unknown): boolean {
  if (error instanceof UsageError) return true;
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_');
}

if (require.main === module) void run(process.argv.slice(2)).then((code) => (process.exitCode = code));
