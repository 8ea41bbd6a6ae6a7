import { ServiceError } from '../agent/errors';
import { isRecord, text } from '../agent/json';

/** One `details[]` entry of ARM's error envelope. */
export interface ErrorDetail {
  code: string;
  message: string;
}

/** An error answer of Azure, unwrapped: the useful code of Azure Machine Learning sits in `details[]`. */
export class AzureError extends ServiceError {
  constructor(
    message: string,
    words: string,
    readonly status: number,
    readonly code: string,
    readonly details: readonly ErrorDetail[],
    readonly headers: Readonly<Record<string, string>>,
    advice?: string,
  ) {
    super(message, words, advice);
  }

  /** True when `code` is the error's own code or one of its details', ignoring case. */
  is(code: string): boolean {
    const wanted = code.toLowerCase();
    return [this.code, ...this.details.map((detail) => detail.code)].some((found) => found.toLowerCase() === wanted);
  }
}

/**
 * Builds the error for an answer. Understands ARM's envelope (common-types v3, ErrorResponse), run history's lower-case one,
 * MLflow's `Error`/`error_code` one, OAuth's (`error`, `error_description`), the registry's (`errors[]`) and Kubernetes'
 * Status; unwraps JSON text nested in `message`.
 *
 * @param request `METHOD url` without query
 */
export function azureError(
  request: string,
  answer: { status: number; headers: Record<string, string>; body: unknown },
): AzureError {
  const { code, message, details, correlation } = unwrap(answer.body);
  const lines = [message, ...details.map((detail) => `${detail.code}: ${detail.message}`)].filter(
    (line) => line !== '',
  );
  const summary = [...new Set(lines)].join('\n  ') || 'no explanation in the answer';
  const ids = [
    correlation ?? answer.headers['x-ms-correlation-request-id'],
    answer.headers['x-ms-request-id'] ?? answer.headers['x-request-id'],
  ].filter((id) => id !== undefined);
  const where = ids.length > 0 ? ` [correlation ${ids.join(', request ')}]` : '';
  return new AzureError(
    `${request}${answer.status >= 400 ? ` answered ${answer.status}` : ''} ${code}: ${summary}${where}`,
    summary,
    answer.status,
    code,
    details,
    answer.headers,
    advice(answer.status, code, message),
  );
}

interface Unwrapped {
  code: string;
  message: string;
  details: ErrorDetail[];
  correlation?: string;
}

function unwrap(body: unknown): Unwrapped {
  const envelope = parsed(body);
  if (!isRecord(envelope))
    return { code: '', message: typeof body === 'string' ? body.slice(0, 500) : '', details: [] };
  const inner = [envelope['error'], envelope['Error'], envelope].find(isRecord) ?? envelope;
  const first = Array.isArray(envelope['errors']) && isRecord(envelope['errors'][0]) ? envelope['errors'][0] : inner;
  return {
    code:
      text(first['code']) ??
      text(first['Code']) ??
      text(envelope['error_code']) ??
      text(envelope['error']) ??
      text(envelope['reason']) ??
      '',
    message: nested(
      text(first['message']) ??
        text(first['Message']) ??
        text(envelope['error_description']) ??
        text(envelope['message']) ??
        '',
    ),
    details: detailsOf(inner),
    correlation: correlationOf(inner, envelope),
  };
}

function detailsOf(error: Record<string, unknown>): ErrorDetail[] {
  const list = error['details'] ?? error['Details'];
  if (!Array.isArray(list)) return [];
  return list.filter(isRecord).flatMap((entry) => [
    {
      code: text(entry['code']) ?? text(entry['Code']) ?? '',
      message: nested(text(entry['message']) ?? text(entry['Message']) ?? ''),
    },
    ...detailsOf(entry),
  ]);
}

function correlationOf(error: Record<string, unknown>, envelope: Record<string, unknown>): string | undefined {
  const info = Array.isArray(error['additionalInfo']) ? error['additionalInfo'].filter(isRecord) : [];
  const entry = info.find((item) => item['type'] === 'Correlation');
  const value =
    entry && isRecord(entry['info']) ? entry['info']['value'] : (envelope['correlation'] ?? envelope['Correlation']);
  return isRecord(value) ? text(value['operation']) : undefined;
}

/** Some services put a JSON document into `message`; its `errors` or `error.message` is what a person needs. */
function nested(message: string): string {
  const start = message.indexOf('{');
  if (start < 0) return message;
  const document = parsed(message.slice(start));
  if (!isRecord(document)) return message;
  const inner = isRecord(document['error']) ? text(document['error']['message']) : undefined;
  const errors = isRecord(document['errors'])
    ? Object.values(document['errors']).flat().map(String).join(' ')
    : undefined;
  const found = inner ?? errors;
  return found ? `${message.slice(0, start).trim()} ${found}`.trim() : message;
}

function parsed(body: unknown): unknown {
  if (typeof body !== 'string') return body;
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}

function advice(status: number, code: string, message: string): string | undefined {
  if (status === 403 && /AuthorizationFailed|AuthorizationPermissionMismatch/i.test(code)) {
    const action = /perform action '([^']+)'/.exec(message)?.[1];
    const role = action ? `a role with the action ${action}` : 'the missing role';
    return `Give the identity of the service connection ${role} on the scope named above. A role granted just now can take minutes to work.`;
  }
  if (status === 401)
    return 'Check that the identity belongs to the tenant of the subscription, and the clock of the agent.';
  if (status === 404 && /ResourceGroupNotFound/i.test(code))
    return 'Check the input resourceGroup and the subscription of the service connection.';
  if (status === 404 && /(Parent)?ResourceNotFound/i.test(code) && /workspaces?\b/i.test(message)) {
    return 'Check the inputs workspace and resourceGroup and the subscription of the service connection.';
  }
  if (status === 429) return 'Azure asks to slow down: run fewer tasks of this identity at once, or try again later.';
  return undefined;
}
