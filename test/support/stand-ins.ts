import { mkdtempSync, mkdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { runTask, type RunTaskOptions, type StepResult } from '../../local/agent/run-task';
import { startAzure, type ConnectionScheme, type LocalAzure } from '../../local/azure';

/** The built tasks and a local Azure for the tests that drive them as the agent does. */
export interface StandIns {
  azure: LocalAzure;
  /** Runs a built task; the common inputs and the run's variables are filled in. */
  run(task: string, inputs: Record<string, string>, options?: RunOptions): Promise<StepResult>;
  /** An empty folder that goes with the stand-ins. */
  folder(name: string): string;
  stop(): Promise<void>;
}

export interface RunOptions extends Partial<Omit<RunTaskOptions, 'taskFolder' | 'inputs'>> {
  scheme?: ConnectionScheme;
  /** Number of the pipeline's run: the same number is the same run, run again. */
  runId?: number;
}

export const repository = path.resolve(__dirname, '..', '..');
export const builtTasks = path.join(repository, 'build', 'tasks');
export const diabetes = path.join(repository, 'examples', 'diabetes');

let nextRun = 1000;

/** Starts a local Azure in a folder of its own. */
export async function startStandIns(options: { tasksDir?: string } = {}): Promise<StandIns> {
  const root = mkdtempSync(path.join(os.tmpdir(), 'mlops-test-'));
  const azure = await startAzure({ stateDir: path.join(root, 'azure'), tasksDir: options.tasksDir ?? builtTasks });
  const folder = (name: string): string => {
    const made = path.join(root, name);
    mkdirSync(made, { recursive: true });
    return made;
  };
  return {
    azure,
    folder,
    run: (task, inputs, more = {}) => runTask(taskOptions(azure, folder, task, inputs, more)),
    async stop() {
      await azure.stop();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

function taskOptions(
  azure: LocalAzure,
  folder: (name: string) => string,
  task: string,
  inputs: Record<string, string>,
  { scheme = 'ManagedServiceIdentity', runId = nextRun++, ...more }: RunOptions,
): RunTaskOptions {
  const connection = azure.serviceConnection(scheme);
  return {
    taskFolder: path.join(builtTasks, task),
    inputs: {
      azureSubscription: connection.name,
      resourceGroup: azure.resourceGroup,
      workspace: azure.workspace,
      ...inputs,
    },
    serviceConnections: [connection],
    workFolder: folder(`work/${runId}`),
    sourcesDirectory: diabetes,
    ...more,
    environment: { ...azure.taskEnvironment(task), ...more.environment },
    variables: {
      'Build.BuildId': String(runId),
      'Build.BuildNumber': `20261121.${runId}`,
      'Build.DefinitionName': 'diabetes',
      'Build.SourceVersion': '0123456789abcdef0123456789abcdef01234567',
      'Build.SourceBranch': 'refs/heads/main',
      'System.TeamProject': 'diabetes',
      'System.DefinitionId': '1',
      'System.StageName': 'Stage',
      'System.StageAttempt': '1',
      'System.JobName': 'job',
      'System.JobAttempt': '1',
      'System.TaskInstanceName': task,
      ...more.variables,
    },
  };
}

/** The log of a step, for the message of an assertion. */
export function shown(step: StepResult): string {
  return `${step.result}, exit code ${step.exitCode}\n${step.lines.join('\n')}\n${step.issues.map((issue) => JSON.stringify(issue)).join('\n')}`;
}
