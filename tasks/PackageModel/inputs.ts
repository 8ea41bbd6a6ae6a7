import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Agent } from '../../lib/agent/agent';
import { TaskError } from '../../lib/agent/errors';
import { withSlashes } from '../../lib/agent/files';

/** Inputs of task.json, without those that every task has (`openAzure` reads them). */
export interface Inputs {
  modelName: string;
  modelVersion: string;
  /** Absolute path of the folder with the scoring code. */
  codeDirectory: string;
  /** Path of the scoring script below `codeDirectory`, with `/`. */
  scoringScript: string;
  /** Absolute path of the conda file. */
  condaFile: string;
  /** Name, login server or ARM id; the workspace's own registry when absent. */
  registry: string | undefined;
  /** Repository in the registry. */
  imageName: string;
  /** Tag that people see: version of the model and id of the run. */
  tag: string;
}

/** @throws TaskError that names the input */
export function readInputs(agent: Agent): Inputs {
  for (const name of ['azureSubscription', 'resourceGroup', 'workspace']) agent.requiredInput(name);
  const modelName = named(agent, 'modelName');
  const modelVersion = readVersion(named(agent, 'modelVersion'));
  const codeDirectory = requiredPath(agent, 'codeDirectory', 'folder');
  return {
    modelName,
    modelVersion,
    codeDirectory,
    scoringScript: readScript(agent.requiredInput('scoringScript'), codeDirectory),
    condaFile: requiredPath(agent, 'condaFile', 'file'),
    registry: agent.input('registry'),
    imageName: readImageName(agent.input('imageName'), modelName),
    tag: `${modelVersion}-${agent.variable('Build.BuildId') ?? '0'}`.slice(0, 128),
  };
}

function named(agent: Agent, input: string): string {
  const value = agent.requiredInput(input);
  if (/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}$/.test(value)) return value;
  throw new TaskError(`Input "${input}" is "${value}".`, 'Use letters, digits, dots, dashes and underscores.');
}

function readVersion(version: string): string {
  if (version.toLowerCase() !== 'latest') return version;
  throw new TaskError(
    'Input "modelVersion" is "latest".',
    'Package an approved version, never latest: take the output modelVersion of RegisterModel.',
  );
}

function requiredPath(agent: Agent, input: string, kind: 'file' | 'folder'): string {
  const found = agent.pathInput(input);
  if (found === undefined) throw new TaskError(`Input "${input}" is missing.`, `Name a ${kind} of the repository.`);
  const stats = statSync(found, { throwIfNoEntry: false });
  if (!stats)
    throw new TaskError(`Input "${input}": ${found} does not exist.`, 'Paths are relative to the repository.');
  if (stats.isDirectory() !== (kind === 'folder')) {
    throw new TaskError(`Input "${input}": ${found} is not a ${kind}.`, `Name a ${kind}.`);
  }
  return found;
}

/** Below the code folder, as in a deployment's `code_configuration`: only that folder gets into the image. */
function readScript(value: string, codeDirectory: string): string {
  const relative = withSlashes(path.relative(codeDirectory, path.resolve(codeDirectory, value)));
  if (path.isAbsolute(value) || relative === '' || relative.startsWith('../')) {
    throw new TaskError(
      `Input "scoringScript" is "${value}", which is not below ${codeDirectory}.`,
      'Write the path of the script relative to codeDirectory.',
    );
  }
  if (!existsSync(path.join(codeDirectory, relative))) {
    throw new TaskError(
      `Input "scoringScript": ${path.join(codeDirectory, relative)} does not exist.`,
      'The path is relative to codeDirectory.',
    );
  }
  if (/[\s"'\\$]/.test(relative)) {
    throw new TaskError(
      `Input "scoringScript" is "${value}".`,
      'Use a path without spaces, quotes, backslashes and dollar signs.',
    );
  }
  return relative;
}

/** Repository name of the OCI distribution specification. */
const repository = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/;

function readImageName(value: string | undefined, modelName: string): string {
  const name = value ?? modelName.toLowerCase();
  if (repository.test(name) && name.length <= 255) return name;
  throw new TaskError(
    value === undefined
      ? `The model's name "${modelName}" makes no image name.`
      : `Input "imageName" is "${value}", which is no name of a repository.`,
    'Write imageName in lower-case letters and digits, parts separated by ., -, _ or /, without registry and tag.',
  );
}
