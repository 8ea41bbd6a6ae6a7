import { check, list, map, number, optional, shape, text, type Check } from '../devops/shape';
import { Failure } from './errors';
import { send, type Response } from './http';
import type { Running } from './running';

const apiVersion = '2024-10-01';

const endpointShape = shape({
  name: text,
  properties: shape({ scoringUri: optional(text), provisioningState: optional(text), traffic: optional(map(number)) }),
});
export type Endpoint = ReturnType<typeof endpointShape>;

const containerGroupShape = shape({
  name: text,
  properties: shape({
    ipAddress: optional(shape({ ip: optional(text), fqdn: optional(text), ports: list(shape({ port: number })) })),
  }),
});

/** Resource Manager, as the service principal that owns the demo's resource group. */
export class AzureClient {
  private constructor(
    private readonly azure: Running['azure'],
    private readonly token: string,
  ) {}

  /** Gets a token by the service principal's secret. */
  static async open(azure: Running['azure']): Promise<AzureClient> {
    const { environment, caFile } = azure;
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: environment.AZURE_CLIENT_ID ?? '',
      client_secret: environment.AZURE_CLIENT_SECRET ?? '',
      scope: 'https://management.azure.com/.default',
    });
    const answer = await send({
      method: 'POST',
      url: `${azure.url}/${environment.AZURE_TENANT_ID ?? ''}/oauth2/v2.0/token`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: form.toString(),
      caFile,
    });
    const { access_token: token } = read(answer, shape({ access_token: text }), 'The login endpoint');
    return new AzureClient(azure, token);
  }

  async endpoints(): Promise<Endpoint[]> {
    return (await this.arm('GET', `${this.workspace}/onlineEndpoints`, shape({ value: list(endpointShape) }))).value;
  }

  /** Container groups with the address at which they answer. */
  async containerGroups(): Promise<{ name: string; url: string | undefined }[]> {
    const path = `${this.group}/providers/Microsoft.ContainerInstance/containerGroups`;
    const { value } = await this.arm('GET', path, shape({ value: list(containerGroupShape) }), '2023-05-01');
    return value.map(({ name, properties: { ipAddress } }) => {
      const host = ipAddress?.fqdn ?? ipAddress?.ip;
      const port = ipAddress?.ports[0]?.port;
      return { name, url: host === undefined || port === undefined ? undefined : `http://${host}:${port}/` };
    });
  }

  async modelVersions(model: string): Promise<string[]> {
    const path = `${this.workspace}/models/${encodeURIComponent(model)}/versions`;
    const answer = await this.call('GET', path, apiVersion);
    if (answer.status === 404) return [];
    return read(answer, shape({ value: list(shape({ name: text })) }), 'Azure Machine Learning').value.map(
      (one) => one.name,
    );
  }

  /** The model a deployment serves. */
  async deployedModel(endpoint: string, deployment: string): Promise<string | undefined> {
    const path = `${this.workspace}/onlineEndpoints/${endpoint}/deployments/${deployment}`;
    return (await this.arm('GET', path, shape({ properties: shape({ model: optional(text) }) }))).properties.model;
  }

  /** Sends a request to the endpoint with its key, as an application would. */
  async score(
    endpoint: Endpoint,
    request: string,
  ): Promise<{ status: number; answer: string; ms: number; deployment: string | undefined }> {
    const url = endpoint.properties.scoringUri;
    if (url === undefined) throw new Failure(`Endpoint ${endpoint.name} has no scoring URL.`);
    const keys = await this.arm(
      'POST',
      `${this.workspace}/onlineEndpoints/${endpoint.name}/listKeys`,
      shape({ primaryKey: text }),
    );
    const answer = await send({
      method: 'POST',
      url,
      body: request,
      headers: { authorization: `Bearer ${keys.primaryKey}` },
      caFile: this.azure.caFile,
    });
    const deployment = answer.headers['azureml-model-deployment'];
    return {
      status: answer.status,
      answer: answer.body.toString('utf8'),
      ms: answer.ms,
      deployment: typeof deployment === 'string' ? deployment : undefined,
    };
  }

  private get group(): string {
    const { AZURE_SUBSCRIPTION_ID = '', MLOPS_RESOURCE_GROUP = '' } = this.azure.environment;
    return `/subscriptions/${AZURE_SUBSCRIPTION_ID}/resourceGroups/${MLOPS_RESOURCE_GROUP}`;
  }

  private get workspace(): string {
    return `${this.group}/providers/Microsoft.MachineLearningServices/workspaces/${this.azure.environment.MLOPS_WORKSPACE ?? ''}`;
  }

  private async arm<T>(method: string, path: string, answer: Check<T>, version = apiVersion): Promise<T> {
    return read(await this.call(method, path, version), answer, 'Azure');
  }

  private call(method: string, path: string, version: string): Promise<Response> {
    const url = `${this.azure.url}${path}?api-version=${version}`;
    return send({ method, url, headers: { authorization: `Bearer ${this.token}` }, caFile: this.azure.caFile });
  }
}

function read<T>(answer: Response, shaped: Check<T>, who: string): T {
  const content = answer.body.toString('utf8');
  if (answer.status >= 400) throw new Failure(`${who} answered HTTP ${answer.status}: ${content.slice(0, 400)}`);
  return check(shaped, JSON.parse(content), who);
}
