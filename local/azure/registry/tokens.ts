import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Answer, Call, Caller, Core, Route } from '../service';
import { isObject } from '../json';

/** The user name under which the registry takes a token as password. */
export const tokenUser = '00000000-0000-0000-0000-000000000000';

/** Actions of Azure that stand behind the registry's own words. */
const azureActions: Record<string, string> = {
  pull: 'Microsoft.ContainerRegistry/registries/pull/read',
  metadata_read: 'Microsoft.ContainerRegistry/registries/pull/read',
  push: 'Microsoft.ContainerRegistry/registries/push/write',
  metadata_write: 'Microsoft.ContainerRegistry/registries/push/write',
  delete: 'Microsoft.ContainerRegistry/registries/artifacts/delete',
};

/** Says whether a caller may do an Azure action on the registry. */
export type Allows = (caller: Caller, action: string) => boolean;

export interface Access {
  type: string;
  name: string;
  actions: string[];
}

interface RefreshClaims {
  kind: 'refresh';
  caller: Caller;
  exp: number;
}

interface AccessClaims {
  kind: 'access';
  access: Access[];
  exp: number;
}

const refreshLifetime = 3 * 3600;
const accessLifetime = 75 * 60;

/**
 * The registry's own tokens: an Entra token is exchanged for a refresh token, that for an access token of one scope
 * (`POST /oauth2/exchange`, `POST|GET /oauth2/token` of the Container Registry data plane). They are signed with a key of
 * this registry, kept beside its content.
 */
export class RegistryTokens {
  readonly service: string;
  private readonly key: Buffer;

  constructor(
    private readonly core: Core,
    private readonly allows: Allows,
  ) {
    this.service = new URL(core.url).host;
    this.key = signingKey(join(core.folder('registry'), 'token.key'));
  }

  routes(): Route[] {
    return [
      { method: 'POST', path: '/oauth2/exchange', token: 'none', handle: (call) => this.exchange(call) },
      { method: 'POST', path: '/oauth2/token', token: 'none', handle: (call) => this.issue(call) },
      { method: 'GET', path: '/oauth2/token', token: 'none', handle: (call) => this.issueForBasic(call) },
    ];
  }

  /** What the `Authorization` header of a data-plane call allows; `undefined` when it holds no valid token. */
  access(authorization: string | undefined): Access[] | undefined {
    const [scheme, value] = (authorization ?? '').split(' ', 2);
    if (value === undefined) return undefined;
    if (scheme?.toLowerCase() === 'bearer') {
      const claims = this.verify(value);
      return claims?.kind === 'access' ? claims.access : undefined;
    }
    const caller = this.basicCaller(authorization);
    if (caller === undefined) return undefined;
    return [{ type: 'repository', name: '*', actions: this.granted(caller, Object.keys(azureActions)) }];
  }

  /** True when the user and password (a refresh token) may pull. */
  mayPull(user: string, password: string): boolean {
    const caller = this.passwordCaller(user, password);
    return caller !== undefined && this.granted(caller, ['pull']).length > 0;
  }

  private exchange(call: Call): Answer {
    const form = new URLSearchParams(call.body.toString('utf8'));
    if (!['access_token', 'access_token_refresh_token'].includes(form.get('grant_type') ?? '')) {
      return fault(400, 'UNSUPPORTED', `grant_type ${form.get('grant_type') ?? '(none)'} is not supported`);
    }
    if (form.get('service') !== this.service) return fault(400, 'UNSUPPORTED', `service must be ${this.service}`);
    const caller = this.core.verifyToken(form.get('access_token') ?? '');
    if (caller === undefined || !this.isAudience(caller.audience)) {
      return fault(401, 'UNAUTHORIZED', 'authentication required: the access token is not valid for this registry');
    }
    return json({ refresh_token: this.refreshToken(caller) });
  }

  private issue(call: Call): Answer {
    const form = new URLSearchParams(call.body.toString('utf8'));
    const grant = form.get('grant_type');
    if (grant === 'refresh_token') {
      const claims = this.verify(form.get('refresh_token') ?? '');
      return this.answer(claims?.kind === 'refresh' ? claims.caller : undefined, form.getAll('scope'));
    }
    if (grant === 'password') {
      const caller = this.passwordCaller(form.get('username') ?? '', form.get('password') ?? '');
      return this.answer(caller, form.getAll('scope'));
    }
    return fault(400, 'UNSUPPORTED', `grant_type ${grant ?? '(none)'} is not supported`);
  }

  private issueForBasic(call: Call): Answer {
    return this.answer(this.basicCaller(call.headers.authorization), call.query.getAll('scope'));
  }

  private answer(caller: Caller | undefined, scopes: string[]): Answer {
    if (caller === undefined)
      return fault(
        401,
        'UNAUTHORIZED',
        'authentication required, visit https://aka.ms/acr/authorization for more information.',
      );
    const access = scopes.flatMap((scope) => scope.split(' ')).flatMap((scope) => this.grant(caller, scope));
    const token = this.sign({ kind: 'access', access, exp: now() + accessLifetime });
    return json({ access_token: token, token, expires_in: accessLifetime });
  }

  private grant(caller: Caller, scope: string): Access[] {
    const match = /^([a-z]+):(.+):([a-z_*,]+)$/.exec(scope);
    if (match === null) return [];
    const [, type = '', name = '', wanted = ''] = match;
    // The catalog's one action is to be seen; of a repository `*` means whatever the caller may do.
    if (type === 'registry') return [{ type, name, actions: this.granted(caller, ['pull']).length > 0 ? ['*'] : [] }];
    const asked = wanted.split(',').flatMap((action) => (action === '*' ? Object.keys(azureActions) : [action]));
    return [{ type, name, actions: this.granted(caller, asked) }];
  }

  private granted(caller: Caller, asked: string[]): string[] {
    return asked.filter((action) => {
      const azure = azureActions[action];
      return azure !== undefined && this.allows(caller, azure);
    });
  }

  private isAudience(audience: string): boolean {
    const known = [
      this.core.url,
      'https://management.azure.com',
      'https://management.core.windows.net',
      'https://containerregistry.azure.net',
    ];
    return known.includes(audience.replace(/\/+$/, ''));
  }

  private refreshToken(caller: Caller): string {
    return this.sign({ kind: 'refresh', caller, exp: now() + refreshLifetime });
  }

  private basicCaller(authorization: string | undefined): Caller | undefined {
    const match = /^Basic (.+)$/i.exec(authorization ?? '');
    if (match?.[1] === undefined) return undefined;
    const text = Buffer.from(match[1], 'base64').toString('utf8');
    const colon = text.indexOf(':');
    return this.passwordCaller(text.slice(0, Math.max(colon, 0)), text.slice(colon + 1));
  }

  private passwordCaller(user: string, password: string): Caller | undefined {
    if (user !== tokenUser) return undefined;
    const claims = this.verify(password);
    return claims?.kind === 'refresh' ? claims.caller : undefined;
  }

  private sign(claims: RefreshClaims | AccessClaims): string {
    const service = { aud: this.service, iss: 'Azure Container Registry', iat: now() };
    const text = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ ...service, ...claims })}`;
    return `${text}.${this.signature(text).toString('base64url')}`;
  }

  private verify(token: string): RefreshClaims | AccessClaims | undefined {
    const [header, body, signature] = token.split('.');
    if (header === undefined || body === undefined || signature === undefined) return undefined;
    const expected = this.signature(`${header}.${body}`);
    const given = Buffer.from(signature, 'base64url');
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
    const claims: unknown = JSON.parse(Buffer.from(body, 'base64url').toString('utf8'));
    if (!isClaims(claims) || claims.exp <= now()) return undefined;
    return claims;
  }

  private signature(text: string): Buffer {
    return createHmac('sha256', this.key).update(text).digest();
  }
}

/** The signature has been checked before: these are claims this file wrote. */
function isClaims(value: unknown): value is RefreshClaims | AccessClaims {
  if (!isObject(value) || typeof value['exp'] !== 'number') return false;
  return (
    (value['kind'] === 'refresh' && isObject(value['caller'])) ||
    (value['kind'] === 'access' && Array.isArray(value['access']))
  );
}

function signingKey(file: string): Buffer {
  if (!existsSync(file)) writeFileSync(file, randomBytes(32), { mode: 0o600 });
  return readFileSync(file);
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}

function json(body: unknown): Answer {
  return { status: 200, headers: { 'content-type': 'application/json; charset=utf-8' }, body };
}

/** An error as the registry's data plane words it. */
export function fault(status: number, code: string, message: string, headers: Record<string, string> = {}): Answer {
  return {
    status,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'docker-distribution-api-version': 'registry/2.0',
      ...headers,
    },
    body: { errors: [{ code, message, detail: null }] },
  };
}
