import type { Azure } from '../../../lib/azure/azure';
import { ArmClient } from '../../../lib/azure/arm-client';
import type { Cloud } from '../../../lib/azure/cloud';
import { azureError } from '../../../lib/azure/errors';
import type { Http, HttpAnswer, HttpRequest } from '../../../lib/azure/http';
import type { FakeAgent } from '../../support/fake-agent';

/** What a fake answers: a status and a body; a body alone is a 200. */
export interface FakeAnswer {
  status?: number;
  body?: unknown;
  headers?: Record<string, string>;
}

export type FakeRoute = (request: HttpRequest, url: URL) => FakeAnswer | undefined;

const cloud: Cloud = {
  name: 'AzureCloud',
  arm: 'https://arm.test',
  authority: 'https://login.test',
  resources: {
    arm: 'https://arm.test',
    machineLearning: 'https://ml.test',
    storage: 'https://storage.test',
    kubernetes: 'kubernetes',
  },
};

/** HTTP that answers from `route`; what it does not know is a 404 as ARM words it. */
export class FakeHttp implements Http {
  readonly requests: HttpRequest[] = [];

  constructor(private readonly route: FakeRoute) {}

  send(request: HttpRequest): Promise<HttpAnswer> {
    this.requests.push(request);
    const found = this.route(request, new URL(request.url)) ?? {
      status: 404,
      body: { error: { code: 'ResourceNotFound', message: 'not found' } },
    };
    const answer = { status: found.status ?? 200, headers: found.headers ?? {}, body: found.body };
    const isAccepted = answer.status < 300 || (request.accept?.includes(answer.status) ?? false);
    if (isAccepted) return Promise.resolve(answer);
    return Promise.reject(azureError(`${request.method} ${request.url}`, answer));
  }
}

/** A workspace `w` behind a fake HTTP. */
export function fakeAzure(agent: FakeAgent, route: FakeRoute): Azure & { http: FakeHttp } {
  const http = new FakeHttp(route);
  const resourceGroupId = '/subscriptions/s/resourceGroups/g';
  const id = `${resourceGroupId}/providers/Microsoft.MachineLearningServices/workspaces/w`;
  return {
    cloud,
    http,
    tokens: { get: () => Promise.reject(new Error('no token is needed here')) },
    arm: new ArmClient(http, cloud, agent),
    subscriptionId: 's',
    resourceGroup: 'g',
    resourceGroupId,
    workspace: {
      id,
      name: 'w',
      location: 'westeurope',
      historyUrl: `https://data.test/history/v1.0${id}`,
      artifactUrl: `https://data.test/artifact/v2.0${id}`,
      mlflowUrl: `https://data.test/mlflow/v2.0${id}/api/2.0/mlflow`,
    },
  };
}
