import type { Core } from '../service';
import { propertiesOf } from './batch-deployments';
import { findCompute } from './computes';
import { invalid, isObject, object, optionalObject, optionalText, text, textMap, type Json } from './wire';

const at = 'properties.action';

const jobTypes = ['Command', 'Pipeline', 'Sweep', 'AutoML', 'Spark', 'FineTuning'];

/** When a schedule fires. */
export interface Firing {
  schedule: string;
  /** ISO time in UTC, without fractions: `2026-06-01T00:00:01Z`. */
  time: string;
  /** Name of the job to be made. */
  job: string;
}

/** What a batch endpoint is invoked with. */
export interface Invocation {
  /** ARM id. */
  endpoint: string;
  deployment?: string;
  body: Json;
}

/** Checks a schedule's action (swagger: `ScheduleActionBase` and its kinds). Throws 400. */
export function readAction(core: Core, workspace: string, value: unknown): Json {
  const asked = object(value, at);
  const type = text(asked, 'actionType', at);
  switch (type) {
    case 'CreateJob':
      checkJob(core, workspace, object(asked['jobDefinition'], `${at}.jobDefinition`));
      return asked;
    case 'InvokeBatchEndpoint':
      endpointOf(core, workspace, definitionOf(asked));
      return asked;
    case 'CreateMonitor': {
      const definition = object(asked['monitorDefinition'], `${at}.monitorDefinition`);
      object(definition['computeConfiguration'], `${at}.monitorDefinition.computeConfiguration`);
      object(definition['signals'], `${at}.monitorDefinition.signals`);
      return asked;
    }
    case 'ImportData':
      object(asked['dataImportDefinition'], `${at}.dataImportDefinition`);
      return asked;
    default:
      throw invalid(`'${type}' is not an actionType.`, 'ValidationError', `${at}.actionType`);
  }
}

function checkJob(core: Core, workspace: string, job: Json): void {
  const where = `${at}.jobDefinition`;
  const type = text(job, 'jobType', where);
  if (!jobTypes.includes(type)) throw invalid(`'${type}' is not a type of job.`, 'ValidationError', `${where}.jobType`);
  const compute = optionalText(job, 'computeId', where);
  if (compute === undefined || /(^|\/)serverless$/i.test(compute)) return;
  if (findCompute(core, workspace, compute) === undefined)
    throw invalid(
      `The compute target '${compute}' was not found in the workspace.`,
      'ComputeNotFound',
      `${where}.computeId`,
    );
}

/**
 * The job that a schedule makes: named and shown by the schedule and the time, its expressions filled in. By the properties
 * the schedule's jobs are found again.
 */
export function jobBody(action: Json, firing: Firing): Json {
  const job = object(action['jobDefinition'], `${at}.jobDefinition`);
  const { inputs, outputs, ...rest } = job;
  return {
    properties: {
      ...rest,
      ...(isObject(inputs) ? { inputs: filled(inputs, firing) } : {}),
      ...(isObject(outputs) ? { outputs: filled(outputs, firing) } : {}),
      displayName: firing.job,
      properties: {
        ...textMap(job['properties'], 'properties'),
        'azureml.scheduleName': firing.schedule,
        'azureml.scheduleTime': firing.time,
      },
    },
  };
}

/** The invocation that a schedule makes. Inputs and outputs as the endpoint's own door takes them; plain values are literals. */
export function invocation(core: Core, workspace: string, action: Json, firing: Firing): Invocation {
  const definition = definitionOf(action);
  const where = `${at}.endpointInvocationDefinition`;
  const inputs: Json = {};
  for (const [name, value] of Object.entries(optionalObject(definition['inputs'], `${where}.inputs`)))
    inputs[name] = isObject(value) ? value : { jobInputType: 'Literal', value };
  return {
    endpoint: endpointOf(core, workspace, definition),
    deployment: optionalText(definition, 'deployment', where),
    body: {
      properties: {
        name: firing.job,
        inputData: filled(inputs, firing),
        outputData: filled(optionalObject(definition['outputs'], `${where}.outputs`), firing),
      },
    },
  };
}

function definitionOf(action: Json): Json {
  return object(action['endpointInvocationDefinition'], `${at}.endpointInvocationDefinition`);
}

function endpointOf(core: Core, workspace: string, definition: Json): string {
  const where = `${at}.endpointInvocationDefinition`;
  const plain = text(definition, 'endpoint', where).replace(/^azureml:/i, '');
  const id = plain.startsWith('/') ? plain : `${workspace}/batchEndpoints/${plain}`;
  const isHere = id.toLowerCase().startsWith(`${workspace.toLowerCase()}/batchendpoints/`);
  const scoringUri = isHere ? propertiesOf(core.store.get(id))['scoringUri'] : undefined;
  if (typeof scoringUri === 'string') return id;
  throw invalid(`There is no batch endpoint '${plain}' in the workspace.`, 'EndpointNotFound', `${where}.endpoint`);
}

/** Texts with the two expressions that a schedule knows filled in. */
function filled(value: Json, firing: Firing): Json {
  const fill = (inner: unknown): unknown => {
    if (typeof inner === 'string')
      return inner
        .replaceAll(/\$\{\{\s*creation_context\.trigger_time\s*\}\}/g, firing.time)
        .replaceAll(/\$\{\{\s*name\s*\}\}/g, firing.job);
    if (Array.isArray(inner)) return inner.map(fill);
    return isObject(inner) ? filled(inner, firing) : inner;
  };
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fill(inner)]));
}
