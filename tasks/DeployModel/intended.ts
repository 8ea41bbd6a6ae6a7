import { readAssetFile } from '../../lib/assets/document';
import { onlineDeployment, type OnlineDeployment } from '../../lib/assets/parts/online-deployment';
import type { Intended } from './about';
import type { Inputs } from './inputs';

/**
 * What the inputs are about to deploy, without asking Azure.
 *
 * @param workspaceId ARM id of the workspace that is deployed to: models are named in it
 * @throws TaskError with `file:line:column` for a deployment file that cannot be read
 */
export async function readIntended(inputs: Inputs, workspaceId?: string): Promise<Intended> {
  if (inputs.target !== 'managedEndpoint') return { kind: 'image', image: inputs.image, model: inputs.model };
  const { subject, deploymentFile, root } = inputs;
  if (subject?.kind === 'image') return subject;
  const file = deploymentFile === undefined ? undefined : await readDeployment(deploymentFile, workspaceId, root);
  const intended = subject ?? (file === undefined ? nothing : ofFile(file));
  if (intended.kind === 'unnamed') return intended;
  return labelled(file?.environment) ?? (intended.kind === 'model' ? inWorkspace(intended, workspaceId) : intended);
}

const nothing: Intended = { kind: 'unnamed', what: 'anything that an input names' };

async function readDeployment(
  file: string,
  workspaceId: string | undefined,
  root: string | undefined,
): Promise<OnlineDeployment> {
  const { reader, scope } = await readAssetFile(file, [], workspaceId, root);
  return onlineDeployment.read(reader, scope);
}

/** A name without a place means the workspace that is deployed to. */
function inWorkspace(model: Extract<Intended, { kind: 'model' }>, workspaceId: string | undefined): Intended {
  if (workspaceId === undefined) return model;
  if (model.id !== undefined) {
    const isHere = model.id.toLowerCase().startsWith(`${workspaceId.toLowerCase()}/`);
    return isHere ? model : { ...model, isElsewhere: true };
  }
  return { ...model, id: `${workspaceId}/models/${model.name}/versions/${model.version}` };
}

/** What a label stands for can change after the approval, and with it the code that serves the model. */
function labelled(environment: OnlineDeployment['environment']): Intended | undefined {
  if (environment?.kind !== 'reference') return undefined;
  const { reference } = environment;
  if (reference.kind === 'version') return undefined;
  const written = reference.kind === 'id' ? reference.id : `azureml:${reference.name}@${reference.label}`;
  if (reference.kind === 'id' && !/\/labels\/[^/]+$/i.test(written)) return undefined;
  return {
    kind: 'unnamed',
    what: `the environment ${written}, a version that only Azure knows`,
    advice:
      'Name the environment of the deployment file by its version, azureml:name:version, or define it in the file.',
  };
}

function ofFile({ model, environment, codeConfiguration }: OnlineDeployment): Intended {
  if (model === undefined) return ofImage(plainImage(environment), codeConfiguration !== undefined);
  if (model.kind === 'definition') {
    const { source } = model.definition;
    const what = typeof source === 'string' ? source : `the files in ${source.root}`;
    return { kind: 'unnamed', what: `${what}, which are not registered` };
  }
  const { reference } = model;
  switch (reference.kind) {
    case 'version':
      return { kind: 'model', name: reference.name, version: reference.version };
    case 'label':
      return {
        kind: 'unnamed',
        what: `azureml:${reference.name}@${reference.label}, a version that only Azure knows`,
      };
    case 'id': {
      const { id } = reference;
      const [, name, version] = /\/models\/([^/]+)\/versions\/([^/]+)$/i.exec(id) ?? [];
      return name !== undefined && version !== undefined
        ? { kind: 'model', name, version, id }
        : { kind: 'unnamed', what: `${id}, which has no version` };
    }
  }
}

/** Without a model the image holds it, unless code that nobody approved answers in it. */
function ofImage(image: string | undefined, hasCode: boolean): Intended {
  if (image === undefined) {
    return { kind: 'unnamed', what: 'what the deployment file describes, which has no model' };
  }
  if (!hasCode) return { kind: 'image', image };
  return {
    kind: 'unnamed',
    what: `the code that the deployment file puts beside image ${image}`,
    advice:
      'Leave code_configuration out of the deployment file: an image that was approved brings its code. Or give the inputs modelName and modelVersion of a registered model that the code serves.',
  };
}

/** The image of an environment to which nothing is added: with packages it becomes another one. */
function plainImage(environment: OnlineDeployment['environment']): string | undefined {
  const definition = environment?.kind === 'definition' ? environment.definition : undefined;
  return definition?.condaFile === undefined && definition?.build === undefined ? definition?.image : undefined;
}

/** The image that serves, where it is all that serves: what the record of the deployment names. */
export function servedImage({ model, environment, codeConfiguration }: OnlineDeployment): string | undefined {
  return model === undefined && codeConfiguration === undefined ? plainImage(environment) : undefined;
}
