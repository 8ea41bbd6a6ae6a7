import { statSync } from 'node:fs';
import path from 'node:path';
import type { Agent } from '../../lib/agent/agent';
import { TaskError } from '../../lib/agent/errors';

/** Inputs of task.json, without those that every task has (`openSubscription` reads them). */
export interface Inputs {
  /** Absolute path of the workspace's YAML file. */
  workspaceFile: string | undefined;
  /** Absolute paths and patterns, in the order of the input. */
  files: string[];
  /** Folder that the files which they name must lie in. */
  root?: string;
  /** Lines `path=value` or `file: path=value`. */
  set: string | undefined;
  planOnly: boolean;
  /** Of one resource. */
  timeoutMinutes: number;
}

/** @throws TaskError that names the input */
export function readInputs(agent: Agent): Inputs {
  for (const name of ['azureSubscription', 'resourceGroup', 'workspace']) agent.requiredInput(name);
  const workspaceFile = agent.pathInput('workspaceFile');
  if (workspaceFile !== undefined && statSync(workspaceFile, { throwIfNoEntry: false })?.isFile() !== true) {
    throw new TaskError(
      `Input "workspaceFile": there is no file ${workspaceFile}.`,
      'Relative paths start at the repository; is it checked out?',
    );
  }
  const files = lines(agent.input('files')).map((line) => path.resolve(root(agent), line));
  if (workspaceFile === undefined && files.length === 0) {
    throw new TaskError('Neither "workspaceFile" nor "files" names a file.', 'Name what the workspace shall have.');
  }
  return {
    workspaceFile,
    files,
    root: agent.variable('Build.SourcesDirectory'),
    set: agent.input('set'),
    planOnly: agent.booleanInput('planOnly'),
    timeoutMinutes: readMinutes(agent.input('timeoutMinutes') ?? '60'),
  };
}

function lines(text: string | undefined): string[] {
  return (text ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

/** Where the agent lets relative paths of inputs start. */
function root(agent: Agent): string {
  return agent.variable('System.DefaultWorkingDirectory') ?? process.cwd();
}

function readMinutes(value: string): number {
  const minutes = Number(value);
  if (/^\d+(?:\.\d+)?$/.test(value) && minutes > 0 && minutes <= 1_440) return minutes;
  throw new TaskError(
    `Input "timeoutMinutes" is "${value}".`,
    'Write a number of minutes above 0, at most 1440 (a day).',
  );
}
