import type { Agent } from '../../lib/agent/agent';
import { CancelledError, TaskError, errorText } from '../../lib/agent/errors';
import { readPipelineRun } from '../../lib/agent/pipeline-run';
import type { Azure } from '../../lib/azure/azure';
import { AzureError } from '../../lib/azure/errors';
import {
  deleteDeployment,
  deploymentLog,
  getDeployment,
  getEndpoint,
  trafficText,
} from '../../lib/azure/online-endpoints';
import { adviceFor } from './advice';
import type { ManagedInputs } from './inputs';

const askedLines = 500;
const shownLines = 40;
const containers = ['InferenceServer', 'StorageInitializer'] as const;

interface Failed {
  endpoint: string;
  deployment: string;
  onFailure: ManagedInputs['onFailure'];
}

/**
 * Shows the containers' own logs, says what production does, and deletes the failed deployment where that was asked for
 * and this run made it.
 *
 * @returns the error to throw
 */
export async function failedDeployment(
  error: unknown,
  failed: Failed,
  { azure, agent }: { azure: Azure; agent: Agent },
): Promise<unknown> {
  if (error instanceof CancelledError) return error;
  const logs = await showLogs(azure, agent, failed);
  const sentences = [errorText(error)];
  const serving = await attempt(agent, 'traffic', async () => (await getEndpoint(azure, failed.endpoint))?.traffic);
  sentences.push(
    serving === undefined
      ? 'The traffic was not touched.'
      : `Production's traffic was not touched: ${trafficText(serving)}.`,
    await cleanUp(azure, agent, failed, serving?.[failed.deployment] ?? 0),
  );
  const given = error instanceof TaskError ? error.advice : undefined;
  // A refusal of Resource Manager names the missing action; the container's words do not.
  const refused = error instanceof AzureError && error.status === 403 ? given : undefined;
  const code = error instanceof AzureError ? [error.code, ...error.details.map((detail) => detail.code)] : [];
  const advice =
    refused ?? adviceFor(code, `${errorText(error)}\n${logs}`) ?? given ?? 'The logs above say what went wrong.';
  return new TaskError(sentences.join('\n'), advice, { cause: error });
}

async function showLogs(azure: Azure, agent: Agent, { endpoint, deployment }: Failed): Promise<string> {
  const shown: string[] = [];
  for (const container of containers) {
    const log = await attempt(agent, `log of ${container}`, () =>
      deploymentLog(azure, endpoint, deployment, container, askedLines),
    );
    if (log === undefined) continue;
    const lines = log.trimEnd().split(/\r?\n/).slice(-shownLines);
    agent.print(`Log of ${container} of deployment ${deployment}:`);
    agent.print(
      log.trim() === '' ? '  (empty: the container never started)' : lines.map((line) => `  ${line}`).join('\n'),
    );
    shown.push(...lines);
  }
  return shown.join('\n');
}

/** A deployment that could not be created has perhaps no log, and the reason must still come out. */
async function attempt<T>(agent: Agent, what: string, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof CancelledError) throw error;
    agent.print(`The ${what} cannot be read: ${errorText(error)}`);
    return undefined;
  }
}

/** Only what carries this run's own mark and serves nobody is deleted. */
async function cleanUp(azure: Azure, agent: Agent, failed: Failed, share: number): Promise<string> {
  const { endpoint, deployment, onFailure } = failed;
  const found = await attempt(agent, 'failed deployment', () => getDeployment(azure, endpoint, deployment));
  if (found === undefined) return `Deployment ${deployment} was not created.`;
  const kept = `Deployment ${deployment} of endpoint ${endpoint} is left as it is (${found.provisioningState}), without traffic.`;
  if (onFailure === 'keep') return kept;
  const { runId } = readPipelineRun(agent);
  if (runId === '' || found.tags['mlops.run'] !== runId || share > 0) {
    return `Deployment ${deployment} of endpoint ${endpoint} does not carry this run's mark and is not deleted.`;
  }
  try {
    await deleteDeployment(azure, agent, endpoint, deployment);
    return `Deployment ${deployment} was deleted.`;
  } catch (error) {
    if (error instanceof CancelledError) throw error;
    return `Deployment ${deployment} could not be deleted: ${errorText(error)}`;
  }
}
