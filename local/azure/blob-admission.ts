import type { IncomingMessage } from 'node:http';
import type { Authorization } from './authorization';
import { accountPath } from './seed';
import type { Answer, Caller } from './service';
import type { Tokens } from './tokens';

const storageAudience = /^https:\/\/(storage\.azure\.com|[a-z0-9]+\.blob\.core\.windows\.net)\/?$/;

/**
 * What Azurite does not check of a bearer token: its signature, and whether the caller has the data action. A SAS or a
 * shared key is Azurite's own business, and so is the audience. Gives the refusal, or `undefined` to let the request pass.
 */
export function admitToBlobs(
  request: IncomingMessage,
  url: URL,
  parts: { tokens: Tokens; authorization: Authorization },
  seen: { caller?: Caller },
): Answer | undefined {
  const token = /^bearer\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (token === undefined) return undefined;
  const checked = parts.tokens.check(token);
  if (!('caller' in checked)) {
    return refusal(
      401,
      'InvalidAuthenticationInfo',
      'Server failed to authenticate the request. Please refer to the information in the www-authenticate header.',
    );
  }
  seen.caller = checked.caller;
  if (!storageAudience.test(checked.caller.audience)) return undefined;
  const action = dataAction(request.method ?? 'GET', url);
  if (parts.authorization.allows(checked.caller, action, `${accountPath}/blobServices/default/containers`))
    return undefined;
  return refusal(
    403,
    'AuthorizationPermissionMismatch',
    'This request is not authorized to perform this operation using this permission.',
  );
}

function dataAction(method: string, url: URL): string {
  const service = 'Microsoft.Storage/storageAccounts/blobServices';
  if (url.searchParams.get('comp') === 'userdelegationkey') return `${service}/generateUserDelegationKey/action`;
  if (url.searchParams.get('restype') === 'container' && url.searchParams.get('comp') !== 'list') {
    return `${service}/containers/${method === 'GET' || method === 'HEAD' ? 'read' : method === 'DELETE' ? 'delete' : 'write'}`;
  }
  const verb = method === 'GET' || method === 'HEAD' ? 'read' : method === 'DELETE' ? 'delete' : 'write';
  return `${service}/containers/blobs/${verb}`;
}

function refusal(status: number, code: string, message: string): Answer {
  const body = `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  return { status, headers: { 'content-type': 'application/xml', 'x-ms-error-code': code }, body };
}
