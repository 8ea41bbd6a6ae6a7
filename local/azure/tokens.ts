import {
  createPrivateKey,
  createPublicKey,
  createSign,
  generateKeyPairSync,
  randomUUID,
  verify,
  createHash,
} from 'node:crypto';
import type { JsonWebKey, KeyObject } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { asNumber, asObject, asString } from './json';
import type { Caller } from './service';

/** What a token is asked for. `lifetimeSeconds` defaults to one hour. */
export interface TokenRequest {
  objectId: string;
  clientId: string;
  audience: string;
  task?: string;
  lifetimeSeconds?: number;
  /** ARM id of the managed identity (claim `xms_mirid`). */
  resourceId?: string;
}

/** The outcome of checking a token: who calls, or why not. */
export type Checked =
  | { caller: Caller; expires: number }
  | { problem: 'malformed' | 'signature' | 'notYetValid' }
  | { problem: 'expired'; expires: number };

/** Signs and checks this tenant's tokens in the form of version 1.0 tokens of Microsoft Entra ID (RS256). */
export class Tokens {
  private readonly privateKey: KeyObject;
  private readonly publicKey: KeyObject;
  private readonly keyId: string;

  constructor(
    keyFile: string,
    private readonly tenantId: string,
  ) {
    if (!existsSync(keyFile)) {
      mkdirSync(dirname(keyFile), { recursive: true, mode: 0o700 });
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
      writeFileSync(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    }
    this.privateKey = createPrivateKey(readFileSync(keyFile));
    this.publicKey = createPublicKey(this.privateKey);
    const der = this.publicKey.export({ type: 'spki', format: 'der' });
    this.keyId = createHash('sha256').update(der).digest('base64url').slice(0, 27);
  }

  get issuer(): string {
    return `https://sts.windows.net/${this.tenantId}/`;
  }

  mint(request: TokenRequest): string {
    const now = Math.floor(Date.now() / 1000);
    return this.sign({
      aud: request.audience,
      iss: this.issuer,
      iat: now,
      // Clocks differ: the real issuer dates tokens five minutes back.
      nbf: now - 300,
      exp: now + (request.lifetimeSeconds ?? 3600),
      appid: request.clientId,
      appidacr: '2',
      idp: this.issuer,
      idtyp: 'app',
      oid: request.objectId,
      sub: request.objectId,
      tid: this.tenantId,
      uti: randomUUID(),
      ver: '1.0',
      ...(request.resourceId === undefined ? {} : { xms_mirid: request.resourceId }),
      ...(request.task === undefined ? {} : { task: request.task }),
    });
  }

  check(token: string): Checked {
    const parts = token.split('.');
    const [header, payload, signature] = parts;
    if (parts.length !== 3 || header === undefined || payload === undefined || signature === undefined) {
      return { problem: 'malformed' };
    }
    const claims = readPart(payload);
    if (claims === undefined || readPart(header)?.['alg'] !== 'RS256') return { problem: 'malformed' };
    const signed = Buffer.from(`${header}.${payload}`);
    if (!verify('RSA-SHA256', signed, this.publicKey, Buffer.from(signature, 'base64url')))
      return { problem: 'signature' };
    return this.checkClaims(claims);
  }

  /** The public key as a JSON Web Key Set. */
  keys(): { keys: JsonWebKey[] } {
    const key = this.publicKey.export({ format: 'jwk' });
    return { keys: [{ ...key, use: 'sig', kid: this.keyId, x5t: this.keyId, alg: 'RS256' }] };
  }

  private checkClaims(claims: Record<string, unknown>): Checked {
    const expires = asNumber(claims['exp']) ?? 0;
    const now = Date.now() / 1000;
    if (now >= expires) return { problem: 'expired', expires };
    if (now < (asNumber(claims['nbf']) ?? 0)) return { problem: 'notYetValid' };
    const objectId = asString(claims['oid']);
    const clientId = asString(claims['appid']);
    const audience = asString(claims['aud']);
    if (objectId === undefined || clientId === undefined || audience === undefined) return { problem: 'malformed' };
    const task = asString(claims['task']);
    const caller = { objectId, clientId, audience, tenantId: this.tenantId, ...(task === undefined ? {} : { task }) };
    return { caller, expires };
  }

  private sign(claims: Record<string, unknown>): string {
    const header = { typ: 'JWT', alg: 'RS256', x5t: this.keyId, kid: this.keyId };
    const text = `${encodePart(header)}.${encodePart(claims)}`;
    return `${text}.${createSign('RSA-SHA256').update(text).sign(this.privateKey, 'base64url')}`;
  }
}

export function encodePart(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** One part of a JSON Web Token as an object, or `undefined` when it is none. */
export function readPart(part: string): Record<string, unknown> | undefined {
  try {
    return asObject(JSON.parse(Buffer.from(part, 'base64url').toString('utf8')));
  } catch {
    return undefined;
  }
}
