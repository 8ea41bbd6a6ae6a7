import path from 'node:path';

import { environmentName } from '../names';
import type { ServiceConnection } from '../server';
import type { JobContext, StepContext } from './context';

type Environment = Record<string, string>;

/** Variables of the machine that would lead a task past the stand-ins, or into the wrong inputs. */
const foreign = /^(INPUT_|ENDPOINT_|SECRET_|SECUREFILE_|VSTS_|AZURE_|ARM_|IDENTITY_|MSI_|IMDS_|SYSTEM_|BUILD_|AGENT_)/i;

/** The agent's own environment: the machine's, cleaned, and what the caller adds for this task. */
export function ownEnvironment(job: JobContext, taskName: string): Environment {
  const own: Environment = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && !foreign.test(name)) own[name] = value;
  }
  return { ...own, ...job.environment(taskName) };
}

/**
 * The environment of a task's process, in the agent's order (agent source `NodeHandler.cs`, `Handler.cs`): the step's `env`
 * first, then variables, inputs, endpoints, task variables; so a variable wins over an `env` entry of the same name. Agents until
 * July 2026 have the variables after the endpoints.
 */
export function taskEnvironment(
  step: StepContext,
  inputs: Iterable<{ name: string; value: string }>,
  endpoints: ServiceConnection[],
  env: Record<string, string>,
): Environment {
  const environment = stepEnv(step, env);
  addVariables(environment, step.job, true);
  for (const { name, value } of inputs) environment[`INPUT_${environmentName(name)}`] = value;
  addEndpoints(environment, endpoints, step.job);
  for (const { name, value, preserveCase } of step.taskVariables.all()) {
    environment[`VSTS_TASKVARIABLE_${environmentName(name, preserveCase)}`] = value;
  }
  addPath(environment, step.job);
  environment['TF_BUILD'] = 'True';
  return environment;
}

/** Scripts get public variables only; a secret reaches them through `env` alone. */
export function scriptEnvironment(step: StepContext, env: Record<string, string>): Environment {
  const environment = stepEnv(step, env);
  addVariables(environment, step.job, false);
  addPath(environment, step.job);
  environment['TF_BUILD'] = 'True';
  return environment;
}

function stepEnv(step: StepContext, env: Record<string, string>): Environment {
  const environment: Environment = {};
  for (const [name, value] of Object.entries(env)) {
    if (name.trim() !== '') environment[name.trim()] = step.job.variables.expand(value.trim());
  }
  return environment;
}

function addEndpoints(environment: Environment, endpoints: ServiceConnection[], job: JobContext): void {
  for (const endpoint of endpoints) {
    const key = endpoint.id.toLowerCase();
    addEndpoint(environment, key, endpoint.url, endpoint.authorization);
    environment[`ENDPOINT_DATA_${key}`] = JSON.stringify(endpoint.data);
    for (const [name, value] of Object.entries(endpoint.data)) {
      environment[`ENDPOINT_DATA_${key}_${environmentName(name)}`] = value;
    }
  }
  const authorization = { scheme: 'OAuth', parameters: { AccessToken: job.system.accessToken } };
  addEndpoint(environment, 'SYSTEMVSSCONNECTION', job.system.url, authorization);
}

function addEndpoint(
  environment: Environment,
  key: string,
  url: string,
  auth: ServiceConnection['authorization'],
): void {
  environment[`ENDPOINT_URL_${key}`] = url;
  environment[`ENDPOINT_AUTH_${key}`] = JSON.stringify({ parameters: auth.parameters, scheme: auth.scheme });
  environment[`ENDPOINT_AUTH_SCHEME_${key}`] = auth.scheme;
  for (const [name, value] of Object.entries(auth.parameters)) {
    environment[`ENDPOINT_AUTH_PARAMETER_${key}_${environmentName(name)}`] = value;
  }
}

function addVariables(environment: Environment, job: JobContext, forTask: boolean): void {
  const publicNames: string[] = [];
  const secretNames: string[] = [];
  for (const { name, value, secret, preserveCase } of job.variables.all()) {
    if (secret) {
      if (forTask) environment[`SECRET_${environmentName(name, preserveCase)}`] = value;
      secretNames.push(name);
      continue;
    }
    if (name.toLowerCase() === 'agent.jobstatus') environment[name] = value;
    environment[environmentName(name, preserveCase)] = value;
    publicNames.push(name);
  }
  if (!forTask) return;
  environment['VSTS_PUBLIC_VARIABLES'] = JSON.stringify(publicNames);
  environment['VSTS_SECRET_VARIABLES'] = JSON.stringify(secretNames);
}

/** The path that was prepended last is searched first. */
function addPath(environment: Environment, job: JobContext): void {
  if (job.prependPath.length === 0) return;
  const base = job.variables.get('PATH') ?? environment['PATH'] ?? process.env['PATH'] ?? '';
  environment['PATH'] = [...[...job.prependPath].reverse(), base].filter((entry) => entry !== '').join(path.delimiter);
}
