import { createHash, createPrivateKey, createPublicKey, randomUUID, sign, type KeyObject } from 'node:crypto';

import type { Collection } from './collection';
import type { StoredRun } from './model';
import { collectionName } from './organization';

/** Lifetime of a token for workload identity federation, as the service's: ten minutes. */
const lifetimeSeconds = 600;

export interface JsonWebKeySet {
  keys: { kty: string; use: string; alg: string; kid: string; n: string; e: string }[];
}

/** Signs the tokens with which a pipeline proves to Entra ID which service connection it runs for. */
export class Oidc {
  private readonly key: KeyObject;
  readonly jwks: JsonWebKeySet;
  private readonly keyId: string;

  constructor(private readonly collection: Collection) {
    this.key = createPrivateKey(collection.shared.signingKey);
    const { n, e } = createPublicKey(this.key).export({ format: 'jwk' });
    if (n === undefined || e === undefined) throw new Error('The signing key of the state folder is not an RSA key.');
    this.keyId = createHash('sha256').update(n).digest('hex').slice(0, 40).toUpperCase();
    this.jwks = { keys: [{ kty: 'RSA', use: 'sig', alg: 'RS256', kid: this.keyId, n, e }] };
  }

  /** Host root plus the organisation's id, the form of the service's own issuer. */
  get issuer(): string {
    return `${new URL(this.collection.url).origin}/${this.collection.shared.collectionId}`;
  }

  /** Subject for a service connection; without one, the pipeline itself. */
  subject(run: StoredRun, connectionName: string | undefined): string {
    if (connectionName !== undefined) return this.connectionSubject(connectionName);
    const { projectName } = this.collection.state;
    return `p://${collectionName}/${projectName}/${this.collection.definition(run.definitionId).name}`;
  }

  connectionSubject(name: string): string {
    return `sc://${collectionName}/${this.collection.state.projectName}/${name}`;
  }

  token(run: StoredRun, connectionName: string | undefined): string {
    const now = Math.floor(Date.now() / 1000);
    const header = { typ: 'JWT', alg: 'RS256', kid: this.keyId, x5t: this.keyId };
    const claims = {
      jti: randomUUID(),
      sub: this.subject(run, connectionName),
      aud: 'api://AzureADTokenExchange',
      iss: this.issuer,
      org_id: this.collection.shared.collectionId,
      prj_id: this.collection.state.projectId,
      def_id: String(run.definitionId),
      rpo_ref: run.repository.branch,
      rpo_ver: run.repository.commit,
      run_id: String(run.id),
      nbf: now,
      iat: now,
      exp: now + lifetimeSeconds,
    };
    const signed = `${encode(header)}.${encode(claims)}`;
    return `${signed}.${sign('RSA-SHA256', Buffer.from(signed), this.key).toString('base64url')}`;
  }

  discovery(): Record<string, unknown> {
    return {
      issuer: this.issuer,
      jwks_uri: `${this.issuer}/.well-known/jwks`,
      subject_types_supported: ['public', 'pairwise'],
      response_types_supported: ['id_token'],
      claims_supported: ['sub', 'aud', 'exp', 'iat', 'iss', 'nbf'],
      id_token_signing_alg_values_supported: ['RS256'],
      scopes_supported: ['openid'],
    };
  }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
