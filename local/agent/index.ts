export { runTask, type RunTaskOptions, type StepResult } from './run-task';
export { checkPipeline, runPipeline, type CheckOptions, type PipelineCheck } from './run/run-pipeline';
export type { AgentEvent, JobSummary, Place, RunResult, StageSummary, StepSummary } from './run/events';
export type { RunPipelineOptions, Timing } from './run/options';
export { mergeTasksIntoSchema } from './schema';
export type { TaskResult } from './result';
export type { Issue } from './task/context';
export { PipelineError } from './yaml/nodes';
export type * from './server';
