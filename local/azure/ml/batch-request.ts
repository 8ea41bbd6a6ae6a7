import { ArmFault } from '../service';
import { durationMs, isObject, type Json } from './wire';

/** What a caller of a batch endpoint asks for, beyond what the deployment says. */
export interface BatchRequest {
  name?: string;
  experimentName?: string;
  inputs: Json;
  outputs: Json;
  miniBatchSize?: number;
  errorThreshold?: number;
  outputFileName?: string;
  maxRetries?: number;
  timeoutMs?: number;
}

/** Types of inputs and outputs as this door names them, and as jobs do. */
const kinds: Record<string, string> = {
  urifile: 'uri_file',
  urifolder: 'uri_folder',
  mltable: 'mltable',
  custommodel: 'custom_model',
  mlflowmodel: 'mlflow_model',
  tritonmodel: 'triton_model',
  literal: 'literal',
};

/** The service's name of a job's type of input or output. */
export function wireKind(kind: string): string {
  const named = ['UriFile', 'UriFolder', 'MLTable', 'CustomModel', 'MLFlowModel', 'TritonModel', 'Literal'];
  return named.find((one) => kinds[one.toLowerCase()] === kind) ?? kind;
}

/** A refusal of this door: its clients show the message alone. */
export function refused(message: string, status = 400, code = 'UserError'): ArmFault {
  return new ArmFault(status, code, message);
}

/**
 * Reads `{"properties": {"inputData", "outputData", …}}`, member names in any case: the documented calls write them with
 * capitals, the SDK without. @throws ArmFault
 */
export function readRequest(body: unknown): BatchRequest {
  const properties = member(body, 'properties');
  if (!isObject(properties)) throw refused('The body must hold an object "properties".');
  const retry = member(properties, 'retrySettings');
  const timeout = optionalText(retry, 'timeout');
  const timeoutMs = timeout === undefined ? undefined : durationMs(timeout);
  if (timeout !== undefined && timeoutMs === undefined)
    throw refused(`'${timeout}' is not an ISO 8601 duration (retrySettings.timeout).`);
  return {
    name: optionalText(properties, 'name'),
    experimentName: optionalText(member(properties, 'properties'), 'experimentName'),
    inputs: ports(member(properties, 'inputData'), 'inputData', 'jobInputType'),
    outputs: ports(member(properties, 'outputData'), 'outputData', 'jobOutputType'),
    miniBatchSize: whole(properties, 'miniBatchSize', 1),
    errorThreshold: whole(properties, 'errorThreshold', -1),
    outputFileName: fileName(optionalText(properties, 'outputFileName')),
    maxRetries: whole(retry, 'maxRetries', 0),
    timeoutMs,
  };
}

/** Inputs or outputs as a job's body has them. */
function ports(value: unknown, where: string, discriminator: string): Json {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw refused(`${where} must be an object.`);
  const read: Json = {};
  for (const [name, port] of Object.entries(value)) {
    if (!/^[A-Za-z_]\w*$/.test(name))
      throw refused(`'${name}' is not a name in ${where}: letters, digits and underscores are.`);
    read[name] = onePort(port, `${where}.${name}`, discriminator);
  }
  return read;
}

function onePort(port: unknown, where: string, discriminator: string): Json {
  const given = optionalText(port, discriminator);
  if (given === undefined) throw refused(`${where} needs a ${discriminator}.`);
  const kind = kinds[given.toLowerCase()];
  if (kind === undefined) throw refused(`'${given}' is not a ${discriminator} (${where}).`);
  if (kind === 'literal') {
    const value = member(port, 'value');
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
      throw refused(`${where} needs a value.`);
    return { [discriminator]: kind, value: String(value) };
  }
  const uri = optionalText(port, 'uri');
  if (uri === undefined && discriminator === 'jobInputType') throw refused(`${where} needs a uri.`);
  const mode = optionalText(port, 'mode');
  return {
    [discriminator]: kind,
    ...(uri === undefined ? {} : { uri: shortUri(uri) }),
    ...(mode === undefined ? {} : { mode }),
  };
}

/** A path below a datastore's ARM id, as the documentation writes outputs, is the same place in the short form. */
function shortUri(uri: string): string {
  return uri.replace(
    /^(?:azureml:)?\/subscriptions\/.*\/datastores\/([^/]+)\/paths\//i,
    'azureml://datastores/$1/paths/',
  );
}

function member(from: unknown, name: string): unknown {
  if (!isObject(from)) return undefined;
  return Object.entries(from).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
}

function fileName(given: string | undefined): string | undefined {
  if (given === undefined || (/^[^/\\]+$/.test(given) && given !== '.' && given !== '..')) return given;
  throw refused('outputFileName must be the name of a file without a path.');
}

function optionalText(from: unknown, name: string): string | undefined {
  const value = member(from, name);
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string') return value;
  throw refused(`${name} must be a text.`);
}

function whole(from: unknown, name: string, least: number): number | undefined {
  const value = member(from, name);
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' && Number.isInteger(value) && value >= least) return value;
  throw refused(`${name} must be a whole number from ${least} on.`);
}
