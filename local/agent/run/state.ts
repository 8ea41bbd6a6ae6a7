import type { Run } from '../server';
import type { PipelinePlan } from '../yaml/model';
import type { AgentEvent } from './events';
import type { RepositoryState } from './git';
import type { Outcomes, Slots } from './graph';
import type { RunPipelineOptions, Timing } from './options';
import type { Prepared } from './prepare';
import type { Timeline } from './record';

/** What a run is made of, shared by its stages and jobs. */
export interface RunState {
  options: RunPipelineOptions;
  plan: PipelinePlan;
  prepared: Prepared;
  run: Run;
  number: string;
  repository: RepositoryState;
  startedAt: Date;
  timing: Timing;
  timeline: Timeline;
  outcomes: Outcomes;
  slots: Slots;
  cancel: AbortSignal;
  emit: (event: AgentEvent) => void;
  /** Numbers the folders of jobs. */
  nextFolder: () => number;
  renumber: (number: string) => Promise<void>;
}
