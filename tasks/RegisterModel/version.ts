import type { Agent } from '../../lib/agent/agent';
import { TaskError } from '../../lib/agent/errors';
import type { Azure } from '../../lib/azure/azure';
import { AzureError } from '../../lib/azure/errors';
import {
  getModelVersion,
  listModelVersions,
  nextModelVersion,
  putModelVersion,
  type ModelVersion,
  type NewModelVersion,
} from '../../lib/azure/models';

/** Runs that register the same model at the same time are few. */
const mostTries = 8;

/** Property that says what a version was made of. */
export const keyProperty = 'mlops.key';

export interface Registered {
  model: ModelVersion;
  /** `false`: the same job and digest had been registered before. */
  isNew: boolean;
}

/**
 * Registers a version once for the same key. The number is the next one over all there are; since a PUT replaces what has
 * the number already, it is looked at before and read back after, and whoever finds another's version there takes the
 * next number.
 *
 * @param key equal exactly for the same job, path and digest
 */
export async function registerOnce(
  azure: Azure,
  agent: Agent,
  name: string,
  key: string,
  model: NewModelVersion,
): Promise<Registered> {
  for (let tries = 1; tries <= mostTries; tries++) {
    const versions = await listModelVersions(azure, name);
    const same = versions.find((version) => version.properties[keyProperty] === key);
    if (same) return { model: same, isNew: false };
    const number = String(await nextModelVersion(azure, name, versions));
    if (await getModelVersion(azure, name, number)) continue;
    const isWritten = await write(azure, name, number, model);
    const found = await getModelVersion(azure, name, number);
    if (found?.properties[keyProperty] === key) return { model: found, isNew: isWritten };
    agent.print(`Version ${number} of model ${name} was registered by somebody else meanwhile; taking the next.`);
  }
  throw new TaskError(`Model ${name} gets new versions faster than this one can be registered.`, 'Run the step again.');
}

/** @returns `false` when the number is taken */
async function write(azure: Azure, name: string, number: string, model: NewModelVersion): Promise<boolean> {
  try {
    await putModelVersion(azure, name, number, model);
    return true;
  } catch (error) {
    if (error instanceof AzureError && isTaken(error)) return false;
    throw error;
  }
}

/** Another path or type under a number that has one already cannot be written. */
function isTaken(error: AzureError): boolean {
  return [409, 412].includes(error.status) || error.is('AssetPathImmutable') || error.is('ModelTypeImmutable');
}
