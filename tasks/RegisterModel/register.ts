import type { Agent, Outcome } from '../../lib/agent/agent';
import { unlessCancelled } from '../../lib/agent/cancellation';
import { TaskError, errorText } from '../../lib/agent/errors';
import { leaveEvidence } from '../../lib/agent/leave-evidence';
import { markdownTable, markdownText } from '../../lib/agent/markdown';
import { readPipelineRun, runTags, type PipelineRun } from '../../lib/agent/pipeline-run';
import type { Azure } from '../../lib/azure/azure';
import { getJob, type Job } from '../../lib/azure/jobs';
import type { ModelVersion, NewModelVersion } from '../../lib/azure/models';
import { trackedRun, type TrackedRun } from '../../lib/azure/runs';
import { canonicalJson } from '../../lib/evidence/canonical';
import { modelVersionSchema } from '../../lib/evidence/schemas/model-version';
import type { ModelVersionEvidence } from '../../lib/evidence/types';
import { sha256Hex } from '../../lib/agent/hash';
import { readModelCard } from './card';
import { findArtifacts, hashFiles, modelDigest, type ModelFile } from './files';
import type { Inputs } from './inputs';
import { readMlModel, type Signature } from './mlmodel';
import { keyProperty, registerOnce, type Registered } from './version';

export interface Collaborators {
  agent: Agent;
  azure: Azure;
}

interface Registration extends Registered {
  digest: string;
  files: ModelFile[];
  metrics: Record<string, number>;
  params: Record<string, string>;
  run: PipelineRun;
  /** ARM id of the job's environment. */
  environment?: string;
  signature?: Signature;
  card?: string;
  dataFingerprint?: string;
}

/**
 * Registers a model from the artifacts of a completed job, once for the same job and content.
 *
 * @throws TaskError when the job or the path is not there or not ready
 */
export function registerModel(inputs: Inputs, collaborators: Collaborators): Promise<Outcome> {
  const inFlight: InFlight = {};
  return unlessCancelled(collaborators.agent, register(inputs, collaborators, inFlight), () =>
    Promise.resolve(`Cancelled. ${inFlight.left ?? 'Nothing was registered.'}`),
  );
}

/** What a step has begun, for the message of a cancellation. */
interface InFlight {
  left?: string;
}

async function register(inputs: Inputs, { agent, azure }: Collaborators, inFlight: InFlight): Promise<Outcome> {
  const { modelName, job, path, modelType } = inputs;
  const card = inputs.modelCard === undefined ? undefined : await readModelCard(inputs.modelCard);
  const { environmentId: environment } = await requireCompleted(azure, job);
  const artifacts = await findArtifacts(azure, job, path);
  agent.print(`Reading ${artifacts.paths.length} file(s) below ${path} of job ${job} to take their hashes …`);
  const files = await hashFiles(azure, agent, job, path, artifacts);
  const digest = modelDigest(files);
  const mlmodel = modelType === 'mlflow_model' ? await readMlModel(azure, job, path, files) : undefined;
  const { metrics, params } = await readTracked(azure, agent, job);
  const run = readPipelineRun(agent);
  const dataFingerprint = agent.variable('dataFingerprint');
  const key = sha256Hex(canonicalJson([job, path, digest]));
  const model: NewModelVersion = {
    modelUri: `azureml://jobs/${job}/outputs/artifacts/paths/${path}${artifacts.isFolder ? '/' : ''}`,
    modelType,
    jobName: job,
    description: inputs.description,
    tags: { ...inputs.tags, ...runTags(run) },
    properties: {
      ...versionProperties(run, metrics, dataFingerprint),
      'mlops.sha256': digest.slice('sha256:'.length),
      [keyProperty]: key,
    },
    flavors: mlmodel?.flavors,
  };
  agent.progress(80, `registering model ${modelName}`);
  inFlight.left = `A version of model ${modelName} may have been registered; running this step again finds it and makes no second one.`;
  const registered = await registerOnce(azure, agent, modelName, key, model);
  await report(agent, inputs, azure.workspace.name, {
    ...registered,
    digest,
    files,
    metrics,
    params,
    run,
    dataFingerprint,
    environment,
    signature: mlmodel?.signature,
    card,
  });
  const { version } = registered.model;
  const how = registered.isNew ? 'registered' : 'had been registered from this job before';
  return { result: 'succeeded', message: `Model ${modelName}, version ${version}: ${how}.` };
}

/** Artifacts are complete only when the job is: in Finalizing they are still being written. */
async function requireCompleted(azure: Azure, name: string): Promise<Job> {
  const job = await getJob(azure, name);
  if (!job) {
    throw new TaskError(
      `There is no job ${name} in workspace ${azure.workspace.name}.`,
      'Pass the output jobName of SubmitAmlTraining.',
    );
  }
  if (job.status.toLowerCase() === 'completed') return job;
  const advice = /^(?:failed|canceled)$/i.test(job.status)
    ? 'Register models of completed jobs only.'
    : 'Wait for its end first (SubmitAmlTraining with wait: true).';
  throw new TaskError(`Job ${name} is ${job.status}, not Completed.`, advice);
}

type Tracked = Pick<TrackedRun, 'metrics' | 'params'>;

async function readTracked(azure: Azure, agent: Agent, job: string): Promise<Tracked> {
  try {
    return await trackedRun(azure, job);
  } catch (error) {
    agent.warn(`The metrics of job ${job} cannot be read and are not kept with the model: ${errorText(error)}`);
    return { metrics: {}, params: {} };
  }
}

/** Where the version comes from: properties, unlike tags, cannot be changed once it exists. */
function versionProperties(
  run: PipelineRun,
  metrics: Record<string, number>,
  dataFingerprint: string | undefined,
): Record<string, string> {
  return {
    ...runTags(run),
    ...(dataFingerprint === undefined ? {} : { 'mlops.dataFingerprint': dataFingerprint }),
    ...Object.fromEntries(Object.entries(metrics).map(([name, value]) => [`mlops.metric.${name}`, String(value)])),
  };
}

async function report(
  agent: Agent,
  { modelName, job, path, modelType }: Inputs,
  workspace: string,
  registration: Registration,
): Promise<void> {
  const { model, digest, files, isNew } = registration;
  agent.output('modelVersion', model.version);
  agent.output('modelId', model.id);
  agent.output('modelDigest', digest);
  agent.print(
    `Model ${modelName}, version ${model.version}${isNew ? '' : ' (registered before)'}: ${files.length} file(s), ${digest}`,
  );
  if (!isNew && model.isArchived) agent.warn(`Version ${model.version} of model ${modelName} is archived.`);
  agent.summary(`model ${modelName}`, summary(modelName, job, registration));
  const { version } = model;
  await leaveEvidence(agent, {
    schema: modelVersionSchema,
    name: 'model-version',
    body: evidenceOf(registration, { name: modelName, job, path, modelType }),
    facts: {
      model: modelName,
      version,
      workspace,
      metrics: headline(registration.metrics),
      ...(isNew ? {} : { created: false }),
    },
    lease: { name: modelName, version },
  });
  agent.progress(100, `model ${modelName}, version ${model.version}`);
}

/** What a list of versions has room for. */
const headlines = 5;

function headline(metrics: Record<string, number>): Record<string, number> {
  const finite = Object.entries(metrics).filter(([, value]) => Number.isFinite(value));
  return Object.fromEntries(finite.slice(0, headlines));
}

function evidenceOf(
  { model, digest, isNew, metrics, params, run, dataFingerprint, environment, signature, card }: Registration,
  { name, job, path, modelType }: { name: string; job: string; path: string; modelType: string },
): ModelVersionEvidence {
  const reference = { name, version: model.version, id: model.id };
  const { commit } = run;
  const { tags } = model;
  return {
    model: reference,
    job,
    path,
    modelType,
    digest,
    created: isNew,
    metrics,
    params,
    tags,
    environment,
    signature,
    card,
    commit,
    dataFingerprint,
  };
}

function summary(name: string, job: string, registration: Registration): string {
  const { model, digest, files, metrics, isNew }: Registration & { model: ModelVersion } = registration;
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const rows = [
    ['Version', `${model.version}${isNew ? '' : ' (registered before)'}`],
    ['Job', job],
    ['Digest', digest],
    ['Files', `${files.length}, ${bytes} bytes`],
    ...Object.entries(metrics).map(([metric, value]) => [metric, String(value)]),
  ];
  return `### Model ${markdownText(name)}\n\n${markdownTable(['', ''], rows)}\n`;
}
