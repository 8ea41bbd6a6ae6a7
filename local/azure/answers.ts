import { randomBytes, randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { names } from './seed';
import { ArmFault, type Answer } from './service';

/** Codes that Azure's gateway gives itself, before the service sees a request. */
const gatewayCodes = new Set([
  'AuthenticationFailed',
  'AuthenticationFailedInvalidHeader',
  'AuthorizationFailed',
  'ExpiredAuthenticationToken',
  'InvalidAuthenticationToken',
  'InvalidAuthenticationTokenAudience',
  'InvalidResourceNamespace',
  'InvalidResourceType',
  'MissingApiVersionParameter',
  'ParentResourceNotFound',
  'ResourceGroupNotFound',
  'ResourceNotFound',
  'SubscriptionNotFound',
]);

const mlProvider = /\/providers\/Microsoft\.MachineLearningServices\//i;
const dataPlane = /^\/[a-z]+\/v\d+\.\d+\/subscriptions\//i;

/** Headers that every answer of Resource Manager carries. */
export function armHeaders(method: string, request: IncomingHttpHeaders): Record<string, string> {
  const id = randomUUID();
  const correlation = request['x-ms-correlation-request-id'];
  const kind = method === 'GET' || method === 'HEAD' ? 'reads' : method === 'DELETE' ? 'deletes' : 'writes';
  const stamp = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const client = request['x-ms-client-request-id'];
  return {
    'cache-control': 'no-cache',
    pragma: 'no-cache',
    expires: '-1',
    'strict-transport-security': 'max-age=31536000; includeSubDomains',
    'x-content-type-options': 'nosniff',
    'x-ms-request-id': id,
    'x-ms-correlation-request-id': typeof correlation === 'string' ? correlation : id,
    'x-ms-routing-request-id': `${names.location.toUpperCase()}:${stamp}:${randomUUID()}`,
    [`x-ms-ratelimit-remaining-subscription-${kind}`]: kind === 'reads' ? '249' : '199',
    [`x-ms-ratelimit-remaining-subscription-global-${kind}`]: kind === 'reads' ? '3749' : '2999',
    ...(typeof client === 'string' && request['x-ms-return-client-request-id'] === 'true'
      ? { 'x-ms-client-request-id': client }
      : {}),
  };
}

/** Headers that Azure Machine Learning adds to its own answers. */
export function mlHeaders(path: string, startedAt: number): Record<string, string> {
  if (!mlProvider.test(path)) return {};
  return {
    'request-context': 'appId=cid-v1:2d2e8e63-272e-4b3c-8598-4ee570a0e70d',
    'x-ms-response-type': 'standard',
    'x-request-time': ((Date.now() - startedAt) / 1000).toFixed(3),
  };
}

/** The envelope of an error, as the part of Azure that answers at this path words it. */
export function errorAnswer(path: string, fault: ArmFault): Answer {
  const { headers } = fault.more;
  if (gatewayCodes.has(fault.code)) {
    const cause: Record<string, string> =
      fault.status === 404 || fault.status === 403 ? { 'x-ms-failure-cause': 'gateway' } : {};
    return {
      status: fault.status,
      headers: { ...cause, ...headers },
      body: { error: { code: fault.code, message: fault.message } },
    };
  }
  if (dataPlane.test(path)) return { status: fault.status, headers, body: dataPlaneError(fault) };
  if (mlProvider.test(path)) {
    return {
      status: fault.status,
      headers: { 'x-ms-response-type': 'error', ...headers },
      body: { error: mlError(fault) },
    };
  }
  const { target, details } = fault.more;
  return {
    status: fault.status,
    headers,
    body: { error: { code: fault.code, message: fault.message, target, details } },
  };
}

function mlError(fault: ArmFault): unknown {
  const info = (type: string, value: unknown): unknown => ({ type, info: { value } });
  return {
    code: fault.code,
    message: fault.message,
    target: fault.more.target,
    details: (fault.more.details ?? []).map((detail) => ({ ...detail, details: [], additionalInfo: [] })),
    additionalInfo: [
      info('ComponentName', 'managementfrontend'),
      info('Correlation', { operation: randomBytes(16).toString('hex'), request: randomBytes(8).toString('hex') }),
      info('Environment', names.location),
      info('Location', names.location),
      info('Time', new Date().toISOString()),
    ],
  };
}

/** Run history and artifacts have an envelope of their own (swagger: `ErrorResponse` of the data plane, 2019-08-01). */
function dataPlaneError(fault: ArmFault): unknown {
  const inner = fault.more.details?.[0]?.code;
  return {
    error: {
      code: fault.code,
      message: fault.message,
      target: fault.more.target,
      details: fault.more.details ?? [],
      ...(inner === undefined ? {} : { innerError: { code: inner } }),
    },
    correlation: { operation: randomBytes(16).toString('hex'), request: randomBytes(8).toString('hex') },
    environment: names.location,
    location: names.location,
    time: new Date().toISOString(),
  };
}

/** 404 of a path that Resource Manager does not know. */
export function unknownPath(path: string, apiVersion: string): ArmFault {
  const parts = path.split('/');
  const provider = parts.findLastIndex((part) => part.toLowerCase() === 'providers');
  const namespace = provider === -1 ? undefined : parts[provider + 1];
  if (namespace === undefined) {
    return new ArmFault(
      404,
      'InvalidResourceType',
      `The resource type could not be found at '${path}' for api version '${apiVersion}'.`,
    );
  }
  const type = parts
    .slice(provider + 2)
    .filter((_, index) => index % 2 === 0)
    .join('/');
  return new ArmFault(
    404,
    'InvalidResourceType',
    `The resource type '${type}' could not be found in the namespace '${namespace}' for api version '${apiVersion}'.`,
  );
}

export function denied(caller: { clientId: string; objectId: string }, action: string, scope: string): ArmFault {
  return new ArmFault(
    403,
    'AuthorizationFailed',
    `The client '${caller.clientId}' with object id '${caller.objectId}' does not have authorization to perform action ` +
      `'${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
  );
}
