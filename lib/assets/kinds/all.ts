import { compute } from './compute';
import { data } from './data';
import { datastore } from './datastore';
import { environment } from './environment';
import { model } from './model';
import { batchEndpoint } from './batch-endpoint';
import { kubernetesOnlineEndpoint, managedOnlineEndpoint } from './online-endpoint';
import { serverlessEndpoint } from './serverless-endpoint';
import { schedule } from './schedule';
import { kubernetesOnlineDeployment, managedOnlineDeployment } from './online-deployment';
import { commandComponent } from './command-component';
import { dataTransferComponent } from './data-transfer-component';
import { parallelComponent } from './parallel-component';
import { sparkComponent } from './spark-component';
import { pipelineComponentKind } from './pipeline-component';
import { batchDeployment } from './batch-deployment';
import { connection } from './connection';
import { registry } from './registry';
import { workspace } from './workspace';
import { jobKinds } from './jobs';
import type { Kind } from './kind';

/** Every kind of file that is understood. A new kind is one more line here. */
export const kinds: readonly Kind[] = [
  ...jobKinds,
  environment,
  model,
  data,
  datastore,
  managedOnlineEndpoint,
  kubernetesOnlineEndpoint,
  batchEndpoint,
  serverlessEndpoint,
  schedule,
  managedOnlineDeployment,
  kubernetesOnlineDeployment,
  commandComponent,
  sparkComponent,
  parallelComponent,
  pipelineComponentKind,
  batchDeployment,
  connection,
  compute,
  workspace,
  registry,
  dataTransferComponent,
];
