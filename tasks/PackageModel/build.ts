import type { Agent } from '../../lib/agent/agent';
import { unlessCancelled } from '../../lib/agent/cancellation';
import { TaskError, errorText } from '../../lib/agent/errors';
import { waitFor } from '../../lib/agent/poll';
import type { Azure } from '../../lib/azure/azure';
import { protectSas } from '../../lib/azure/blob';
import { putFile } from '../../lib/azure/put-file';
import { AzureError } from '../../lib/azure/errors';
import { at, isRecord, textAt } from '../../lib/agent/json';
import { isDigest, type Registry } from '../../lib/azure/registry';
import { BuildLog } from './log';

/** The only generation of ACR Tasks with quick builds that every cloud serves. */
export const tasksApiVersion = '2019-06-01-preview';

const buildSeconds = 3600;
const cancelCallMs = 2_500;
const shownLines = 15;

export interface BuildRequest {
  registry: Registry;
  /** The build context, tar.gz. */
  archive: { file: string; size: number };
  /** `repository:tag`, the registry left out. */
  imageNames: string[];
  /** First pause of the wait; 1 s when absent. */
  firstDelayMs?: number;
}

export interface BuildResult {
  runId: string;
  /** Digest of the image by `repository:tag`, as far as the run tells. */
  digests: Record<string, string>;
}

/**
 * Builds an image with ACR Tasks: uploads the context, schedules a quick build, streams its log, waits for its end. When
 * the step is cancelled the run is cancelled too.
 *
 * Operations: Registries_GetBuildSourceUploadUrl, Put Blob, Registries_ScheduleRun, Runs_Get, Runs_GetLogSasUrl, Runs_Cancel.
 *
 * @throws TaskError with the run's status, its own message and the end of its log
 */
export async function buildImage(azure: Azure, agent: Agent, request: BuildRequest): Promise<BuildResult> {
  const { registry } = request;
  const inFlight: InFlight = {};
  try {
    return await unlessCancelled(agent, build(azure, agent, request, inFlight), () => end(azure, registry, inFlight));
  } catch (error) {
    throw explained(error, registry);
  }
}

/** How far a build has come, for its cancellation. */
interface InFlight {
  isScheduled?: boolean;
  runId?: string;
}

async function build(azure: Azure, agent: Agent, request: BuildRequest, inFlight: InFlight): Promise<BuildResult> {
  const { registry } = request;
  const source = await uploadContext(azure, agent, request);
  inFlight.isScheduled = true;
  const { body } = await azure.arm.post(`${registry.id}/scheduleRun`, tasksApiVersion, runBody(request, source));
  const runId = textAt(body, 'properties', 'runId') ?? textAt(body, 'name');
  if (runId === undefined) throw new TaskError(`The registry ${registry.name} started no run.`);
  inFlight.runId = runId;
  agent.print(`Build ${runId} in registry ${registry.name} started.`);
  return follow(azure, agent, request, runId);
}

async function end(azure: Azure, registry: Registry, { isScheduled, runId }: InFlight): Promise<string> {
  if (runId !== undefined) return cancel(azure, registry, runId);
  if (isScheduled !== true) return 'Cancelled before a build was started.';
  return `Cancelled while a build was being started: it may run on in registry ${registry.name}, and its image be found by the next step.`;
}

async function uploadContext(azure: Azure, agent: Agent, { registry, archive }: BuildRequest): Promise<string> {
  const { body } = await azure.arm.post(`${registry.id}/listBuildSourceUploadUrl`, tasksApiVersion, undefined, {
    idempotent: true,
  });
  const [url, location] = [textAt(body, 'uploadUrl'), textAt(body, 'relativePath')];
  if (url === undefined || location === undefined) {
    throw new TaskError(`The registry ${registry.name} gave no address to upload the build context to.`);
  }
  protectSas(agent, url);
  agent.print(`Uploading the build context, ${Math.ceil(archive.size / 1000)} kB …`);
  await putFile(azure.http, { url }, { path: 'context.tar.gz', ...archive });
  return location;
}

/** Body of Registries_ScheduleRun. */
export function runBody({ imageNames }: Pick<BuildRequest, 'imageNames'>, sourceLocation: string): unknown {
  return {
    type: 'DockerBuildRequest',
    isArchiveEnabled: false,
    isPushEnabled: true,
    noCache: false,
    imageNames,
    dockerFilePath: 'Dockerfile',
    sourceLocation,
    platform: { os: 'Linux', architecture: 'amd64' },
    agentConfiguration: { cpu: 2 },
    timeout: buildSeconds,
    credentials: { sourceRegistry: { loginMode: 'Default' } },
  };
}

const endings = ['Succeeded', 'Failed', 'Canceled', 'Error', 'Timeout'];

async function follow(azure: Azure, agent: Agent, request: BuildRequest, runId: string): Promise<BuildResult> {
  const { registry } = request;
  const path = `${registry.id}/runs/${runId}`;
  const log = new BuildLog(azure, agent, path, tasksApiVersion);
  const wait = {
    what: `build ${runId} of the image`,
    timeoutMs: (buildSeconds + 600) * 1000,
    firstDelayMs: request.firstDelayMs ?? 1_000,
    maxDelayMs: 5_000,
    progress: { from: 30, to: 95 },
  };
  const run = await waitFor(wait, agent, async () => {
    const found = await azure.arm.get(path, tasksApiVersion);
    const status = textAt(found, 'properties', 'status') ?? 'Unknown';
    // After the status: what was written before the run ended is in the log by then.
    await log.read();
    return endings.includes(status) ? { done: true, value: found } : { done: false, state: status };
  });
  log.finish();
  const status = textAt(run, 'properties', 'status') ?? 'Unknown';
  if (status !== 'Succeeded') throw failure(registry, runId, status, run, log.lastLines);
  return { runId, digests: outputDigests(run) };
}

function outputDigests(run: unknown): Record<string, string> {
  const images = at(run, 'properties', 'outputImages');
  if (!Array.isArray(images)) return {};
  return Object.fromEntries(
    images.filter(isRecord).flatMap((image): [string, string][] => {
      const digest = textAt(image, 'digest');
      if (digest === undefined || !isDigest(digest)) return [];
      return [[`${textAt(image, 'repository') ?? ''}:${textAt(image, 'tag') ?? ''}`, digest]];
    }),
  );
}

function failure(registry: Registry, runId: string, status: string, run: unknown, lines: readonly string[]): TaskError {
  const message = textAt(run, 'properties', 'runErrorMessage');
  const end = lines.slice(-shownLines);
  return new TaskError(
    [
      `Build ${runId} in registry ${registry.name} ended as ${status}${message === undefined ? '.' : `: ${message}`}`,
      ...(end.length > 0 ? ['Last lines of its log:', ...end.map((line) => `  ${line}`)] : []),
    ].join('\n'),
    advice(status, lines.join('\n')),
  );
}

function advice(status: string, log: string): string {
  if (/toomanyrequests|rate limit/i.test(log))
    return 'The registry of the base image asks to slow down: run it again later.';
  // The shell's own line names the step that failed, whatever the installer said before.
  if (
    /No matching distribution|Could not find a version|ResolutionImpossible|'\/bin\/sh -c pip install.*non-zero code/i.test(
      log,
    )
  ) {
    return "Correct the packages in the conda file's pip section.";
  }
  if (/denied|unauthorized/i.test(log) && /push/i.test(log))
    return 'The registry refused the push: check its permission mode (ABAC) and its network rules.';
  if (status === 'Timeout')
    return `The build may take ${buildSeconds / 60} minutes: make the model or its packages smaller.`;
  return 'The log above says what went wrong.';
}

async function cancel(azure: Azure, registry: Registry, runId: string): Promise<string> {
  try {
    await azure.http.send({
      method: 'POST',
      url: `${azure.cloud.arm}${registry.id}/runs/${runId}/cancel?api-version=${tasksApiVersion}`,
      resource: azure.cloud.resources.arm,
      accept: [404, 409],
      attempts: 1,
      timeoutMs: cancelCallMs,
      as: 'text',
    });
    return `Cancelled. Build ${runId} in registry ${registry.name} was cancelled too.`;
  } catch (error) {
    return `Cancelled, but build ${runId} in registry ${registry.name} could not be cancelled and may run on: ${errorText(error)}`;
  }
}

function explained(error: unknown, registry: Registry): unknown {
  if (!(error instanceof AzureError)) return error;
  if (error.is('TasksOperationsNotAllowed')) {
    return new TaskError(
      error.message,
      'Azure does not let this subscription build images with ACR Tasks (free and trial subscriptions): use another subscription, or ask Azure support to allow ACR Tasks.',
      { cause: error },
    );
  }
  if (/denied by network|not allowed access|public network access/i.test(error.message)) {
    return new TaskError(
      error.message,
      `The network rules of registry ${registry.name} keep ACR Tasks out: set networkRuleBypassAllowedForTasks on the registry.`,
      { cause: error },
    );
  }
  return error;
}
