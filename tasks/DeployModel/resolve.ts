import type { Agent } from '../../lib/agent/agent';
import { TaskError } from '../../lib/agent/errors';
import type { EnvironmentSpec } from '../../lib/assets/environment';
import { listAsset, objectHash } from '../../lib/assets/folder';
import type { ModelSpec, OnlineDeployment, ResolvedDeployment } from '../../lib/assets/online';
import type { Azure } from '../../lib/azure/azure';
import { uploadCode } from '../../lib/azure/codes';
import { ensureEnvironment } from '../../lib/azure/environments';
import { uploadData } from '../../lib/azure/local-data';
import { getModelVersion, listModelVersions, modelId } from '../../lib/azure/models';
import { nextVersion, resolveReference } from '../../lib/azure/versions';
import { mlApiVersion } from '../../lib/azure/workspace';
import { sha256Hex } from '../../lib/agent/hash';
import type { Subject } from './inputs';

/** Port and routes of `azureml-inference-server-http` in images that PackageModel builds. */
const servedImage = (image: string): EnvironmentSpec => ({
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
  const own = { model: deployment.model, code_configuration: deployment.code, environment: deployment.environment };
  const both = Object.entries(own).filter(([, value]) => value !== undefined);
  if (both.length === 0) return { ...deployment, environment: servedImage(subject.image) };
  throw new TaskError(
    `The input image and ${both.map(([name]) => name).join(', ')} of the deployment file contradict each other.`,
    'The image holds model, code and packages: leave them out of the file.',
  );
}

function refuseLabel(model: ModelSpec | undefined): void {
  if (model?.kind !== 'reference' || model.reference.kind !== 'label') return;
  throw new TaskError(
    `The deployment file names the model azureml:${model.reference.name}@${model.reference.label}.`,
    'Name an approved version, never latest: azureml:name:version, or the inputs modelName and modelVersion.',
  );
}

/** Brings everything a deployment refers to into the workspace; what is there already is used again. */
export async function resolveDeployment(
  azure: Azure,
  agent: Agent,
  deployment: OnlineDeployment,
  subject: Subject | undefined,
): Promise<ResolvedDeployment> {
  const { code, environment } = deployment;
  return {
    model: await resolveModel(azure, agent, deployment.model, subject),
    codeId:
      code &&
      (code.code.kind === 'local'
        ? await uploadCode(azure, agent, code.code.path)
        : await resolveReference(azure, code.code.reference, 'codes')),
    environmentId: environment && (await ensureEnvironment(azure, agent, environment)),
    dataIds: {},
  };
}

async function resolveModel(
  azure: Azure,
  agent: Agent,
  spec: ModelSpec | undefined,
  subject: Subject | undefined,
): Promise<string | undefined> {
  if (subject?.kind === 'model') return existing(azure, subject.name, subject.version);
  if (spec === undefined) return undefined;
  if (spec.kind === 'local') return uploadModel(azure, agent, spec);
  if (spec.reference.kind === 'version') return existing(azure, spec.reference.name, spec.reference.version);
  return resolveReference(azure, spec.reference, 'models');
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

/** Without a name the model is anonymous and named by its content, as the clients do it. */
async function uploadModel(azure: Azure, agent: Agent, spec: Extract<ModelSpec, { kind: 'local' }>): Promise<string> {
  const asset = listAsset(spec.path, 'model');
  const name = spec.name ?? sha256Hex(await objectHash(asset));
  const isAnonymous = spec.name === undefined;
  const version = isAnonymous ? '1' : (spec.version ?? (await nextVersion(azure, modelId(azure, name))));
  const { uri } = await uploadData(azure, agent, spec.path, 'model', () => ({ name, version }));
  const store = uri.replace(/^azureml:\/\//, '');
  const id = `${modelId(azure, name)}/versions/${version}`;
  await azure.arm.put(id, mlApiVersion, {
    properties: {
      modelUri: `azureml://subscriptions/${azure.subscriptionId}/resourcegroups/${azure.resourceGroup}/workspaces/${azure.workspace.name}/${store}`,
      modelType: spec.type,
      description: spec.description,
      isAnonymous,
      isArchived: false,
      properties: spec.properties,
      tags: spec.tags,
    },
  });
  return id;
}

/** The data assets that a deployment's collections are written to, one for each unless the file names it. */
export async function ensureCollections(
  azure: Azure,
  deployment: OnlineDeployment,
  endpoint: string,
  name: string,
): Promise<Record<string, string>> {
  const ids: Record<string, string> = {};
  for (const [collection, { data }] of Object.entries(deployment.dataCollector?.collections ?? {})) {
    if (data) {
      ids[collection] = await resolveReference(azure, data, 'data');
      continue;
    }
    const id = `${azure.workspace.id}/data/${endpoint}-${name}-${collection}/versions/1`;
    await azure.arm.put(id, mlApiVersion, {
      properties: {
        dataType: 'uri_folder',
        dataUri: `azureml://datastores/workspaceblobstore/paths/modelDataCollector/${endpoint}/${name}/${collection}`,
        isAnonymous: false,
        isArchived: false,
        properties: {},
        tags: {},
      },
    });
    ids[collection] = id;
  }
  return ids;
}
