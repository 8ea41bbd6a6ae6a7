import { modelBatch, pipelineBatch, plainBatch, type ModelBatch, type PipelineBatch } from '../parts/batch-deployment';
import { location } from '../parts/endpoint';
import { environmentId } from '../parts/environment-choice';
import { modelId } from '../parts/model';
import { Later, mapSoon } from '../later';
import { without } from '../parts/without';
import { componentOfJob } from '../register/job-component';
import { tagged } from '../shape/collections';
import { knownTo, refine, type Scope, type Shape } from '../shape/shape';
import { kind, type Resource } from './kind';

type Batch = { of: 'model'; values: ModelBatch } | { of: 'pipeline'; values: PipelineBatch };

const ofModel = (shape: Shape<ModelBatch>): Shape<Batch> => refine(shape, (values) => ({ of: 'model', values }));
const ofPipeline: Shape<Batch> = refine(pipelineBatch, (values) => ({ of: 'pipeline', values }));

const typed = tagged<Batch>('type', { model: ofModel(modelBatch), pipeline: ofPipeline });
const untyped = ofModel(plainBatch);

const shape: Shape<Batch> = {
  read: (at, scope) => (at.object().has('type') ? typed : untyped).read(at, scope),
  schema: () => ({ anyOf: [typed.schema(), untyped.schema()] }),
  known: () => knownTo(typed, untyped),
};

const reference = (assetId: unknown): unknown => ({ referenceType: 'Id', assetId });

function modelProperties(values: ModelBatch): unknown {
  const { model, environment } = values;
  return {
    ...without(values, 'name', 'endpointName', 'tags', 'environment'),
    model: model && mapSoon(modelId(model), reference),
    environmentId: environment && environmentId(environment),
  };
}

/** A component that the deployment brings along lends it its description and tags. */
function pipelineProperties({ component, jobDefinition, settings, description }: PipelineBatch): unknown {
  const own = component?.definition;
  const componentId = component?.id ?? new Later((remote) => componentOfJob(remote, jobDefinition ?? ''));
  return {
    deploymentConfiguration: {
      deploymentConfigurationType: 'PipelineComponent',
      componentId: mapSoon(componentId, reference),
      settings,
      ...(own ? { description: own.description, tags: own.tags ?? {} } : {}),
    },
    description,
    errorThreshold: -1,
    maxConcurrencyPerInstance: 1,
    miniBatchSize: 10,
    outputFileName: 'predictions.csv',
  };
}

function resource(batch: Batch, scope: Scope): Resource {
  const { name, endpointName, tags } = batch.values;
  const properties = batch.of === 'model' ? modelProperties(batch.values) : pipelineProperties(batch.values);
  // The clients write names in lower case.
  return {
    path: `${scope.workspaceId}/batchEndpoints/${endpointName}/deployments/${name.toLowerCase()}`,
    body: { location, tags, properties },
  };
}

/** `az ml batch-deployment create`. Body: BatchDeployments_CreateOrUpdate. */
export const batchDeployment = kind({
  name: 'batch deployment',
  schemas: [
    'batchDeployment.schema.json',
    'modelBatchDeployment.schema.json',
    'pipelineComponentBatchDeployment.schema.json',
  ],
  signs: {
    type: ['model', 'pipeline'],
    keys: [
      ...['endpoint_name', 'component', 'job_definition', 'settings'],
      ...['mini_batch_size', 'error_threshold', 'output_action', 'output_file_name', 'retry_settings', 'logging_level'],
    ],
  },
  shape,
  resource,
});
