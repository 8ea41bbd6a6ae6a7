import type { Core } from '../service';
import { AssetError, Assets } from './assets';
import { findCompute } from './computes';
import { EnvironmentError } from './conda';
import { unsupported } from './deployment-document';
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

const outputActions = ['AppendRow', 'SummaryOnly'];
const loggingLevels = ['Info', 'Warning', 'Debug'];

/** What a request for a deployment is checked against. */
interface Where {
  core: Core;
  workspace: string;
  id: string;
}

/**
 * Checks a request for a batch deployment and makes its stored resource, the service's defaults filled in (swagger:
 * `BatchDeployment`): of a model, or of a pipeline component. Throws 400.
 */
export function newBatchDeployment(where: Where, body: unknown, existing: unknown, createdBy: string): Json {
  const request = object(body, 'body');
  const asked = object(request['properties'], 'properties');
  const before = isObject(existing) ? existing : undefined;
  const now = new Date().toISOString();
  const isComponent = isObject(asked['deploymentConfiguration']);
  const parts = isComponent ? componentParts(where, asked) : modelParts(where, asked);
  return {
    id: where.id,
    name: where.id.split('/').pop() ?? '',
    type: `${provider}/workspaces/batchEndpoints/deployments`,
    location: text(request, 'location', 'body'),
    tags: textMap(request['tags'], 'tags'),
    ...(isObject(request['identity']) ? { identity: request['identity'] } : {}),
    properties: {
      description: optionalText(asked, 'description', 'properties') ?? null,
      properties: textMap(asked['properties'], 'properties.properties'),
      environmentVariables: textMap(asked['environmentVariables'], 'properties.environmentVariables'),
      ...parts,
      loggingLevel: oneOf(asked, 'loggingLevel', loggingLevels),
      outputAction: oneOf(asked, 'outputAction', outputActions),
      outputFileName: fileName(asked),
      miniBatchSize: whole(asked, 'miniBatchSize', 1, 10),
      errorThreshold: whole(asked, 'errorThreshold', -1, -1),
      maxConcurrencyPerInstance: whole(asked, 'maxConcurrencyPerInstance', 1, 1),
      retrySettings: retrySettings(asked['retrySettings']),
      provisioningState: before === undefined ? 'Creating' : 'Updating',
    },
    systemData: {
      ...(before === undefined ? { createdAt: now, createdBy } : optionalObject(before['systemData'], 'systemData')),
      lastModifiedAt: now,
    },
  };
}

/** A model with environment and scoring script, or an MLflow model alone. */
function modelParts({ core, workspace }: Where, asked: Json): Json {
  const assets = new Assets(core, workspace);
  const model = isObject(asked['model']) ? modelId(asked['model']) : undefined;
  const environmentId = optionalText(asked, 'environmentId', 'properties');
  const code = optionalObject(asked['codeConfiguration'], 'properties.codeConfiguration');
  const codeId = optionalText(code, 'codeId', 'properties.codeConfiguration');
  const script = isObject(asked['codeConfiguration'])
    ? text(code, 'scoringScript', 'properties.codeConfiguration')
    : undefined;
  const found = model === undefined ? undefined : checked('ModelNotFound', () => assets.model(model));
  if (environmentId !== undefined) checked('EnvironmentNotUsable', () => assets.python(environmentId));
  if (codeId !== undefined) checked('CodeNotFound', () => assets.code(codeId));
  if ((environmentId === undefined || codeId === undefined) && found?.type !== 'mlflow_model')
    throw invalid(
      'A batch deployment needs an environment and a code configuration, unless it has an MLflow model.',
      'ValidationError',
      'properties',
    );
  const compute = text(asked, 'compute', 'properties');
  requireCompute(core, workspace, compute, 'properties.compute');
  const resources = optionalObject(asked['resources'], 'properties.resources');
  return {
    model: model === undefined ? null : { referenceType: 'Id', assetId: assets.id('models', model) },
    environmentId: environmentId === undefined ? null : assets.id('environments', environmentId),
    codeConfiguration:
      script === undefined
        ? null
        : { codeId: codeId === undefined ? null : assets.id('codes', codeId), scoringScript: script },
    compute,
    resources: {
      instanceCount: whole(resources, 'instanceCount', 1, 1),
      instanceType: optionalText(resources, 'instanceType', 'properties.resources') ?? null,
      properties: optionalObject(resources['properties'], 'properties.resources.properties'),
    },
    deploymentConfiguration: null,
  };
}

function modelId(model: Json): string {
  const type = text(model, 'referenceType', 'properties.model');
  if (type !== 'Id') throw unsupported(`a model given by ${type}`, 'properties.model.referenceType');
  return text(model, 'assetId', 'properties.model');
}

/** A registered pipeline component, run as a pipeline job at each invocation. */
function componentParts({ core, workspace }: Where, asked: Json): Json {
  const at = 'properties.deploymentConfiguration';
  const configuration = object(asked['deploymentConfiguration'], at);
  const type = text(configuration, 'deploymentConfigurationType', at);
  if (type !== 'PipelineComponent')
    throw invalid(`'${type}' is not a deploymentConfigurationType.`, 'ValidationError', at);
  const component = object(configuration['componentId'], `${at}.componentId`);
  const assets = new Assets(core, workspace);
  const id = checked('ComponentNotFound', () => {
    const reference = text(component, 'assetId', `${at}.componentId`);
    assets.version('components', reference);
    return assets.id('components', reference);
  });
  const settings = textMap(configuration['settings'], `${at}.settings`);
  const compute = settings['default_compute'];
  if (compute !== undefined) requireCompute(core, workspace, compute, `${at}.settings.default_compute`);
  return {
    model: null,
    environmentId: null,
    codeConfiguration: null,
    compute: null,
    resources: null,
    deploymentConfiguration: {
      deploymentConfigurationType: 'PipelineComponent',
      componentId: { referenceType: 'Id', assetId: id },
      description: optionalText(configuration, 'description', at) ?? null,
      settings,
      tags: textMap(configuration['tags'], `${at}.tags`),
    },
  };
}

function requireCompute(core: Core, workspace: string, compute: string, target: string): void {
  if (findCompute(core, workspace, compute) === undefined)
    throw invalid(`The compute target '${compute}' was not found in the workspace.`, 'ComputeNotFound', target);
}

function checked<T>(code: string, look: () => T): T {
  try {
    return look();
  } catch (error) {
    if (error instanceof AssetError || error instanceof EnvironmentError) throw invalid(errorMessage(error), code);
    throw error;
  }
}

/** Clients write the values of enumerations in any case; the first is the default. */
function oneOf(asked: Json, key: string, allowed: string[]): string {
  const given = optionalText(asked, key, 'properties');
  if (given === undefined) return allowed[0] ?? '';
  const found = allowed.find((one) => one.toLowerCase() === given.toLowerCase());
  if (found !== undefined) return found;
  throw invalid(
    `'${given}' is not a value of ${key}; there are ${allowed.join(', ')}.`,
    'ValidationError',
    `properties.${key}`,
  );
}

function whole(asked: Json, key: string, least: number, otherwise: number): number {
  const given = asked[key] ?? otherwise;
  if (typeof given === 'number' && Number.isInteger(given) && given >= least) return given;
  throw invalid(`${key} must be a whole number from ${least} on.`, 'ValidationError', `properties.${key}`);
}

function fileName(asked: Json): string {
  const given = optionalText(asked, 'outputFileName', 'properties') ?? 'predictions.csv';
  if (/^[^/\\]+$/.test(given) && given !== '.' && given !== '..') return given;
  throw invalid('outputFileName must be the name of a file without a path.', 'ValidationError', 'outputFileName');
}

function retrySettings(value: unknown): Json {
  const at = 'properties.retrySettings';
  const asked = optionalObject(value, at);
  const timeout = optionalText(asked, 'timeout', at) ?? 'PT30S';
  if (durationMs(timeout) === undefined)
    throw invalid(`'${timeout}' is not an ISO 8601 duration.`, 'ValidationError', `${at}.timeout`);
  return { maxRetries: whole(asked, 'maxRetries', 0, 3), timeout };
}
