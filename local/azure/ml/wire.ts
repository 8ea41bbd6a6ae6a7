import { ArmFault, type Call } from '../service';

/** A JSON object whose values are still to be checked. */
export type Json = Record<string, unknown>;

export const provider = 'Microsoft.MachineLearningServices';

/** Path template of a workspace, to be continued by its nested resources. */
export const workspacePath =
  '/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.MachineLearningServices/workspaces/{workspace}';

/** ARM id of the workspace a call is about. */
export function workspaceId(call: Call): string {
  return (
    `/subscriptions/${param(call, 'subscription')}/resourceGroups/${param(call, 'group')}` +
    `/providers/${provider}/workspaces/${param(call, 'workspace')}`
  );
}

/** A value of the route's path template. */
export function param(call: Call, name: string): string {
  const value = call.params[name];
  if (value === undefined) throw new Error(`The route has no {${name}}.`);
  return value;
}

/** A request that the service would call invalid: 400 `UserError` with what is wrong in its details. */
export function invalid(message: string, code = 'InvalidRequest', target?: string): ArmFault {
  const more = { details: [{ code, message }] };
  return new ArmFault(400, 'UserError', 'The request is invalid.', target === undefined ? more : { ...more, target });
}

/** 404 in the form Azure Machine Learning itself uses (the useful code is in the details). */
export function notFound(code: string, message: string): ArmFault {
  return new ArmFault(404, 'UserError', 'The specified resource was not found.', { details: [{ code, message }] });
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An object, or 400 naming where it was expected. */
export function object(value: unknown, where: string): Json {
  if (isObject(value)) return value;
  throw invalid(`${where} must be an object.`, 'ValidationError', where);
}

/** An optional object: absent and null are an empty one. */
export function optionalObject(value: unknown, where: string): Json {
  return value === undefined || value === null ? {} : object(value, where);
}

/** A non-empty text, or 400. */
export function text(from: Json, key: string, where: string): string {
  const value = from[key];
  if (typeof value === 'string' && value !== '') return value;
  throw invalid(`${where}.${key} is required and must be a text.`, 'ValidationError', `${where}.${key}`);
}

/** A text, or `undefined` when absent or null; 400 for anything else. */
export function optionalText(from: Json, key: string, where: string): string | undefined {
  const value = from[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  throw invalid(`${where}.${key} must be a text.`, 'ValidationError', `${where}.${key}`);
}

/** A map of texts (tags, properties, environment variables); null values are dropped. */
export function textMap(value: unknown, where: string): Record<string, string> {
  const map: Record<string, string> = {};
  for (const [key, item] of Object.entries(optionalObject(value, where))) {
    if (item === null) continue;
    if (typeof item !== 'string' && typeof item !== 'number' && typeof item !== 'boolean')
      throw invalid(`${where}.${key} must be a text.`, 'ValidationError', where);
    map[key] = String(item);
  }
  return map;
}

/** Milliseconds of an ISO 8601 duration without years and months (`PT1H30M`, `P1DT5S`); `undefined` when it is none. */
export function durationMs(value: string): number | undefined {
  const found = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(value);
  if (found === null || value === 'P' || value.endsWith('T')) return undefined;
  const [, days = '0', hours = '0', minutes = '0', seconds = '0'] = found;
  return ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60_000 + Number(seconds) * 1000;
}

export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
