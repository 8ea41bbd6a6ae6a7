import type { Agent } from '../../lib/agent/agent';
import { TaskError } from '../../lib/agent/errors';

/** Where the requests go. */
export type Target =
  { kind: 'uri'; scoringUri: string; key?: string } | { kind: 'endpoint'; endpoint: string; deployment?: string };

export interface Inputs {
  target: Target;
  /** Absolute path of the JSON lines file. */
  requests: string;
  /** Absolute path of a JSON schema or of expected values, or the JSON itself. */
  expect?: { file: string } | { inline: string };
  /** Limit for the 95th percentile. */
  maxLatencyMs?: number;
  /** How long the service may take to come up. */
  startupTimeoutSeconds: number;
}

const endpointName = /^[A-Za-z](?:-?[A-Za-z0-9]){2,31}$/;

/** @throws TaskError for a missing, malformed or contradictory input */
export function readInputs(agent: Agent): Inputs {
  const requests = agent.pathInput('requests');
  if (requests === undefined) {
    throw new TaskError('Input "requests" is missing.', 'Name a file with one JSON request a line.');
  }
  return {
    target: readTarget(agent),
    requests,
    expect: readExpect(agent),
    maxLatencyMs: wholeNumber(agent, 'maxLatencyMs'),
    startupTimeoutSeconds: wholeNumber(agent, 'startupTimeoutSeconds') ?? 300,
  };
}

function readTarget(agent: Agent): Target {
  const scoringUri = agent.input('scoringUri');
  const endpoint = agent.input('endpointName');
  const deployment = agent.input('deploymentName');
  const key = agent.input('key');
  // Masked before anything can fail and print it.
  if (key !== undefined) agent.secret(key);
  if ((scoringUri === undefined) === (endpoint === undefined)) {
    throw new TaskError(
      scoringUri === undefined
        ? 'Neither "scoringUri" nor "endpointName" is given.'
        : 'Both "scoringUri" and "endpointName" are given.',
      'Give the address of the service, or the name of an online endpoint of the workspace.',
    );
  }
  if (scoringUri !== undefined) {
    if (deployment !== undefined) {
      throw new TaskError('"deploymentName" goes with "endpointName", not with "scoringUri".', 'Give endpointName.');
    }
    return { kind: 'uri', scoringUri: readUri(scoringUri, key !== undefined), key };
  }
  if (key !== undefined) {
    throw new TaskError(
      '"key" goes with "scoringUri".',
      'The task reads the keys of an endpoint by itself: leave it out.',
    );
  }
  return {
    kind: 'endpoint',
    endpoint: named('endpointName', endpoint ?? ''),
    deployment: deployment && named('deploymentName', deployment),
  };
}

function named(input: string, value: string): string {
  if (endpointName.test(value)) return value;
  throw new TaskError(
    `Input "${input}" is "${value}", which is no name in Azure Machine Learning.`,
    /[$[\]()]/.test(value) ? 'A variable was not replaced: check its name.' : 'Use 3 to 32 letters, digits and dashes.',
  );
}

function readUri(value: string, hasKey: boolean): string {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:') || url.username !== '' || url.password !== '') {
    throw new TaskError(
      'Input "scoringUri" is no http or https address.',
      'Give the output scoringUri of DeployModel.',
    );
  }
  if (isMetadataHost(url.hostname)) {
    throw new TaskError(
      'Input "scoringUri" is the address of a metadata service.',
      'Give the address of a model service.',
    );
  }
  if (hasKey && url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw new TaskError('The key would be sent over http, readable for everyone on the way.', 'Use an https address.');
  }
  return url.href;
}

/** Link-local addresses serve the identity of the machine, never a model. */
function isMetadataHost(host: string): boolean {
  return /^169\.254\.|^168\.63\.129\.16$|^\[fe80:/i.test(host);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || host.startsWith('127.');
}

/** The input takes a path or JSON; JSON starts with a brace. */
function readExpect(agent: Agent): Inputs['expect'] {
  const text = agent.input('expect');
  if (text === undefined) return undefined;
  if (/^\s*[{[]/.test(text)) return { inline: text };
  const file = agent.pathInput('expect');
  return file === undefined ? undefined : { file };
}

function wholeNumber(agent: Agent, name: string): number | undefined {
  const text = agent.input(name);
  if (text === undefined) return undefined;
  if (/^\d{1,7}$/.test(text) && Number(text) > 0) return Number(text);
  throw new TaskError(`Input "${name}" is "${text}".`, 'Give a whole number above 0.');
}
