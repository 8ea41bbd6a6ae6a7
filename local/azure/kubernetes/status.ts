import type { Answer } from '../service';

/** An error of the API server: becomes a `Status` of `v1`. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  constructor(
    readonly status: number,
    readonly reason: string,
    message: string,
    readonly details: Record<string, unknown> = {},
  ) {
    super(message);
  }
}

export interface Cause {
  reason: string;
  message: string;
  field: string;
}

export function statusAnswer(error: ApiError): Answer {
  const body = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: error.message,
    reason: error.reason,
    details: error.details,
    code: error.status,
  };
  return { status: error.status, headers: { 'content-type': 'application/json' }, body };
}

export function notFound(resource: string, group: string, name: string): ApiError {
  const full = group === '' ? resource : `${resource}.${group}`;
  return new ApiError(404, 'NotFound', `${full} "${name}" not found`, { name, group, kind: resource });
}

export function invalid(kind: string, group: string, name: string, causes: Cause[]): ApiError {
  const full = group === '' ? kind : `${kind}.${group}`;
  const list = causes.map(({ field, message }) => `${field}: ${message}`);
  const text = list.length === 1 ? (list[0] ?? '') : `[${list.join(', ')}]`;
  return new ApiError(422, 'Invalid', `${full} "${name}" is invalid: ${text}`, { name, group, kind, causes });
}

export function badRequest(message: string): ApiError {
  return new ApiError(400, 'BadRequest', message);
}

export function required(field: string): Cause {
  return { reason: 'FieldValueRequired', message: 'Required value', field };
}
