import type { Agent } from '../../lib/agent/agent';
import { CancelledError, TaskError, errorText } from '../../lib/agent/errors';
import { readPipelineRun, runTags } from '../../lib/agent/pipeline-run';
import { waitFor } from '../../lib/agent/poll';
import type { Azure } from '../../lib/azure/azure';
import { AzureError } from '../../lib/azure/errors';
import {
  containerGroupBody,
  containerGroupId,
  containerLog,
  containerName,
  getContainerGroup,
  putContainerGroup,
  type ContainerGroup,
  type ContainerGroupState,
} from '../../lib/azure/container-instances';
import { refreshToken, registryOfLoginServer, tokenUser } from '../../lib/azure/registry';
import { adviceFor } from './advice';
import type { Collaborators, InFlight } from './collaborators';
import type { ContainerInputs } from './inputs';
import type { Deployed } from './report';

/** A server says some thirty lines at its start and as many in a traceback, and has perhaps just begun anew. */
const shownLines = 100;
/** A container that ended so often, or is seen ended so often in a row, will not start by itself. */
const mostRestarts = 3;

/** Runs an image as a container group and waits until it answers. */
export async function deployContainer(
  inputs: ContainerInputs,
  collaborators: Collaborators,
  inFlight: InFlight,
): Promise<Deployed> {
  const { azure, agent } = collaborators;
  const { name, image, model } = inputs;
  const found = await getContainerGroup(azure, name);
  const isSame = found !== undefined && isSameGroup(found, inputs);
  if (found !== undefined) refuseRebuild(found, inputs);
  const timeoutMs = inputs.timeoutMinutes * 60_000;
  const started = Date.now();
  try {
    if (isSame && found.provisioningState === 'Succeeded') {
      agent.print(`Container group ${name} runs this image already; it is used again.`);
    } else {
      const body = containerGroupBody(await groupOf(inputs, collaborators), azure.workspace.location);
      inFlight.left = `Container group ${name} may be on its way; running this step again follows it.`;
      agent.print(`${found === undefined ? 'Creating' : 'Updating'} container group ${name}.`);
      const options = { what: `container group ${name}`, timeoutMs, progress: { from: 10, to: 60 } };
      await putContainerGroup(azure, name, body, options);
    }
    const left = Math.max(60_000, timeoutMs - (Date.now() - started));
    const pace = { timeoutMs: left, firstDelayMs: collaborators.firstDelayMs };
    const scoringUri = await waitUntilHealthy(azure, agent, inputs, pace);
    if (inputs.subnet === undefined) {
      agent.print('The container is reached without TLS and without authentication: for staging with test data only.');
    }
    const place = containerGroupId(azure, name);
    return { target: 'containerInstance', name, place, deploymentName: name, scoringUri, image, model, isNew: !isSame };
  } catch (error) {
    throw await failedContainer(error, azure, agent, name);
  }
}

function isSameGroup(found: ContainerGroupState, inputs: ContainerInputs): boolean {
  return found.image === inputs.image && differences(found, inputs).length === 0;
}

/** What a group cannot change once it exists (Container Instances, "Update containers"). */
function differences(found: ContainerGroupState, { cpu, memoryGb, port, subnet }: ContainerInputs): string[] {
  const pairs: [string, number | string | undefined, number | string | undefined][] = [
    ['cpu', found.cpu, cpu],
    ['memoryGb', found.memoryGb, memoryGb],
    ['port', found.port, port],
    ['subnet', found.subnet?.toLowerCase(), subnet?.toLowerCase()],
  ];
  return pairs
    .filter(([, is, shall]) => is !== shall)
    .map(([what, is, shall]) => `${what} (is ${is ?? 'none'}, shall be ${shall ?? 'none'})`);
}

function refuseRebuild(found: ContainerGroupState, inputs: ContainerInputs): void {
  const changed = differences(found, inputs);
  if (changed.length === 0) return;
  throw new TaskError(
    `Container group ${inputs.name} exists and cannot be changed in ${changed.join(', ')}.`,
    'Delete the group, choose another name, or give the step the values it has.',
  );
}

async function groupOf(inputs: ContainerInputs, { azure, agent, tokens }: Collaborators): Promise<ContainerGroup> {
  const { name, image, port, cpu, memoryGb, subnet, pullIdentity } = inputs;
  const server = image.slice(0, image.indexOf('/'));
  const tags = runTags(readPipelineRun(agent));
  const common = { name, image, port, cpu, memoryGb, subnet, tags };
  if (pullIdentity !== undefined) return { ...common, pull: { server, identity: pullIdentity } };
  if (/^mcr\.microsoft\.com$/i.test(server)) return common;
  const registry = await registryOfLoginServer(azure, server);
  agent.print(
    `The image is pulled with a token of this identity, which lives for hours only: give pullIdentity where the group shall restart later.`,
  );
  const password = await refreshToken({ azure, tokens, agent, registry });
  return { ...common, pull: { server, username: tokenUser, password } };
}

/** `http://{address}:{port}/score` once the server answers its health check. */
async function waitUntilHealthy(
  azure: Azure,
  agent: Agent,
  { name, port }: ContainerInputs,
  pace: { timeoutMs: number; firstDelayMs?: number },
): Promise<string> {
  const wait = {
    what: `container group ${name} to answer`,
    ...pace,
    maxDelayMs: 10_000,
    progress: { from: 60, to: 98 },
  };
  let ended = 0;
  return waitFor(wait, agent, async () => {
    const group = await getContainerGroup(azure, name);
    if (group === undefined) throw new TaskError(`Container group ${name} is gone.`);
    ended = group.container?.state === 'Terminated' ? ended + 1 : 0;
    refuseCrash(name, group, ended);
    const host = group.fqdn ?? group.ip;
    if (host === undefined) return { done: false, state: 'no address yet' };
    const base = `http://${host}:${port}`;
    const state = await health(azure, base);
    if (state === undefined) return { done: true, value: `${base}/score` };
    return { done: false, state: `${group.container?.state ?? 'starting'}; ${base} ${state}` };
  });
}

/** @returns `undefined` when the server is healthy, else what it said */
async function health(azure: Azure, base: string): Promise<string | undefined> {
  try {
    const answer = await azure.http.send({
      method: 'GET',
      url: `${base}/`,
      as: 'text',
      attempts: 1,
      timeoutMs: 10_000,
      accept: [404, 408, 424, 429, 500, 502, 503, 504],
    });
    return answer.status === 200 ? undefined : `answers ${answer.status}`;
  } catch (error) {
    if (error instanceof CancelledError) throw error;
    return `does not answer (${errorText(error)})`;
  }
}

/** @param ended how often in a row the container was seen ended */
function refuseCrash(name: string, { container }: ContainerGroupState, ended: number): void {
  if (container === undefined || (container.restarts < mostRestarts && ended < mostRestarts)) return;
  throw new TaskError(
    `The container of group ${name} ends by itself: ${container.state}, exit code ${container.exitCode ?? 'unknown'}${container.detail === undefined ? '' : ` (${container.detail})`}, ${container.restarts} restart(s).`,
  );
}

/** Shows the container's events and log, and names what is left. */
async function failedContainer(error: unknown, azure: Azure, agent: Agent, name: string): Promise<unknown> {
  if (error instanceof CancelledError) return error;
  let text = errorText(error);
  let left = `Container group ${name} was not created.`;
  try {
    const group = await getContainerGroup(azure, name);
    if (group !== undefined) {
      left = `Container group ${name} is left as it is (${group.provisioningState}).`;
      const events = group.events.map((event) => `  ${event.type} ${event.name} ×${event.count}: ${event.message}`);
      const log = await containerLog(azure, name, group.container?.name ?? containerName, shownLines);
      agent.print([`Events of container group ${name}:`, ...events].join('\n'));
      agent.print(`Log of the container:\n${log.trim() === '' ? '  (empty: it never started)' : log}`);
      // Ordinary events speak of pulling too.
      text += `\n${events.filter((event) => !event.startsWith('  Normal')).join('\n')}\n${log}`;
    }
  } catch (second) {
    if (second instanceof CancelledError) throw second;
    agent.print(`The events and the log of container group ${name} cannot be read: ${errorText(second)}`);
  }
  const given = error instanceof TaskError ? error.advice : undefined;
  // A refusal of Resource Manager names the missing action; the container's words do not.
  const refused = error instanceof AzureError && error.status === 403 ? given : undefined;
  const pull = /ImagePull|InaccessibleImage|failed to pull/i.test(text)
    ? 'The image could not be pulled: check that it exists, and give pullIdentity a user-assigned identity with the role AcrPull.'
    : undefined;
  const advice = refused ?? pull ?? adviceFor([], text) ?? given ?? 'The log above says what went wrong.';
  return new TaskError(`${errorText(error)}\n${left}`, advice, { cause: error });
}
