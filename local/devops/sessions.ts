import { createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';

import { number, shape, text, type Of } from './shape';

/** What the token of an extension's page says. Times in seconds, scopes separated by blanks, as in the service's own. */
const claimsShape = shape({ jti: text, nameid: text, ext: text, scp: text, nbf: number, exp: number });
type Claims = Of<typeof claimsShape>;

export interface SessionRequest {
  /** Id of the person in whose browser the page runs. */
  userId: string;
  /** `publisher.extension`. */
  extension: string;
  /** Scopes of its manifest. */
  scopes: readonly string[];
  /** Lifetime; an hour when absent. */
  minutes?: number;
}

export interface Session {
  id: string;
  userId: string;
  extension: string;
  scopes: string[];
}

/**
 * Tokens with which an extension's page calls the REST API as its user, within the scopes of its manifest. Signed JSON web
 * tokens whose key lives in this process only: they end with it.
 */
export class Sessions {
  private readonly key = randomBytes(32);

  /** A fresh token. A secret. */
  issue({ userId, extension, scopes, minutes = 60 }: SessionRequest): string {
    if (!Number.isFinite(minutes)) throw new Error(`A token cannot be valid for ${minutes} minutes.`);
    const now = Date.now() / 1000;
    const claims: Claims = {
      jti: randomUUID(),
      nameid: userId,
      ext: extension,
      scp: scopes.join(' '),
      nbf: Math.floor(now),
      exp: now + minutes * 60,
    };
    const signed = `${encode({ typ: 'JWT', alg: 'HS256' })}.${encode(claims)}`;
    return `${signed}.${this.signature(signed).toString('base64url')}`;
  }

  /** The session of a token, or `undefined` when it is not one of ours, was changed, or has expired. */
  find(token: string): Session | undefined {
    const end = token.lastIndexOf('.');
    const signed = token.slice(0, Math.max(0, end));
    const [given, expected] = [Buffer.from(token.slice(end + 1), 'base64url'), this.signature(signed)];
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
    const body: unknown = JSON.parse(Buffer.from(signed.split('.')[1] ?? '', 'base64url').toString('utf8'));
    const { jti, nameid, ext, scp, exp } = claimsShape(body, 'token');
    if (Date.now() / 1000 >= exp) return undefined;
    return { id: jti, userId: nameid, extension: ext, scopes: scp.split(' ').filter((scope) => scope !== '') };
  }

  private signature(signed: string): Buffer {
    return createHmac('sha256', this.key).update(signed).digest();
  }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
