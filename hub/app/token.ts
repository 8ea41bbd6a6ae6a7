import { HostError } from './reading';

/** Tokens are asked for again this long before they end, so that a slow request does not carry a dead one. */
const margin = 2 * 60_000;
/** How long a token is kept whose end cannot be read. */
const unreadable = 60_000;

export interface TokenSource {
  /** Access token of the viewer. `fresh`: the last one was refused, so do not answer it again. */
  (options?: { fresh?: boolean }): Promise<string>;
}

/** Keeps the viewer's token in memory until shortly before it ends; callers at the same moment share one question to the host. */
export function tokenSource(ask: () => Promise<unknown>, now: () => number = Date.now): TokenSource {
  let kept: { token: string; until: number } | undefined;
  let asking: Promise<string> | undefined;
  const renew = async (): Promise<string> => {
    try {
      const token = await ask();
      if (typeof token !== 'string' || token === '')
        throw new HostError('Azure DevOps gave no access token for this page.');
      kept = { token, until: (endOf(token) ?? now() + unreadable + margin) - margin };
      return token;
    } finally {
      asking = undefined;
    }
  };
  return async ({ fresh = false } = {}) => {
    if (!fresh && kept !== undefined && now() < kept.until) return kept.token;
    asking ??= renew();
    return asking;
  };
}

/** `exp` of a JSON Web Token in milliseconds; undefined for tokens of another form. */
function endOf(token: string): number | undefined {
  const payload = token.split('.')[1];
  if (payload === undefined) return undefined;
  try {
    const claims: unknown = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/')));
    if (typeof claims !== 'object' || claims === null || !('exp' in claims)) return undefined;
    return typeof claims.exp === 'number' ? claims.exp * 1000 : undefined;
  } catch {
    // An opaque token: nothing is wrong, its end is just not written in it.
    return undefined;
  }
}
