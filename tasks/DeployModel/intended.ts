import { readAssetFile } from '../../lib/assets/document';
import { readOnlineDeployment, type OnlineDeployment } from '../../lib/assets/online';
import type { Intended } from './about';
import type { Inputs } from './inputs';

/**
 * What the inputs are about to deploy, without asking Azure. The deployment file is read only where no input says it.
 *
 * @throws TaskError with `file:line:column` for a deployment file that cannot be read
 */
export async function readIntended(inputs: Inputs): Promise<Intended> {
  if (inputs.target !== 'managedEndpoint') return { kind: 'image', image: inputs.image, model: inputs.model };
  if (inputs.subject !== undefined) return inputs.subject;
  if (inputs.deploymentFile === undefined) return { kind: 'unnamed', what: 'anything that an input names' };
  return ofFile(await readOnlineDeployment(await readAssetFile(inputs.deploymentFile)));
}

function ofFile({ model, environment }: OnlineDeployment): Intended {
  if (model === undefined) return ofEnvironment(environment);
  if (model.kind === 'local') return { kind: 'unnamed', what: `the files in ${model.path}, which are not registered` };
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
      const [, name, version] = /\/models\/([^/]+)\/versions\/([^/]+)$/.exec(reference.id) ?? [];
      return name !== undefined && version !== undefined
        ? { kind: 'model', name, version }
        : { kind: 'unnamed', what: `${reference.id}, which has no version` };
    }
  }
}

/** Without a model the image holds it, unless packages are added to the image: then it becomes another one. */
function ofEnvironment(environment: OnlineDeployment['environment']): Intended {
  const definition = environment?.kind === 'definition' ? environment.definition : undefined;
  if (definition?.image !== undefined && definition.condaFile === undefined && definition.build === undefined) {
    return { kind: 'image', image: definition.image };
  }
  return { kind: 'unnamed', what: 'what the deployment file describes, which has no model' };
}
