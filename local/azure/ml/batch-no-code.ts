import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { ArmFault, type Core } from '../service';
import { Assets } from './assets';
import { modelNeeds } from './no-code';
import { errorMessage, provider } from './wire';

/**
 * The environment of an MLflow model that is deployed without one: an anonymous version with the packages that the model
 * itself lists. Gives its id. @throws ArmFault when the model is not to be had.
 */
export async function noCodeEnvironment(core: Core, workspace: string, model: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mlflow-model-'));
  try {
    const assets = new Assets(core, workspace);
    await assets.fetch(assets.model(model).place, folder, `The model ${model}`);
    const { python, requirements } = await modelNeeds(folder);
    const condaFile = stringify({
      dependencies: [...(python === undefined ? [] : [`python=${python}`]), 'pip', { pip: requirements }],
    });
    const name = 'azureml-batch-mlflow';
    const version = createHash('sha256').update(condaFile).digest('hex').slice(0, 32);
    const id = `${workspace}/environments/${name}/versions/${version}`;
    const systemData = {
      createdAt: new Date().toISOString(),
      createdBy: core.workspaceIdentity.objectId,
      createdByType: 'Application',
    };
    core.store.set(`${workspace}/environments/${name}`, {
      id: `${workspace}/environments/${name}`,
      name,
      type: `${provider}/workspaces/environments`,
      properties: { isArchived: false, tags: {}, properties: {}, newest: version, provisioningState: 'Succeeded' },
      systemData,
    });
    core.store.set(id, {
      id,
      name: version,
      type: `${provider}/workspaces/environments/versions`,
      properties: {
        isAnonymous: true,
        isArchived: false,
        environmentType: 'UserCreated',
        image: 'mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest',
        condaFile,
        osType: 'Linux',
        tags: {},
        properties: {},
      },
      systemData,
    });
    return id;
  } catch (error) {
    throw new ArmFault(400, 'ImageBuildFailure', errorMessage(error));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
