import { existsSync } from 'node:fs';
import path from 'node:path';
import type { YamlReader } from '../agent/yaml';
import type { AssetFile } from './document';
import { readEnvironment, type EnvironmentSpec } from './environment';
import { readCollector, readProbe, readRequests, readResources, readScale, type DataCollector } from './online-parts';
import { computeId, parseReference, type AssetReference } from './references';
import { integerOf, localPath, optionalText, pythonText, textMap, textOf, wordOf } from './values';

/** Online endpoints and deployments: files of Azure ML CLI v2 (managed and Kubernetes) and their REST bodies. */

/** An endpoint file, checked. Members are those of the REST body, undefined where the file says nothing. */
export interface OnlineEndpoint {
  name?: string;
  /** `Key`, `AMLToken`, `AADToken` */
  authMode: string;
  description?: string;
  tags: Record<string, string>;
  properties: Record<string, string>;
  publicNetworkAccess?: string;
  /** ARM id of a Kubernetes compute; absent for a managed endpoint. */
  compute?: string;
  identity: { type: string; userAssignedIdentities?: Record<string, Record<string, never>> };
  /** Percent by deployment. */
  traffic: Record<string, number>;
  mirrorTraffic: Record<string, number>;
}

/** A deployment file, checked; local things and references are still to resolve. */
export interface OnlineDeployment {
  kind: 'Managed' | 'Kubernetes';
  name?: string;
  endpointName?: string;
  description?: string;
  tags: Record<string, string>;
  properties: Record<string, string>;
  model?: ModelSpec;
  modelMountPath?: string;
  code?: CodeConfiguration;
  environment?: EnvironmentSpec;
  environmentVariables: Record<string, string>;
  instanceType?: string;
  instanceCount: number;
  appInsightsEnabled: boolean;
  egressPublicNetworkAccess?: string;
  scaleSettings?: Record<string, unknown>;
  requestSettings?: Record<string, unknown>;
  livenessProbe?: Record<string, unknown>;
  readinessProbe?: Record<string, unknown>;
  containerResourceRequirements?: Record<string, unknown>;
  dataCollector?: DataCollector;
}

export type ModelSpec =
  | { kind: 'reference'; reference: AssetReference }
  /** A file or folder of the repository; without `name` it becomes an anonymous model. */
  | {
      kind: 'local';
      path: string;
      name?: string;
      version?: string;
      type: string;
      description?: string;
      tags: Record<string, string>;
      properties: Record<string, string>;
    };

export interface CodeConfiguration {
  code: { kind: 'local'; path: string } | { kind: 'reference'; reference: AssetReference };
  scoringScript: string;
}

/** What a deployment's local things and references became in the workspace. */
export interface ResolvedDeployment {
  /** ARM id, or a registry's. */
  model?: string;
  codeId?: string;
  environmentId?: string;
  /** Id of the data asset of each collection. */
  dataIds: Record<string, string>;
}

const authModes = { key: 'Key', aml_token: 'AMLToken', aad_token: 'AADToken' };
const access = { enabled: 'Enabled', disabled: 'Disabled' };
const identities = { system_assigned: 'SystemAssigned', user_assigned: 'UserAssigned', none: 'None' };
const modelTypes = { custom_model: 'custom_model', mlflow_model: 'mlflow_model', triton_model: 'triton_model' };
const kinds = { managed: 'Managed', kubernetes: 'Kubernetes' } as const;

/** Name of an endpoint: 3 to 32 letters, digits and dashes, a letter first. */
export const endpointName = /^[A-Za-z](?:-?[A-Za-z0-9]){2,31}$/;
/** Name of a deployment. */
export const deploymentName = /^[A-Za-z](?:[-A-Za-z0-9]{0,30}[A-Za-z0-9])?$/;

/** @throws TaskError with `file:line:column` */
export function readOnlineEndpoint({ reader }: AssetFile, workspaceId: string): OnlineEndpoint {
  const isKubernetes = reader.object().has('compute');
  reader.object([
    ...['$schema', 'name', 'description', 'tags', 'properties', 'auth_mode', 'identity', 'traffic', 'public_network_access'],
    ...(isKubernetes ? ['compute'] : ['mirror_traffic']),
  ]); // prettier-ignore
  const name = reader.optional('name');
  const compute = reader.optional('compute');
  return {
    name: name && named(name, endpointName, 'an endpoint'),
    authMode: reader.has('auth_mode') ? wordOf(reader.required('auth_mode'), authModes) : 'Key',
    description: optionalText(reader, 'description'),
    tags: textMap(reader.optional('tags')),
    properties: textMap(reader.optional('properties')),
    publicNetworkAccess: reader.has('public_network_access')
      ? wordOf(reader.required('public_network_access'), access)
      : undefined,
    compute: compute && computeId(compute, workspaceId),
    identity: readIdentity(reader.optional('identity')),
    traffic: readTraffic(reader.optional('traffic')),
    mirrorTraffic: readTraffic(reader.optional('mirror_traffic')),
  };
}

/** Body of OnlineEndpoints_CreateOrUpdate. */
export function onlineEndpointBody(endpoint: OnlineEndpoint, location: string): Record<string, unknown> {
  const { authMode, compute, description, mirrorTraffic, properties, publicNetworkAccess, traffic } = endpoint;
  return {
    location,
    identity: endpoint.identity,
    tags: endpoint.tags,
    properties: { authMode, compute, description, mirrorTraffic, properties, publicNetworkAccess, traffic },
  };
}

/** @throws TaskError with `file:line:column` for anything the file may not say */
export async function readOnlineDeployment({ reader, scope: { folder } }: AssetFile): Promise<OnlineDeployment> {
  reader.object();
  const kind = reader.has('type') ? readKind(reader.required('type')) : 'Managed';
  reader.object([
    ...['$schema', 'type', 'name', 'endpoint_name', 'description', 'tags', 'properties', 'model', 'model_mount_path'],
    ...['code_configuration', 'environment', 'environment_variables', 'instance_type', 'instance_count'],
    ...['app_insights_enabled', 'scale_settings', 'request_settings', 'liveness_probe', 'readiness_probe'],
    ...['data_collector', kind === 'Managed' ? 'egress_public_network_access' : 'resources'],
  ]);
  const name = reader.optional('name');
  const count = reader.optional('instance_count');
  const environment = reader.optional('environment');
  return {
    kind,
    name: name && named(name, deploymentName, 'a deployment'),
    endpointName: optionalText(reader, 'endpoint_name'),
    description: optionalText(reader, 'description'),
    tags: textMap(reader.optional('tags')),
    properties: textMap(reader.optional('properties')),
    model: readModel(reader.optional('model'), folder),
    modelMountPath: optionalText(reader, 'model_mount_path'),
    code: readCode(reader.optional('code_configuration'), folder),
    environment: environment && (await readEnvironment(environment, folder)),
    environmentVariables: textMap(reader.optional('environment_variables')),
    instanceType: kind === 'Managed' ? textOf(reader.required('instance_type')) : optionalText(reader, 'instance_type'),
    instanceCount: count ? integerOf(count) : 1,
    appInsightsEnabled: reader.optionalBoolean('app_insights_enabled') ?? false,
    egressPublicNetworkAccess: reader.has('egress_public_network_access')
      ? wordOf(reader.required('egress_public_network_access'), access)
      : undefined,
    scaleSettings: readScale(reader.optional('scale_settings'), kind),
    requestSettings: readRequests(reader.optional('request_settings')),
    livenessProbe: readProbe(reader.optional('liveness_probe')),
    readinessProbe: readProbe(reader.optional('readiness_probe')),
    containerResourceRequirements: readResources(reader.optional('resources')),
    dataCollector: readCollector(reader.optional('data_collector')),
  };
}

/** Body of OnlineDeployments_CreateOrUpdate. */
export function onlineDeploymentBody(
  deployment: OnlineDeployment,
  resolved: ResolvedDeployment,
  location: string,
): { location: string; sku: unknown; tags: Record<string, string>; properties: Record<string, unknown> } {
  const { dataCollector } = deployment;
  return {
    location,
    sku: { name: 'Default', capacity: deployment.instanceCount },
    tags: deployment.tags,
    properties: {
      endpointComputeType: deployment.kind,
      description: deployment.description,
      properties: deployment.properties,
      model: resolved.model,
      modelMountPath: deployment.modelMountPath,
      codeConfiguration: deployment.code && { codeId: resolved.codeId, scoringScript: deployment.code.scoringScript },
      environmentId: resolved.environmentId,
      environmentVariables: deployment.environmentVariables,
      instanceType: deployment.instanceType,
      appInsightsEnabled: deployment.appInsightsEnabled,
      egressPublicNetworkAccess: deployment.egressPublicNetworkAccess,
      scaleSettings: deployment.scaleSettings,
      requestSettings: deployment.requestSettings,
      livenessProbe: deployment.livenessProbe,
      readinessProbe: deployment.readinessProbe,
      containerResourceRequirements: deployment.containerResourceRequirements,
      dataCollector: dataCollector && {
        rollingRate: dataCollector.rollingRate,
        requestLogging: dataCollector.requestLogging,
        collections: Object.fromEntries(
          Object.entries(dataCollector.collections).map(([name, { mode, samplingRate }]) => [
            name,
            { dataCollectionMode: mode, dataId: resolved.dataIds[name], samplingRate },
          ]),
        ),
      },
    },
  };
}

function named(reader: YamlReader, pattern: RegExp, what: string): string {
  const value = textOf(reader);
  if (pattern.test(value)) return value;
  throw reader.error(
    `"${value}" is no name of ${what}`,
    'Start with a letter; use letters, digits and single dashes; at most 32 characters.',
  );
}

function readKind(reader: YamlReader): 'Managed' | 'Kubernetes' {
  return wordOf(reader, kinds) === 'Kubernetes' ? 'Kubernetes' : 'Managed';
}

function readIdentity(reader: YamlReader | undefined): OnlineEndpoint['identity'] {
  if (!reader) return { type: 'SystemAssigned' };
  reader.object(['type', 'user_assigned_identities', 'principal_id', 'tenant_id']);
  const type = wordOf(reader.required('type'), identities);
  const ids = reader.list('user_assigned_identities').map((entry) => {
    if (!entry.isMap) return textOf(entry);
    return textOf(entry.object(['resource_id', 'client_id', 'principal_id']).required('resource_id'));
  });
  if (type === 'UserAssigned' && ids.length === 0) {
    throw reader.error('a user-assigned identity needs user_assigned_identities', 'List the resource_id of each.');
  }
  return ids.length === 0 ? { type } : { type, userAssignedIdentities: Object.fromEntries(ids.map((id) => [id, {}])) };
}

function readTraffic(reader: YamlReader | undefined): Record<string, number> {
  return Object.fromEntries((reader?.entries() ?? []).map(([name, value]) => [name, integerOf(value)]));
}

function readModel(reader: YamlReader | undefined, folder: string): ModelSpec | undefined {
  if (!reader) return undefined;
  if (!reader.isMap) {
    const reference = parseReference(textOf(reader), 'models');
    if (reference) return { kind: 'reference', reference };
    throw reader.error(
      `model is "${textOf(reader)}", which names no model`,
      'Write azureml:name:version, an ARM id, or a map with path.',
    );
  }
  reader.object(['name', 'version', 'path', 'type', 'description', 'tags', 'properties']);
  const at = reader.required('path');
  const local = localPath(folder, textOf(at));
  if (/^[a-z][a-z0-9+.-]*:/i.test(textOf(at)) || !existsSync(local)) {
    throw at.error(
      `model.path: ${textOf(at)} is no local file or folder`,
      'Paths are relative to the YAML file; name a registered model as azureml:name:version.',
    );
  }
  const version = reader.optional('version');
  return {
    kind: 'local',
    path: local,
    name: optionalText(reader, 'name'),
    version: version && pythonText(version),
    type: reader.has('type') ? wordOf(reader.required('type'), modelTypes) : 'custom_model',
    description: optionalText(reader, 'description'),
    tags: textMap(reader.optional('tags')),
    properties: textMap(reader.optional('properties')),
  };
}

/** The script must be there: the service would find out only after minutes. */
function readCode(reader: YamlReader | undefined, folder: string): CodeConfiguration | undefined {
  if (!reader) return undefined;
  reader.object(['code', 'scoring_script']);
  const at = reader.required('code');
  const script = reader.required('scoring_script');
  const scoringScript = textOf(script);
  const reference = parseReference(textOf(at), 'codes');
  if (reference) return { code: { kind: 'reference', reference }, scoringScript };
  const local = localPath(folder, textOf(at));
  const file = path.join(local, scoringScript);
  if (!existsSync(local)) throw at.error(`code: ${local} does not exist`, 'Paths are relative to the YAML file.');
  if (!existsSync(file)) throw script.error(`scoring_script: ${file} does not exist`, 'It is a path below code.');
  return { code: { kind: 'local', path: local }, scoringScript };
}
