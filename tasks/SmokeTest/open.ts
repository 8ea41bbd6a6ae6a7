import type { Agent, Outcome } from '../../lib/agent/agent';
import { createHttp } from '../../lib/azure/http-client';
import { readNetwork } from '../../lib/azure/network';
import { openAzure } from '../../lib/azure/open';
import { openEndpoint } from './authentication';
import { readExpectation } from './expectation';
import type { Inputs } from './inputs';
import { readRequests } from './requests';
import { smokeTest } from './smoke-test';

/** Reads the files, opens the target, tests it. Azure is opened for endpoints only: an address alone needs no identity. */
export async function runSmokeTest(inputs: Inputs, agent: Agent): Promise<Outcome> {
  const requests = await readRequests(inputs.requests);
  const expectation = await readExpectation(inputs.expect, requests.length);
  const { target } = inputs;
  if (target.kind === 'uri') {
    const { scoringUri, key } = target;
    const headers: Record<string, string> = key === undefined ? {} : { Authorization: `Bearer ${key}` };
    const service = { scoringUri, authentication: key === undefined ? ('none' as const) : ('key' as const), headers };
    return smokeTest(inputs, service, requests, expectation, { http: openHttp(agent), agent });
  }
  const azure = await openAzure(agent);
  const service = await openEndpoint(azure, agent, target.endpoint, target.deployment);
  return smokeTest(inputs, service, requests, expectation, { http: azure.http, agent });
}

/** HTTP without any identity: no token of Azure can reach the address. */
function openHttp(agent: Agent): ReturnType<typeof createHttp> {
  return createHttp({
    tokens: { get: () => Promise.reject(new Error('no token is needed here')) },
    network: readNetwork(),
    agent,
    userAgent: `mlops-azure-ml node/${process.versions.node}`,
    maySend: () => false,
  });
}
