import type { ArmFault, Core } from '../service';
import { AssetError, Assets } from './assets';
import { EnvironmentError } from './conda';
import {
  durationMs,
  errorMessage,
  invalid,
  isObject,
  object,
  optionalObject,
  optionalText,
  provider,
  text,
  textMap,
  type Json,
} from './wire';

/** What serving needs to know of a deployment. */
export interface DeploymentSpec {
  id: string;
  name: string;
  endpoint: string;
  workspace: string;
  model?: string;
  environmentId?: string;
  codeId?: string;
  scoringScript?: string;
  environmentVariables: Record<string, string>;
  instances: number;
  requestTimeoutMs: number;
  concurrent: number;
  /** How long the container may take until its readiness probe succeeds. */
  readyWithinMs: number;
}

const probe = { failureThreshold: 30, successThreshold: 1, timeout: 'PT2S', period: 'PT10S', initialDelay: 'PT10S' };

/** Checks a request for a managed deployment and makes its stored ARM resource, the service's defaults filled in. Throws 400. */
export function newDeployment(
  core: Core,
  workspace: string,
  id: string,
  body: unknown,
  existing: unknown,
  createdBy: string,
): Json {
  const request = object(body, 'body');
  const asked = object(request['properties'], 'properties');
  const computeType = optionalText(asked, 'endpointComputeType', 'properties') ?? 'Managed';
  if (computeType !== 'Managed')
    throw unsupported(`endpointComputeType '${computeType}'`, 'properties.endpointComputeType');
  if (isObject(asked['dataCollector']))
    throw unsupported('data collection (dataCollector)', 'properties.dataCollector');
  if (optionalText(asked, 'modelMountPath', 'properties') !== undefined)
    throw unsupported('modelMountPath', 'properties.modelMountPath');
  const scale = optionalObject(asked['scaleSettings'], 'properties.scaleSettings');
  if ((optionalText(scale, 'scaleType', 'properties.scaleSettings') ?? 'Default') !== 'Default')
    throw invalid('A managed deployment has scale type Default only.', 'ValidationError', 'properties.scaleSettings');
  const sku = optionalObject(request['sku'], 'sku');
  const capacity = sku['capacity'] ?? 1;
  if (typeof capacity !== 'number' || !Number.isInteger(capacity) || capacity < 1)
    throw invalid('sku.capacity must be a whole number above 0.', 'ValidationError', 'sku.capacity');
  const parts = checkParts(new Assets(core, workspace), asked);
  const before = isObject(existing) ? existing : undefined;
  const now = new Date().toISOString();
  const created =
    before === undefined ? { createdAt: now, createdBy } : optionalObject(before['systemData'], 'systemData');
  return {
    id,
    name: id.split('/').pop() ?? '',
    type: `${provider}/workspaces/onlineEndpoints/deployments`,
    properties: {
      description: optionalText(asked, 'description', 'properties') ?? null,
      properties: textMap(asked['properties'], 'properties.properties'),
      ...parts,
      environmentVariables: textMap(asked['environmentVariables'], 'properties.environmentVariables'),
      scaleSettings: { scaleType: 'Default' },
      requestSettings: {
        maxQueueWait: 'PT0S',
        requestTimeout: 'PT5S',
        maxConcurrentRequestsPerInstance: 1,
        ...settings(asked['requestSettings']),
      },
      modelMountPath: null,
      appInsightsEnabled: asked['appInsightsEnabled'] === true,
      livenessProbe: { ...probe, ...settings(asked['livenessProbe']) },
      readinessProbe: { ...probe, ...settings(asked['readinessProbe']) },
      egressPublicNetworkAccess: optionalText(asked, 'egressPublicNetworkAccess', 'properties') ?? 'Enabled',
      provisioningState: before === undefined ? 'Creating' : 'Updating',
      instanceType: optionalText(asked, 'instanceType', 'properties') ?? 'Standard_F4s_v2',
      endpointComputeType: 'Managed',
    },
    systemData: { ...created, lastModifiedAt: now },
    tags: textMap(request['tags'], 'tags'),
    location: text(request, 'location', 'body'),
    kind: 'Managed',
    sku: { name: 'Default', tier: 'Standard', capacity },
  };
}

/** Model, environment and code: either all that a scoring script needs, or an MLflow model alone. */
function checkParts(assets: Assets, asked: Json): Json {
  const model = optionalText(asked, 'model', 'properties');
  const environmentId = optionalText(asked, 'environmentId', 'properties');
  const code = optionalObject(asked['codeConfiguration'], 'properties.codeConfiguration');
  const codeId = optionalText(code, 'codeId', 'properties.codeConfiguration');
  const scoringScript = isObject(asked['codeConfiguration'])
    ? text(code, 'scoringScript', 'properties.codeConfiguration')
    : undefined;
  const check = <T>(what: string, look: () => T): T => {
    try {
      return look();
    } catch (error) {
      if (error instanceof AssetError || error instanceof EnvironmentError) throw invalid(errorMessage(error), what);
      throw error;
    }
  };
  const found = model === undefined ? undefined : check('ModelNotFound', () => assets.model(model));
  if (environmentId !== undefined) check('EnvironmentNotUsable', () => usable(assets, environmentId));
  if (codeId !== undefined) check('CodeNotFound', () => assets.code(codeId));
  const complete = environmentId !== undefined && codeId !== undefined;
  if (!complete && found?.type !== 'mlflow_model')
    throw invalid(
      'A deployment needs an environment and a code configuration, unless it has an MLflow model.',
      'ValidationError',
      'properties',
    );
  return {
    codeConfiguration:
      scoringScript === undefined
        ? null
        : { codeId: codeId === undefined ? null : assets.id('codes', codeId), scoringScript },
    environmentId: environmentId === undefined ? null : assets.id('environments', environmentId),
    model: model === undefined ? null : assets.id('models', model),
  };
}

function usable(assets: Assets, environmentId: string): void {
  if (isObject(assets.version('environments', environmentId)['inferenceConfig']))
    throw new EnvironmentError(
      'An environment with an inferenceConfig (a container of its own) cannot be served by this local workspace.',
    );
  assets.python(environmentId);
}

/** Given settings; nulls mean "the default". */
function settings(value: unknown): Json {
  return Object.fromEntries(Object.entries(optionalObject(value, 'settings')).filter(([, item]) => item !== null));
}

export function readDeployment(document: unknown): DeploymentSpec {
  const deployment = object(document, 'deployment');
  const properties = object(deployment['properties'], 'properties');
  const id = text(deployment, 'id', 'deployment');
  const parts = id.split('/');
  const request = optionalObject(properties['requestSettings'], 'requestSettings');
  const code = optionalObject(properties['codeConfiguration'], 'codeConfiguration');
  const capacity = optionalObject(deployment['sku'], 'sku')['capacity'];
  const concurrent = request['maxConcurrentRequestsPerInstance'];
  return {
    id,
    name: text(deployment, 'name', 'deployment'),
    endpoint: parts.at(-3) ?? '',
    workspace: parts.slice(0, -4).join('/'),
    model: optionalText(properties, 'model', 'properties'),
    environmentId: optionalText(properties, 'environmentId', 'properties'),
    codeId: optionalText(code, 'codeId', 'codeConfiguration'),
    scoringScript: optionalText(code, 'scoringScript', 'codeConfiguration'),
    environmentVariables: textMap(properties['environmentVariables'], 'environmentVariables'),
    instances: typeof capacity === 'number' ? capacity : 1,
    requestTimeoutMs: duration(request, 'requestTimeout', 5_000),
    concurrent: typeof concurrent === 'number' ? concurrent : 1,
    readyWithinMs: readyWithin(optionalObject(properties['readinessProbe'], 'readinessProbe')),
  };
}

function readyWithin(readiness: Json): number {
  const failures = readiness['failureThreshold'];
  return (
    duration(readiness, 'initialDelay', 10_000) +
    duration(readiness, 'period', 10_000) * (typeof failures === 'number' ? failures : 30)
  );
}

function duration(from: Json, key: string, otherwise: number): number {
  const given = optionalText(from, key, 'settings');
  if (given === undefined) return otherwise;
  const value = durationMs(given);
  if (value === undefined) throw invalid(`'${given}' is not an ISO 8601 duration.`, 'ValidationError', key);
  return value;
}

export function unsupported(what: string, target: string): ArmFault {
  return invalid(`This local workspace does not support ${what}.`, 'NotSupported', target);
}
