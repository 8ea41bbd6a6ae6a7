import { unescapeCommand, parseCommand, type Command } from '../command';
import type { StepContext } from '../task/context';
import { artifactCommands } from './artifact';
import { buildCommands } from './build';
import type { CommandEntry } from './entry';
import { resultsCommands } from './results';
import { taskCommands } from './task';

/** Area and event names are compared without case. */
const areas: ReadonlyMap<string, ReadonlyMap<string, CommandEntry>> = new Map([
  ['task', taskCommands],
  ['build', buildCommands],
  ['artifact', artifactCommands],
  ['results', resultsCommands],
  ['telemetry', new Map<string, CommandEntry>([['publish', { run: () => undefined, inRestrictedMode: true }]])],
]);

/** Areas the agent knows and this one does not act on; a command of theirs is an error that says so. */
const foreignAreas = new Set(['codecoverage', 'plugininternal', 'release']);

const help = 'Please reference documentation (http://go.microsoft.com/fwlink/?LinkId=817296)';

/**
 * Processes one line of a step's output (agent source `WorkerCommandManager.cs`).
 * @returns true when it was a command, so that it does not go to the log.
 */
export function processLine(step: StepContext, line: string): boolean {
  if (line === '') return false;
  const decodePercents = (step.job.variables.get('DECODE_PERCENTS') ?? '').toLowerCase() !== 'false';
  const command = parseCommand(line, decodePercents);
  if (!command) {
    if (line.includes('##vso')) {
      const list = 'Please see the list of accepted commands: https://go.microsoft.com/fwlink/?LinkId=817296';
      step.warning(`'${line}' contains logging command keyword '##vso', but it's not a legal command. ${list}`);
    }
    return false;
  }
  const area = command.area.toLowerCase();
  const commands = areas.get(area);
  if (!commands && !foreignAreas.has(area)) {
    step.warning(`Cannot find command extension for ##vso[${command.area}.command]. ${help}`);
    return true;
  }
  try {
    dispatch(step, command, commands);
  } catch (error) {
    step.error(`Unable to process command '${line}' successfully. ${help}`);
    step.error(error instanceof Error ? error.message : String(error));
    step.failCommand();
  }
  if (area !== 'task' || command.event.toLowerCase() !== 'debug') {
    step.debug(`Processed: ${unescapeCommand(line, decodePercents)}`);
  }
  return true;
}

function dispatch(step: StepContext, command: Command, commands: ReadonlyMap<string, CommandEntry> | undefined): void {
  const area = command.area.toLowerCase();
  if (!commands) throw new Error(`The local agent has no ##vso[${area}.${command.event}] command.`);
  const entry = commands.get(command.event.toLowerCase());
  if (!entry) {
    throw new Error(
      `##vso[${area}.${command.event}] is not a recognized command for ${area} command extension. ${help}.`,
    );
  }
  if (entry.inRestrictedMode !== true && step.restrictions.some(({ restricted }) => restricted)) {
    const reason = 'is not allowed in this step due to policy restrictions. Please reference documentation';
    step.warning(`##vso[${command.area}.${command.event}] ${reason} (http://go.microsoft.com/fwlink/?LinkId=817296)`);
    return;
  }
  entry.run(step, command);
}
