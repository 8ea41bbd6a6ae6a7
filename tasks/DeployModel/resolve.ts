import { TaskError } from '../../lib/agent/errors';
import { settle, type Soon } from '../../lib/assets/later';
import { collectionIds } from '../../lib/assets/parts/collector';
import { environmentId, type EnvironmentChoice } from '../../lib/assets/parts/environment-choice';
import { modelId, type ModelChoice } from '../../lib/assets/parts/model';
import type { DeploymentIds, OnlineDeployment } from '../../lib/assets/parts/online-deployment';
import type { Remote } from '../../lib/assets/remote';
import type { Azure } from '../../lib/azure/azure';
import { getModelVersion, listModelVersions } from '../../lib/azure/models';
import type { Subject } from './inputs';

/** What a deployment refers to, all of it in the workspace. */
export interface ResolvedDeployment extends DeploymentIds {
  model?: string;
  codeId?: string;
  environmentId?: string;
  dataIds: Readonly<Record<string, string>>;
}

/** Port and routes of `azureml-inference-server-http` in images that PackageModel builds. */
const servedImage = (image: string): EnvironmentChoice => ({
  kind: 'definition',
  definition: {
    image,
    inferenceConfig: {
      livenessRoute: { path: '/', port: 5001 },
      readinessRoute: { path: '/', port: 5001 },
      scoringRoute: { path: '/score', port: 5001 },
    },
  },
});

/**
 * Puts together what the file and the inputs say about model and image.
 *
 * @throws TaskError when both name a model, or an image comes with a file that has model, code or environment
 */
export function withSubject(deployment: OnlineDeployment, subject: Subject | undefined): OnlineDeployment {
  if (subject === undefined) {
    refuseLabel(deployment.model);
    return deployment;
  }
  if (subject.kind === 'model') {
    if (deployment.model === undefined) return deployment;
    throw new TaskError(
      'The input modelName and the model of the deployment file contradict each other.',
      'Leave model out of the file: the pipeline says which approved version is deployed.',
    );
  }
  const own = {
    model: deployment.model,
    code_configuration: deployment.codeConfiguration,
    environment: deployment.environment,
  };
  const both = Object.entries(own).filter(([, value]) => value !== undefined);
  if (both.length === 0) return { ...deployment, environment: servedImage(subject.image) };
  throw new TaskError(
    `The input image and ${both.map(([name]) => name).join(', ')} of the deployment file contradict each other.`,
    'The image holds model, code and packages: leave them out of the file.',
  );
}

function refuseLabel(model: ModelChoice | undefined): void {
  if (model?.kind !== 'reference' || model.reference.kind !== 'label') return;
  throw new TaskError(
    `The deployment file names the model azureml:${model.reference.name}@${model.reference.label}.`,
    'Name an approved version, never latest: azureml:name:version, or the inputs modelName and modelVersion.',
  );
}

/** Brings everything a deployment refers to into the workspace; what is there already is used again. */
export async function resolveDeployment(
  azure: Azure,
  remote: Remote,
  { model, codeConfiguration, environment }: OnlineDeployment,
  subject: Subject | undefined,
): Promise<ResolvedDeployment> {
  return {
    model: await resolveModel(azure, remote, model, subject),
    codeId: codeConfiguration && (await known(codeConfiguration.codeId, remote)),
    environmentId: environment && (await known(environmentId(byContent(environment)), remote)),
    dataIds: {},
  };
}

/** Without a version an environment would be a new one in every run, and the deployment too: then its content names it. */
function byContent(environment: EnvironmentChoice): EnvironmentChoice {
  if (environment.kind === 'reference' || environment.named?.version !== undefined) return environment;
  return { ...environment, named: undefined };
}

async function known(id: Soon<string>, remote: Remote): Promise<string> {
  return String(await settle(id, remote));
}

async function resolveModel(
  azure: Azure,
  remote: Remote,
  model: ModelChoice | undefined,
  subject: Subject | undefined,
): Promise<string | undefined> {
  if (subject?.kind === 'model') return existing(azure, subject.name, subject.version);
  if (model === undefined) return undefined;
  if (model.kind === 'reference' && model.reference.kind === 'version') {
    return existing(azure, model.reference.name, model.reference.version);
  }
  return known(modelId(model), remote);
}

async function existing(azure: Azure, name: string, version: string): Promise<string> {
  const model = await getModelVersion(azure, name, version);
  if (model !== undefined && !model.isArchived) return model.id;
  const versions = (await listModelVersions(azure, name)).filter((known) => !known.isArchived);
  throw new TaskError(
    model === undefined
      ? `Model ${name} has no version ${version} in workspace ${azure.workspace.name}.`
      : `Version ${version} of model ${name} is archived.`,
    versions.length === 0
      ? 'The workspace has no version of this model: register one with RegisterModel.'
      : `Versions there: ${versions
          .slice(0, 20)
          .map((known) => known.version)
          .join(', ')}.`,
  );
}

/** The data assets that a deployment's collections are written to, one for each unless the file names it. */
export async function ensureCollections(
  remote: Remote,
  { dataCollector }: OnlineDeployment,
  endpoint: string,
  name: string,
): Promise<Record<string, string>> {
  const ids: Record<string, string> = {};
  for (const [collection, id] of Object.entries(dataCollector ? collectionIds(dataCollector, endpoint, name) : {})) {
    ids[collection] = await known(id, remote);
  }
  return ids;
}
