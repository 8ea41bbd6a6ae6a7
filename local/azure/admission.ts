import type { IncomingHttpHeaders } from 'node:http';
import type { Checked, Tokens } from './tokens';
import { ArmFault, type Caller } from './service';

const managementAudiences = ['https://management.azure.com', 'https://management.core.windows.net'];
const mlAudiences = ['https://ml.azure.com'];

/** Checks the bearer token of a request: signature, lifetime and audience. */
export class Admission {
  constructor(
    private readonly tokens: Tokens,
    private readonly url: string,
    private readonly tenantId: string,
  ) {}

  /** Who calls; throws the 401 that Resource Manager would answer. */
  require(headers: IncomingHttpHeaders, kind: 'arm' | 'ml'): Caller {
    const { authorization } = headers;
    if (authorization === undefined) {
      throw this.refuse('AuthenticationFailed', "Authentication failed. The 'Authorization' header is missing.");
    }
    const token = /^bearer\s+(\S+)$/i.exec(authorization)?.[1];
    if (token === undefined) {
      throw this.refuse(
        'AuthenticationFailedInvalidHeader',
        "Authentication failed. The 'Authorization' header is provided in an invalid format.",
      );
    }
    const checked = this.tokens.check(token);
    if (!('caller' in checked)) throw this.refuseToken(checked);
    const { audience } = checked.caller;
    const allowed = this.audiences(kind);
    if (!allowed.includes(audience.replace(/\/$/, ''))) {
      throw this.refuse(
        'InvalidAuthenticationTokenAudience',
        `The access token has been obtained for wrong audience or resource '${audience}'. It should exactly match with one of the ` +
          `allowed audiences '${allowed.flatMap((one) => [one, `${one}/`]).join("','")}'.`,
      );
    }
    return checked.caller;
  }

  private audiences(kind: 'arm' | 'ml'): string[] {
    return [...managementAudiences, this.url, ...(kind === 'ml' ? mlAudiences : [])];
  }

  private refuseToken(checked: Exclude<Checked, { caller: Caller }>): ArmFault {
    if (checked.problem === 'expired') {
      const utc = (time: number): string => new Date(time).toISOString();
      return this.refuse(
        'ExpiredAuthenticationToken',
        `The access token expiry UTC time '${utc(checked.expires * 1000)}' is earlier than current UTC time '${utc(Date.now())}'.`,
      );
    }
    const reasons = {
      malformed: 'The access token is invalid.',
      signature: 'The access token validation failure. Signature validation failed.',
      notYetValid: 'The access token is not yet valid.',
    };
    return this.refuse('InvalidAuthenticationToken', reasons[checked.problem]);
  }

  private refuse(code: string, message: string): ArmFault {
    const challenge = `Bearer authorization_uri="${this.url}/${this.tenantId}", error="invalid_token", error_description="${message}"`;
    return new ArmFault(401, code, message, { headers: { 'www-authenticate': challenge } });
  }
}
