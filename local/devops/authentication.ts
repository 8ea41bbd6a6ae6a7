import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

import type { Caller } from './caller';
import { ServiceError } from './errors';
import type { Project } from './projects';
import type { Sessions } from './sessions';

/** Who sends a request: a person by their own token, a running job, or an extension's page. Throws the service's 401 for nobody. */
export function authenticate(
  request: IncomingMessage,
  projects: readonly [Project, ...Project[]],
  sessions: Sessions,
): Caller {
  const { collection } = projects[0];
  const token = tokenOf(request);
  if (token !== undefined) {
    const owner = Object.entries(collection.shared.tokens).find(([, known]) => same(known, token));
    if (owner) return { identity: collection.identity(owner[0]) };
    for (const project of projects) {
      const runId = project.runs.runOfToken(token);
      if (runId !== undefined) return { identity: project.collection.buildService, runId };
    }
    const session = sessions.find(token);
    if (session) return { identity: collection.identity(session.userId), session };
  }
  throw new ServiceError(
    401,
    'UnauthorizedRequestException',
    "TF400813: The user '' is not authorized to access this resource.",
    { 'www-authenticate': `Basic realm="${collection.url}"` },
  );
}

function tokenOf(request: IncomingMessage): string | undefined {
  const [scheme, value = ''] = (request.headers.authorization ?? '').split(' ');
  if (scheme?.toLowerCase() === 'bearer') return value;
  if (scheme?.toLowerCase() !== 'basic') return undefined;
  const pair = Buffer.from(value, 'base64').toString('utf8');
  return pair.slice(pair.indexOf(':') + 1);
}

function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
