import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Agent, Outcome } from '../../lib/agent/agent';
import { CancelledError, TaskError, errorText } from '../../lib/agent/errors';
import { leaveEvidence } from '../../lib/agent/leave-evidence';
import { markdownTable } from '../../lib/agent/markdown';
import type { Azure } from '../../lib/azure/azure';
import type { Tokens } from '../../lib/azure/credential';
import { getModelVersion, listModelVersions, type ModelVersion } from '../../lib/azure/models';
import { findRegistry, isDigest, manifestDigest, type Registry, type RegistryAccess } from '../../lib/azure/registry';
import { packageSchema } from '../../lib/evidence/schemas/package';
import { buildImage } from './build';
import { createContext, writeArchive, type BuildContext } from './context';
import type { Inputs } from './inputs';
import { downloadModel, type DownloadedModel } from './model-files';
import { readCondaFile, type PythonEnvironment } from './requirements';

export interface Collaborators {
  agent: Agent;
  azure: Azure;
  tokens: Tokens;
  /** First pause of waits; tests shorten it. */
  firstDelayMs?: number;
}

/** What was made and of what. */
interface Packaged {
  image: string;
  digest: string;
  registry: Registry;
  model: ModelVersion;
  files: DownloadedModel;
  python: PythonEnvironment;
  context: BuildContext;
  /** Absent when the image was there already. */
  runId?: string;
}

/**
 * Builds the image of a model version and its scoring code, or finds the one that was built of the same content.
 *
 * @throws TaskError for a model that is not there, files that changed, a failed build; CancelledError
 */
export async function packageModel(
  inputs: Inputs,
  { agent, azure, tokens, firstDelayMs }: Collaborators,
): Promise<Outcome> {
  const python = await readCondaFile(inputs.condaFile);
  const model = await readModel(azure, inputs);
  const registry = await findRegistry(azure, inputs.registry);
  const folder = await temporaryFolder(agent);
  try {
    agent.progress(5, 'downloading the model');
    const files = await downloadModel(azure, agent, model, path.join(folder, 'model'));
    const context = await createContext({
      model: { name: model.name, version: model.version, ...files },
      codeDirectory: inputs.codeDirectory,
      scoringScript: inputs.scoringScript,
      python,
    });
    const access = { azure, tokens, agent, registry };
    const built = await imageOf(access, inputs, context, {
      archive: path.join(folder, 'context.tar.gz'),
      firstDelayMs,
    });
    return await report(agent, {
      ...built,
      image: `${registry.loginServer}/${inputs.imageName}@${built.digest}`,
      registry,
      model,
      files,
      python,
      context,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function readModel(azure: Azure, { modelName, modelVersion }: Inputs): Promise<ModelVersion> {
  const model = await getModelVersion(azure, modelName, modelVersion);
  if (model !== undefined && !model.isArchived) return model;
  const versions = (await listModelVersions(azure, modelName)).filter((version) => !version.isArchived);
  throw new TaskError(
    model === undefined
      ? `Model ${modelName} has no version ${modelVersion} in workspace ${azure.workspace.name}.`
      : `Version ${modelVersion} of model ${modelName} is archived.`,
    versions.length === 0
      ? 'The workspace has no version of this model: register one with RegisterModel.'
      : `Versions there: ${versions
          .slice(0, 20)
          .map(({ version }) => version)
          .join(', ')}.`,
  );
}

async function imageOf(
  access: RegistryAccess,
  inputs: Inputs,
  context: BuildContext,
  { archive, firstDelayMs }: { archive: string; firstDelayMs?: number },
): Promise<{ digest: string; runId?: string }> {
  const { azure, agent, registry } = access;
  // One content, one tag: a run that is repeated, and a pipeline that changes nothing, build nothing.
  const contentTag = `content-${context.digest}`;
  const known = await findBuilt(access, inputs.imageName, contentTag);
  if (known !== undefined) {
    agent.print(
      `An image of the same model, code and packages is there already (tag ${contentTag.slice(0, 20)}…): it is used again.`,
    );
    return { digest: known };
  }
  const size = await writeArchive(context, archive);
  const names = [inputs.tag, contentTag].map((tag) => `${inputs.imageName}:${tag}`);
  agent.progress(25, 'uploading the build context');
  const { runId, digests } = await buildImage(azure, agent, {
    registry,
    archive: { file: archive, size },
    imageNames: names,
    firstDelayMs,
  });
  const digest =
    names.map((name) => digests[name]).find((found) => found !== undefined) ??
    (await manifestDigest(access, inputs.imageName, contentTag));
  if (digest === undefined || !isDigest(digest)) {
    throw new TaskError(`Build ${runId} succeeded, but the registry has no image ${inputs.imageName}:${contentTag}.`);
  }
  return { digest, runId };
}

/** Looking is an economy: where it is not allowed, the image is built. */
async function findBuilt(access: RegistryAccess, repository: string, tag: string): Promise<string | undefined> {
  try {
    return await manifestDigest(access, repository, tag);
  } catch (error) {
    if (error instanceof CancelledError) throw error;
    access.agent.warn(
      `Whether the image was built before cannot be seen in registry ${access.registry.name}, so it is built: ${errorText(error)}`,
    );
    return undefined;
  }
}

async function report(agent: Agent, made: Packaged): Promise<Outcome> {
  const { image, digest, registry, model, files, python, context, runId } = made;
  agent.output('image', image);
  const rows = [
    ['Image', image],
    ['Model', `${model.name}, version ${model.version}`],
    ['Model digest', files.digest],
    ['Base image', python.baseImage],
    ['Build', runId ?? 'none: the same content had been built before'],
  ];
  agent.summary('package', ['## Image', '', markdownTable(['', ''], rows), ''].join('\n'));
  agent.print(`Image: ${image}`);
  await leaveEvidence(agent, {
    schema: packageSchema,
    name: 'package',
    body: {
      image,
      digest,
      registry: registry.loginServer,
      model: { name: model.name, version: model.version, id: model.id },
      modelDigest: files.digest,
      buildRun: runId,
      baseImage: python.baseImage,
      contextDigest: `sha256:${context.digest}`,
    },
    facts: { model: model.name, version: model.version, image },
  });
  agent.progress(100, 'image ready');
  return { result: 'succeeded', message: `Image ${image}` };
}

async function temporaryFolder(agent: Agent): Promise<string> {
  await mkdir(agent.temporaryFolder, { recursive: true });
  return mkdtemp(path.join(agent.temporaryFolder, 'package-'));
}
