import { automlJob } from './automl-job';
import { commandJob } from './command-job';
import { distillationJob } from './distillation-job';
import { fineTuningJob } from './finetuning-job';
import type { Kind } from './kind';
import { pipelineJob } from './pipeline-job';
import { sparkJob } from './spark-job';
import { sweepJob } from './sweep-job';

/** The kinds that are submitted as jobs. */
export const jobKinds: readonly Kind[] = [
  commandJob,
  sweepJob,
  sparkJob,
  fineTuningJob,
  distillationJob,
  automlJob,
  pipelineJob,
];
