import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { join, resolve } from 'node:path';
import type { FederatedCredential } from './assertions';
import { Authorization } from './authorization';
import { BlobStorage } from './blobs';
import { openCertificates, type Certificates } from './certificates';
import { Faults } from './faults';
import { MetadataService } from './identity';
import { createLogin } from './login';
import { createWorkspace } from './ml/assets-service';
import { LongRunningOperations } from './operations';
import { choosePorts } from './ports';
import { Recorder, type Exchange } from './recorder';
import { createResources, requireParents } from './resources';
import { names, openDirectory, type AgentIdentities, type Directory } from './seed';
import { AzureServer } from './server';
import type { Caller, Core, Service } from './service';
import { serviceConnection, type ConnectionScheme, type ServiceConnection } from './service-connection';
import { createServices } from './services';
import { JournalStore } from './store';
import { Tokens } from './tokens';

export type { FederatedCredential } from './assertions';
export type { Fault } from './faults';
export type { Exchange } from './recorder';
export type { ConnectionScheme, ServiceConnection } from './service-connection';

export interface AzureOptions {
  /** Everything that lasts over a restart. */
  stateDir: string;
  /** Ports; free ones at the first start when absent or 0, and the same ones again at the next. */
  port?: number;
  imdsPort?: number;
  /** A further address for the metadata service (port 80); the loopback interface must hold it already. */
  imdsHost?: string;
  /** Records every exchange in full, secrets hidden. */
  recordFile?: string;
  /** Folder of built tasks: each one's permissions.json is what it may do. Without it everything is allowed. */
  tasksDir?: string;
  identities?: AgentIdentities;
  /** The services beside login, resources and the workspace's assets; all by default. */
  services?: (core: Core) => Service[];
}

/** A running stand-in. */
export interface LocalAzure {
  /** Base of everything but the metadata service: `https://localhost:PORT`. */
  url: string;
  imdsUrl: string;
  caFile: string;
  caBundleFile: string;
  subscriptionId: string;
  tenantId: string;
  resourceGroup: string;
  workspace: string;
  registry: string;
  logFile: string;
  /** Who exists: the service principal with its secret, the agent's identities, the workspace's own. */
  directory: Directory;
  faults: Faults;
  /** Variables that let any client use this cloud. */
  environment(): Record<string, string>;
  /** Variables of the agent's own environment when it runs a task. */
  taskEnvironment(taskName: string): Record<string, string>;
  serviceConnection(scheme: ConnectionScheme): ServiceConnection;
  /** Trusts tokens of an issuer for the service principal (workload identity federation); one subject of an issuer once. */
  federate(credential: FederatedCredential): void;
  /** Calls a listener with every exchange on the https door; the returned function ends that. */
  onExchange(listener: (exchange: Exchange) => void): () => void;
  stop(): Promise<void>;
}

/** Starts the local Azure. @throws Error when a port is taken, in one sentence. */
export async function startAzure(options: AzureOptions): Promise<LocalAzure> {
  const stateDir = resolve(options.stateDir);
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const parts = await open(stateDir, options);
  const started: { stop?(): Promise<void> }[] = [];
  const stop = async (): Promise<void> => {
    // The last that was started is the first to go.
    for (const part of started.reverse().splice(0)) await part.stop?.();
  };
  try {
    for (const part of [parts.blobs, parts.server, parts.metadata, ...parts.services]) {
      await part.start?.();
      started.push(part);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return present(parts, stop);
}

interface Parts {
  url: string;
  imdsUrl: string;
  stateDir: string;
  identityHeader: string;
  certificates: Certificates;
  directory: Directory;
  faults: Faults;
  federated: FederatedCredential[];
  recorder: Recorder;
  blobs: BlobStorage;
  server: AzureServer;
  metadata: MetadataService;
  services: Service[];
}

async function open(stateDir: string, options: AzureOptions): Promise<Parts> {
  const ports = await choosePorts(stateDir, options);
  const url = `https://localhost:${ports.https}`;
  const certificates = await openCertificates(join(stateDir, 'certificates'));
  const directory = await openDirectory(join(stateDir, 'identities'), options.identities);
  const tokens = new Tokens(join(stateDir, 'identities', 'tokens.key'), names.tenantId);
  const authorization = new Authorization(directory.principals, options.tasksDir);
  const blobs = new BlobStorage({ folder: join(stateDir, 'blobs'), account: names.account, port: ports.https });
  const recorder = new Recorder(join(stateDir, 'requests.jsonl'), options.recordFile);
  const store = new JournalStore(join(stateDir, 'store.jsonl'));
  const faults = new Faults();
  const federated: FederatedCredential[] = [];
  const identityHeader = readIdentityHeader(join(stateDir, 'identities', 'header'));
  const log = (text: string): void => {
    if (existsSync(stateDir)) appendFileSync(join(stateDir, 'azure.log'), `${new Date().toISOString()} ${text}\n`);
  };
  const operations = new LongRunningOperations(store, { url, ...names });
  const core: Core = {
    url,
    subscriptionId: names.subscriptionId,
    tenantId: names.tenantId,
    location: names.location,
    folder: (name) => {
      const folder = join(stateDir, 'services', name);
      mkdirSync(folder, { recursive: true });
      return folder;
    },
    caFile: certificates.caFile,
    caBundleFile: certificates.caBundleFile,
    store,
    blobs,
    mintToken: (claims) =>
      tokens.mint({ ...claims, lifetimeSeconds: claims.lifetimeSeconds ?? faults.tokenLifetimeSeconds }),
    verifyToken: (token) => {
      const checked = tokens.check(token);
      return 'caller' in checked ? checked.caller : undefined;
    },
    allows: (caller, action, scope) => authorization.allows(caller, action, scope),
    workspaceIdentity: directory.workspaceIdentity,
    operations,
    log,
  };
  const common = { url, tokens, faults, recorder };
  const server = new AzureServer({
    ...common,
    ...certificates,
    tenantId: names.tenantId,
    port: ports.https,
    authorization,
    blobs,
    log,
    requireParents: (path) => requireParents(path, (id) => store.get(id) !== undefined),
  });
  const services = [
    createLogin({ ...common, caFile: certificates.caFile, directory, federated: () => federated }),
    createResources(core, directory),
    { routes: operations.routes(), stop: () => operations.stop() },
    createWorkspace(core, directory, blobs),
    ...(options.services?.(core) ?? createServices(core, ownerOf(directory), kubeconfigFile(stateDir))),
  ];
  server.use(services.flatMap((service) => service.routes));
  const metadata = new MetadataService({
    ...common,
    port: ports.metadata,
    host: options.imdsHost,
    identityHeader,
    identities: directory.agentIdentities,
    taskName: (given) => authorization.taskName(given),
  });
  const imdsUrl = `http://127.0.0.1:${ports.metadata}`;
  return {
    url,
    imdsUrl,
    stateDir,
    identityHeader,
    certificates,
    directory,
    faults,
    federated,
    recorder,
    blobs,
    server,
    metadata,
    services,
  };
}

function present(parts: Parts, stop: () => Promise<void>): LocalAzure {
  const { url, imdsUrl, certificates, directory } = parts;
  return {
    url,
    imdsUrl,
    caFile: certificates.caFile,
    caBundleFile: certificates.caBundleFile,
    subscriptionId: names.subscriptionId,
    tenantId: names.tenantId,
    resourceGroup: names.resourceGroup,
    workspace: names.workspace,
    registry: names.registry,
    logFile: parts.recorder.logFile,
    directory,
    faults: parts.faults,
    environment: () => environment(parts),
    taskEnvironment: (taskName) => ({
      AZURE_POD_IDENTITY_AUTHORITY_HOST: `${imdsUrl}/task/${taskName}`,
      NODE_EXTRA_CA_CERTS: certificates.caFile,
    }),
    serviceConnection: (scheme) => serviceConnection(scheme, url, directory, parts.federated.at(-1)),
    federate: (credential) => {
      const same = (one: FederatedCredential): boolean =>
        one.issuer === credential.issuer && one.subject === credential.subject;
      parts.federated.splice(0, Infinity, ...parts.federated.filter((one) => !same(one)), credential);
    },
    onExchange: (listener) => parts.server.onExchange(listener),
    stop,
  };
}

function environment(parts: Parts): Record<string, string> {
  const { url, imdsUrl, certificates } = parts;
  const { servicePrincipal } = parts.directory;
  return {
    ARM_ENDPOINT: url,
    ARM_CLOUD_METADATA_URL: `${url}/metadata/endpoints?api-version=2019-05-01`,
    AZUREML_CURRENT_CLOUD: 'Local',
    AZURE_AUTHORITY_HOST: url,
    AZURE_TENANT_ID: names.tenantId,
    AZURE_SUBSCRIPTION_ID: names.subscriptionId,
    AZURE_CLIENT_ID: servicePrincipal.clientId,
    AZURE_CLIENT_SECRET: servicePrincipal.secret,
    // The authority is none that clients know: they must not ask the public one about it.
    AZURE_CORE_INSTANCE_DISCOVERY: 'false',
    IDENTITY_ENDPOINT: `${imdsUrl}/msi/token`,
    IDENTITY_HEADER: parts.identityHeader,
    AZURE_POD_IDENTITY_AUTHORITY_HOST: imdsUrl,
    MLOPS_RESOURCE_GROUP: names.resourceGroup,
    MLOPS_WORKSPACE: names.workspace,
    MLOPS_REGISTRY: names.registry,
    KUBECONFIG: kubeconfigFile(parts.stateDir),
    SSL_CERT_FILE: certificates.caBundleFile,
    REQUESTS_CA_BUNDLE: certificates.caBundleFile,
    NODE_EXTRA_CA_CERTS: certificates.caFile,
  };
}

function kubeconfigFile(stateDir: string): string {
  return join(stateDir, 'kubeconfig');
}

function ownerOf({ servicePrincipal: { objectId, clientId } }: Directory): Caller {
  return { objectId, clientId, tenantId: names.tenantId, audience: '' };
}

function readIdentityHeader(file: string): string {
  if (!existsSync(file)) writeFileSync(file, randomUUID(), { mode: 0o600 });
  return readFileSync(file, 'utf8');
}
