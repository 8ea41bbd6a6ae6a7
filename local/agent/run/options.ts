import type { Server } from '../server';
import type { HandlerChoice } from '../task/node-handler';
import type { AgentEvent } from './events';

export interface RunPipelineOptions {
  /** The pipeline file, relative to the repository or absolute. */
  yamlFile: string;
  repositoryRoot: string;
  server: Server;
  /** The agent's `_work`. */
  workFolder: string;
  /** Folder with one built task a sub-folder. */
  tasksFolder: string;
  /** Values of the file's `parameters`; an object is written as YAML or JSON. */
  parameters?: Record<string, string>;
  /** Variables given when queuing; the file's own win. */
  variables?: Record<string, string>;
  requestedFor?: string;
  pipelineName?: string;
  nodePath?: Partial<Record<HandlerChoice, string>>;
  /** Runtime of tasks that declare both handlers; the agent's default is Node 20. */
  handler?: HandlerChoice;
  /** The agent's own environment for a task (not pipeline variables). */
  environment: (taskName: string) => Record<string, string>;
  onEvent?: (event: AgentEvent) => void;
  signal?: AbortSignal;
  /** Jobs at one time; 2 by default. */
  maxParallelJobs?: number;
  timing?: Partial<Timing>;
}

/** Units of time, so that tests need not wait for real minutes. */
export interface Timing {
  minuteMs: number;
  /** First wait of `retryCountOnTaskFailure`; the n-th is n² as long. */
  retryUnitMs: number;
}

export const realTiming: Timing = { minuteMs: 60_000, retryUnitMs: 1000 };
