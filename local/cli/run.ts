import type { Arguments, Command } from './command';
import { withServices } from './connect';
import { DevOpsClient, userNamed } from './devops-client';
import { UsageError } from './errors';
import { pairs } from './pairs';
import { stateFolder } from './paths';
import { findRunning } from './running';
import { execute, failureLogs, pipelineFile } from './run-pipeline';
import { stageTable, summary } from './report';
import type { Handler } from './session';
import { waitingLineOf } from './waiting';

/** Exit code of a run that was cancelled, as of a program ended by Ctrl-C. */
export const cancelledExit = 130;

export const run: Command = {
  name: 'run',
  summary: 'Run a pipeline file with the built tasks',
  usage: 'FILE',
  positionals: 1,
  options: {
    set: { type: 'string', multiple: true },
    var: { type: 'string', multiple: true },
    as: { type: 'string' },
    repository: { type: 'string' },
    handler: { type: 'string' },
    state: { type: 'string' },
    record: { type: 'string' },
    json: { type: 'boolean' },
  },
  help: {
    'set NAME=VALUE': 'a parameter of the pipeline; may be repeated',
    'var NAME=VALUE': 'a variable of the run; may be repeated',
    'as USER': 'who asks for the run (default: ana)',
    'repository DIR': "root of the repository (default: the file's folder)",
    'handler NAME': 'node20 or node24: the Node on which tasks run',
    'state DIR': 'folder of the state (default: .mlops)',
    'record FILE': 'write every exchange with Azure to FILE, secrets hidden',
    json: 'print the outcome as one JSON document',
  },
  async run(args, output) {
    const [file] = args.positionals;
    if (file === undefined) throw new UsageError('Say which pipeline: mlops run FILE.');
    const pipeline = pipelineFile(file, args.value('repository'));
    const parameters = pairs('set', args.values('set'));
    const variables = pairs('var', args.values('var'));
    const handler = handlerOf(args.value('handler'));
    const stateDir = stateFolder(args.value('state'));
    refuseLateOptions(args, stateDir);
    const options = { stateDir, handler, recordFile: args.value('record'), what: `mlops run ${file}` };
    return withServices(options, output, async ({ running, signal }) => {
      const client = new DevOpsClient(running.devops, userNamed(running.devops, args.value('as') ?? 'ana'));
      const followed = await execute(client, {
        pipeline,
        parameters,
        variables,
        output,
        signal,
        onApproval: async (approval) => {
          const line = await waitingLineOf(running, approval, { state: args.value('state') });
          if (line !== undefined) output.note(`  ${line}`);
        },
      });
      if (output.json) output.document(summary(followed));
      for (const line of ['', ...stageTable(followed), ...(await failureLogs(client, followed))]) output.line(line);
      return exitCodeOf(followed.build.result);
    });
  },
};

export function handlerOf(text: string | undefined): Handler | undefined {
  if (text === undefined || text === 'node20' || text === 'node24') return text;
  throw new UsageError(`--handler takes node20 or node24, not '${text}'.`);
}

export function exitCodeOf(result: string | undefined): number {
  if (result === 'canceled') return cancelledExit;
  return result === 'succeeded' || result === 'partiallySucceeded' ? 0 : 1;
}

/** What is settled when the services start cannot be had of services that run already. */
export function refuseLateOptions(args: Arguments, stateDir: string): void {
  if (findRunning(stateDir)?.kind !== 'daemon') return;
  const late = ['handler', 'record'].find((name) => args.value(name) !== undefined);
  if (late !== undefined)
    throw new UsageError(`--${late} is set when the services start: run \`mlops down\`, then this again.`);
}
