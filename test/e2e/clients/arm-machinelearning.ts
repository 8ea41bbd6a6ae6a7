import { setTimeout as sleep } from 'node:timers/promises';
import { AzureMachineLearningWorkspaces, type JobBasePropertiesUnion } from '@azure/arm-machinelearning';
import { ClientSecretCredential } from '@azure/identity';

/**
 * `@azure/arm-machinelearning` as any program would use it: everything it knows comes from the environment. It prints a line
 * `RESULT {json}` for what it saw. Job bodies hold literal inputs only: version 2.1.1 of the client drops the URI of all others.
 */

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`The variable ${name} is not set.`);
  return value;
}

const subscription = setting('AZURE_SUBSCRIPTION_ID');
const group = setting('MLOPS_RESOURCE_GROUP');
const workspace = setting('MLOPS_WORKSPACE');
const endpoint = setting('ARM_ENDPOINT');
const credential = new ClientSecretCredential(
  setting('AZURE_TENANT_ID'),
  setting('AZURE_CLIENT_ID'),
  setting('AZURE_CLIENT_SECRET'),
  { authorityHost: setting('AZURE_AUTHORITY_HOST'), disableInstanceDiscovery: true },
);
const client = new AzureMachineLearningWorkspaces(credential, subscription, { endpoint });
const quick = { updateIntervalInMs: 200 };

const train = `import os, sys

print("alpha is", sys.argv[1])
os.makedirs("outputs/twice")
with open("outputs/twice/factor.txt", "w") as file:
    file.write("2")
`;
const score = `import json, os

def init():
    global factor
    folder = os.environ["AZUREML_MODEL_DIR"]
    print("the model is in", folder)
    with open(os.path.join(folder, "twice", "factor.txt")) as file:
        factor = float(file.read())

def run(raw):
    return [factor * value for value in json.loads(raw)["data"]]
`;

async function main(): Promise<void> {
  const seen = {
    workspace: (await client.workspaces.get(group, workspace)).name,
    workspaces: (await collect(client.workspaces.listByResourceGroup(group))).map((one) => one.name),
    ...(await job()),
    ...(await model()),
    ...(await serving()),
  };
  process.stdout.write(`RESULT ${JSON.stringify(seen)}\n`);
}

async function job(): Promise<Record<string, unknown>> {
  const environmentId = await environment('arm-job', []);
  const codeId = await code('arm-job', { 'train.py': train });
  const body: JobBasePropertiesUnion = {
    jobType: 'Command',
    command: 'python train.py ${{inputs.alpha}}',
    environmentId,
    codeId,
    experimentName: 'arm-client',
    displayName: 'short',
    inputs: { alpha: { jobInputType: 'literal', value: '0.5' } },
  };
  const created = await client.jobs.createOrUpdate(group, workspace, 'arm-short', { properties: body });
  const long = { ...body, command: 'python -c "import time; time.sleep(600)"', inputs: {} };
  await client.jobs.createOrUpdate(group, workspace, 'arm-long', { properties: long });
  const completed = await waitForJob('arm-short', ['Completed']);
  await waitForJob('arm-long', ['Running']);
  await client.jobs.beginCancelAndWait(group, workspace, 'arm-long', quick);
  const canceled = await waitForJob('arm-long', ['Canceled']);
  const listed = await collect(client.jobs.list(group, workspace));
  await client.jobs.beginDeleteAndWait(group, workspace, 'arm-long', quick);
  return {
    created: [created.name, created.properties.jobType, 'status' in created.properties],
    completed: completed.status,
    command: 'command' in completed ? completed.command : undefined,
    services: Object.keys(completed.services ?? {}).sort(),
    canceled: canceled.status,
    jobs: listed.map((one) => one.name).sort(),
    deleted: await refusal(client.jobs.get(group, workspace, 'arm-long')),
  };
}

async function waitForJob(name: string, wanted: string[]): Promise<JobBasePropertiesUnion> {
  for (;;) {
    const { properties } = await client.jobs.get(group, workspace, name);
    const status = properties.status ?? '';
    if (wanted.includes(status)) return properties;
    if (['Completed', 'Failed', 'Canceled'].includes(status)) throw new Error(`The job ${name} ended as ${status}.`);
    await sleep(200);
  }
}

async function model(): Promise<Record<string, unknown>> {
  const modelUri = 'azureml://jobs/arm-short/outputs/artifacts/paths/outputs/twice/';
  const properties = { modelType: 'custom_model', modelUri, tags: { by: 'arm' } };
  await client.modelVersions.createOrUpdate(group, workspace, 'arm-model', '1', { properties });
  await client.modelVersions.createOrUpdate(group, workspace, 'arm-model', '2', { properties });
  const got = await client.modelVersions.get(group, workspace, 'arm-model', '2');
  const listed = await collect(client.modelVersions.list(group, workspace, 'arm-model'));
  return {
    model: [got.name, got.properties.modelType, got.properties.tags],
    versions: listed.map((one) => one.name).sort(),
    models: (await collect(client.modelContainers.list(group, workspace))).map((one) => one.name),
    absent: await refusal(client.modelVersions.get(group, workspace, 'arm-model', '9')),
  };
}

async function serving(): Promise<Record<string, unknown>> {
  const { onlineEndpoints, onlineDeployments } = client;
  const name = 'arm-endpoint';
  const body = { location: 'westeurope', properties: { authMode: 'Key' } };
  await onlineEndpoints.beginCreateOrUpdateAndWait(group, workspace, name, body, quick);
  const deployed = await onlineDeployments.beginCreateOrUpdateAndWait(
    group,
    workspace,
    name,
    'blue',
    {
      location: 'westeurope',
      sku: { name: 'Default', capacity: 1 },
      properties: {
        endpointComputeType: 'Managed',
        model: `${workspaceId()}/models/arm-model/versions/2`,
        environmentId: await environment('arm-serving', ['azureml-inference-server-http>=1.5.1']),
        codeConfiguration: { codeId: await code('arm-score', { 'score.py': score }), scoringScript: 'score.py' },
        instanceType: 'Standard_DS2_v2',
      },
    },
    quick,
  );
  const { scoringUri = '' } = (await onlineEndpoints.get(group, workspace, name)).properties;
  const { primaryKey = '' } = await onlineEndpoints.listKeys(group, workspace, name);
  const before = (await ask(scoringUri, primaryKey)).status;
  const traffic = { location: 'westeurope', properties: { authMode: 'Key', traffic: { blue: 100 } } };
  const updated = await onlineEndpoints.beginCreateOrUpdateAndWait(group, workspace, name, traffic, quick);
  const scored = await ask(scoringUri, primaryKey);
  const logs = await onlineDeployments.getLogs(group, workspace, name, 'blue', {});
  const deployments = await collect(onlineDeployments.list(group, workspace, name));
  const refused = await refusal(onlineDeployments.beginDeleteAndWait(group, workspace, name, 'blue', quick));
  traffic.properties.traffic.blue = 0;
  await onlineEndpoints.beginCreateOrUpdateAndWait(group, workspace, name, traffic, quick);
  await onlineDeployments.beginDeleteAndWait(group, workspace, name, 'blue', quick);
  const left = await refusal(onlineDeployments.get(group, workspace, name, 'blue'));
  await onlineEndpoints.beginDeleteAndWait(group, workspace, name, quick);
  return {
    deployed: deployed.properties.provisioningState,
    deployments: deployments.map((one) => one.name),
    withoutTraffic: before,
    traffic: updated.properties.traffic,
    scored: [scored.status, await scored.json()],
    logs: /the model is in \S+\/arm-model\/2/.test(logs.content ?? ''),
    deletions: [refused, left],
    gone: await refusal(onlineEndpoints.get(group, workspace, name)),
  };
}

async function ask(url: string, key: string): Promise<Response> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  return fetch(url, { method: 'POST', headers, body: JSON.stringify({ data: [1, 2.5] }) });
}

async function environment(name: string, pip: string[]): Promise<string> {
  const packages = pip.length === 0 ? '' : `:\n  - ${pip.join('\n  - ')}`;
  const properties = { image: 'python', osType: 'Linux', condaFile: `dependencies:\n- pip${packages}\n` };
  const made = await client.environmentVersions.createOrUpdate(group, workspace, name, '1', { properties });
  if (made.id === undefined) throw new Error('The environment has no id.');
  return made.id;
}

async function code(name: string, files: Record<string, string>): Promise<string> {
  const codeUri = await upload(`codes/${name}/versions/1`, files);
  const made = await client.codeVersions.createOrUpdate(group, workspace, name, '1', { properties: { codeUri } });
  if (made.id === undefined) throw new Error('The code has no id.');
  return made.id;
}

/** The client's version has no operation for uploads: the service is asked for a place, which takes the files. */
async function upload(asset: string, files: Record<string, string>): Promise<string> {
  const { token } = await credential.getToken(`${endpoint}/.default`);
  const url = `${endpoint}${workspaceId()}/${asset}/startPendingUpload?api-version=2024-04-01`;
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ pendingUploadType: 'TemporaryBlobReference' });
  const answer = await fetch(url, { method: 'POST', headers, body });
  const sasUri = new URL(/"sasUri":\s*"([^"]+)"/.exec(await answer.text())?.[1] ?? '');
  const blob = (name: string): string => `${sasUri.origin}${sasUri.pathname}/${name}`;
  for (const [name, content] of Object.entries(files)) {
    const sent = await fetch(blob(name) + sasUri.search, {
      method: 'PUT',
      headers: { 'x-ms-blob-type': 'BlockBlob', 'x-ms-version': '2021-12-02' },
      body: content,
    });
    if (sent.status !== 201) throw new Error(`The upload of ${name} was answered with ${sent.status}.`);
  }
  return sasUri.origin + sasUri.pathname;
}

function workspaceId(): string {
  return `/subscriptions/${subscription}/resourceGroups/${group}/providers/Microsoft.MachineLearningServices/workspaces/${workspace}`;
}

async function refusal(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => 'none',
    (error: unknown) => (error instanceof Error && 'statusCode' in error ? error.statusCode : String(error)),
  );
}

async function collect<T>(pages: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const one of pages) all.push(one);
  return all;
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});
