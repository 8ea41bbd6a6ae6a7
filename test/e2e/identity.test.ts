import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { StepResult } from '../../local/agent/run-task';
import { startDevOps, type LocalDevOps } from '../../local/devops';
import { node24 } from '../support/node24';
import { shown, startStandIns, type RunOptions, type StandIns } from '../support/stand-ins';

/** A step that needs a token, one authorised call of the workspace and one of a job that is not there. */
const task = 'RegisterModel';
const inputs = { modelName: 'm', job: 'no-such-job', path: 'model', modelType: 'custom_model' };

describe('identity of the built tasks', function () {
  this.timeout(120_000);
  let standIns: StandIns;
  let devops: LocalDevOps;
  const nodes: [string, () => string][] = [
    ['Node 20', () => process.execPath],
    ['Node 24', node24],
  ];

  before(async () => {
    standIns = await startStandIns();
    devops = await startDevOps({ stateDir: standIns.folder('devops') });
  });
  after(async () => {
    await devops.stop();
    await standIns.stop();
  });
  afterEach(() => standIns.azure.faults.clear());

  const run = (options: RunOptions = {}, more: Record<string, string> = {}): Promise<StepResult> =>
    standIns.run(task, { ...inputs, ...more }, options);

  /** Authentication worked when Azure answered about the job. */
  function assertAuthenticated(step: StepResult): void {
    assert.equal(step.exitCode, 0, shown(step));
    assert.match(step.issues.map(({ message }) => message).join('\n'), /no-such-job/, shown(step));
    const tokens = step.lines.join('\n').match(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g);
    assert.equal(tokens, null, 'a token is in the log');
  }

  function assertFailed(step: StepResult, message: RegExp): void {
    assert.equal(step.result, 'Failed', shown(step));
    assert.equal(step.exitCode, 0, shown(step));
    assert.match(step.issues.map((issue) => issue.message).join('\n'), message, shown(step));
  }

  for (const [name, node] of nodes) {
    it(`works with a system-assigned managed identity on ${name}`, async () => {
      assertAuthenticated(await run({ node: node() }));
    });

    it(`works with a user-assigned managed identity on ${name}`, async () => {
      const identity = standIns.azure.directory.agentIdentities.find(({ kind }) => kind === 'userAssigned');
      assert.ok(identity);
      assertAuthenticated(await run({ node: node() }, { managedIdentityClientId: identity.clientId }));
    });

    it(`works with a service principal's secret on ${name}`, async () => {
      assertAuthenticated(await run({ node: node(), scheme: 'ServicePrincipalKey' }));
    });

    it(`works with a service principal's certificate on ${name}`, async () => {
      assertAuthenticated(await run({ node: node(), scheme: 'ServicePrincipalCertificate' }));
    });

    it(`works with workload identity federation on ${name}`, async () => {
      const federated = await federate();
      assertAuthenticated(await run({ node: node(), scheme: 'WorkloadIdentityFederation', ...federated }));
    });
  }

  /** A run of the local Azure DevOps whose job token buys OIDC tokens, and Azure's trust in them. */
  async function federate(): Promise<RunOptions> {
    const pipelineRun = await devops.server.createRun({
      yamlFile: 'azure-pipelines.yml',
      pipelineName: 'identity',
      requestedFor: devops.users[0]?.displayName ?? '',
      repository: {
        name: 'diabetes',
        url: 'https://localhost/diabetes',
        branch: 'refs/heads/main',
        commit: '0'.repeat(40),
      },
      templateParameters: {},
      variables: {},
    });
    const subject = devops.oidcSubject('azure-WorkloadIdentityFederation');
    standIns.azure.federate({ issuer: devops.oidcIssuer, subject });
    devops.addServiceConnection(standIns.azure.serviceConnection('WorkloadIdentityFederation'));
    return {
      accessToken: pipelineRun.accessToken,
      collectionUrl: `${devops.url}/`,
      variables: { 'System.OidcRequestUri': pipelineRun.oidcRequestUri },
    };
  }

  it("sends the job's token to no other address than the agent's own connection has", async () => {
    const heard: string[] = [];
    const listener = createServer((request, response) => {
      heard.push(request.headers.authorization ?? '');
      response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const elsewhere = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/oidctoken`;
    const federated = await federate();
    const variables = { 'System.OidcRequestUri': elsewhere };
    const step = await run({ scheme: 'WorkloadIdentityFederation', ...federated, variables });
    listener.close();
    assertFailed(step, /System\.OidcRequestUri is .* no address of/);
    assert.deepEqual(heard, []);
  });

  it('says what is wrong with an identity that the machine does not have', async () => {
    const clientId = '99999999-9999-4999-8999-999999999999';
    assertFailed(await run({}, { managedIdentityClientId: clientId }), /99999999.*[\s\S]*managedIdentityClientId/);
  });

  it('says what to do when the machine has several identities and none is named', async () => {
    standIns.azure.faults.add({
      where: 'metadata',
      path: /identity/,
      times: 9,
      respond: {
        status: 400,
        body: {
          error: 'invalid_request',
          error_description:
            'Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request',
        },
      },
    });
    assertFailed(await run(), /several identities: name one in the input managedIdentityClientId/);
  });

  for (const status of [410, 429, 500]) {
    it(`outlasts a metadata service that answers ${status}`, async () => {
      standIns.azure.faults.add({
        where: 'metadata',
        path: /identity/,
        times: 1,
        respond: { status, body: { error: 'busy' } },
      });
      assertAuthenticated(await run());
    });
  }

  it('outlasts a metadata service that hangs once', async () => {
    standIns.azure.faults.add({ where: 'metadata', path: /identity/, times: 1, hang: true });
    assertAuthenticated(await run());
  });

  it('refuses a pipeline variable that would redirect its identity', async () => {
    const step = await run({ variables: { IDENTITY_ENDPOINT: 'http://127.0.0.1:1/evil' } });
    assertFailed(step, /IDENTITY_ENDPOINT.*redirect/);
  });

  it('refuses a service connection of another scheme', async () => {
    const connection = standIns.azure.serviceConnection('ManagedServiceIdentity');
    connection.authorization.scheme = 'PublishProfile';
    assertFailed(await run({ serviceConnections: [connection] }), /scheme PublishProfile/);
  });

  it('names the workspace that does not exist', async () => {
    assertFailed(
      await run({}, { workspace: 'mlw-nowhere' }),
      /mlw-nowhere[\s\S]*Check the inputs workspace and resourceGroup/,
    );
  });

  it('names the missing Azure action', async () => {
    const own = await startStandIns({ tasksDir: standIns.folder('no-rights') });
    try {
      assertFailed(
        await own.run(task, inputs),
        /a role with the action Microsoft\.MachineLearningServices\/workspaces\/read/,
      );
    } finally {
      await own.stop();
    }
  });

  it('repeats a call that Azure throttles, with and without Retry-After', async () => {
    const { faults } = standIns.azure;
    faults.add({
      path: /workspaces\/mlw-mlops\?/,
      respond: { status: 429, headers: { 'Retry-After': '1' }, body: {} },
    });
    faults.add({ path: /workspaces\/mlw-mlops\?/, respond: { status: 429, body: {} } });
    assertAuthenticated(await run());
  });
});
