import type { TaskResult } from '../result';
import type { PendingApproval, Run } from '../server';
import type { Issue } from '../task/context';

/** Where something happens: names as in the file; `job` and `step` are absent above their level. */
export interface Place {
  stage: string;
  job?: string;
  step?: string;
}

export type AgentEvent =
  | { type: 'runStarted'; run: Run; number: string; at: Date }
  | { type: 'note'; text: string }
  | { type: 'stageStarted' | 'jobStarted' | 'stepStarted'; place: Place; displayName: string; at: Date }
  | {
      type: 'stageFinished' | 'jobFinished' | 'stepFinished';
      place: Place;
      displayName: string;
      result: TaskResult;
      at: Date;
    }
  | { type: 'line'; place: Place; text: string }
  | { type: 'progress'; place: Place; percent: number; text: string }
  | { type: 'waitingForApproval'; place: Place; approvals: PendingApproval[] }
  | { type: 'checksDecided'; place: Place; decision: 'passed' | 'rejected' | 'timedOut' | 'canceled' }
  | { type: 'canceling' }
  | { type: 'runFinished'; result: TaskResult; at: Date };

interface Timed {
  name: string;
  displayName: string;
  result: TaskResult;
  /** ISO times; absent when it did not start. */
  startTime?: string;
  finishTime?: string;
  durationMs: number;
}

export interface StepSummary extends Timed {
  task?: string;
  recordId: string;
  outputs: Record<string, string>;
  issues: Issue[];
  errorCount: number;
  warningCount: number;
  tags: string[];
}

export interface JobSummary extends Timed {
  recordId: string;
  issues: Issue[];
  steps: StepSummary[];
  /** As later jobs address them: `step.name`, in a deployment job `Job.step.name`. */
  outputs: Record<string, string>;
}

export interface StageSummary extends Timed {
  recordId: string;
  jobs: JobSummary[];
}

export interface RunResult {
  run: Run;
  number: string;
  result: TaskResult;
  startTime: string;
  finishTime: string;
  durationMs: number;
  stages: StageSummary[];
  notes: string[];
}
