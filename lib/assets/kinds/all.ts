import { automlJob } from './automl-job';
import { commandJob } from './command-job';
import { compute } from './compute';
import { data } from './data';
import { datastore } from './datastore';
import { environment } from './environment';
import { model } from './model';
import { batchEndpoint } from './batch-endpoint';
import { kubernetesOnlineEndpoint, managedOnlineEndpoint } from './online-endpoint';
import { serverlessEndpoint } from './serverless-endpoint';
import { distillationJob } from './distillation-job';
import { fineTuningJob } from './finetuning-job';
import { sparkJob } from './spark-job';
import { schedule } from './schedule';
import { sweepJob } from './sweep-job';
import { kubernetesOnlineDeployment, managedOnlineDeployment } from './online-deployment';
import { commandComponent } from './command-component';
import { dataTransferComponent } from './data-transfer-component';
import { parallelComponent } from './parallel-component';
import { sparkComponent } from './spark-component';
import { pipelineComponentKind } from './pipeline-component';
import { pipelineJob } from './pipeline-job';
import { batchDeployment } from './batch-deployment';
import { connection } from './connection';
import { registry } from './registry';
import { workspace } from './workspace';
import type { Kind } from './kind';

/** Every kind of file that is understood. A new kind is one more line here. */
export const kinds: readonly Kind[] = [
  commandJob,
  environment,
  model,
  data,
  datastore,
  managedOnlineEndpoint,
  kubernetesOnlineEndpoint,
  batchEndpoint,
  serverlessEndpoint,
  sweepJob,
  sparkJob,
  fineTuningJob,
  distillationJob,
  automlJob,
  schedule,
  managedOnlineDeployment,
  kubernetesOnlineDeployment,
  commandComponent,
  sparkComponent,
  parallelComponent,
  pipelineJob,
  pipelineComponentKind,
  batchDeployment,
  connection,
  compute,
  workspace,
  registry,
  dataTransferComponent,
];
