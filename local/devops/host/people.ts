import { check, shape, text } from '../shape';
import type { LocalDevOps, User } from '../index';

const connectionShape = shape({ instanceId: text, authenticatedUser: shape({ descriptor: text }) });

/** Who may be signed in: what the handshake tells an extension. No token in it. */
export interface Collected {
  organizationId: string;
  users: (Omit<User, 'token'> & { descriptor: string })[];
}

/** Asks REST who everybody is, once each: a fault that is switched on later is not to break the page around the extension. */
export class People {
  private readonly descriptors = new Map<string, string>();
  private organizationId: string | undefined;

  constructor(private readonly devops: LocalDevOps) {}

  async all(): Promise<Collected> {
    for (const user of this.devops.users) if (!this.descriptors.has(user.id)) await this.meet(user);
    if (this.organizationId === undefined) throw new Error('Azure DevOps has no users.');
    const users = this.devops.users.map(({ id, displayName, mail, shortName, groups }) => ({
      id,
      displayName,
      mail,
      shortName,
      groups,
      descriptor: this.descriptors.get(id) ?? '',
    }));
    return { organizationId: this.organizationId, users };
  }

  private async meet(user: User): Promise<void> {
    const connection = check(connectionShape, await this.ask('_apis/connectionData', user), 'connectionData');
    this.descriptors.set(user.id, connection.authenticatedUser.descriptor);
    this.organizationId = connection.instanceId;
  }

  private async ask(path: string, { token }: User): Promise<unknown> {
    const authorization = `Basic ${Buffer.from(`:${token}`).toString('base64')}`;
    const response = await fetch(`${this.devops.url}/${path}`, {
      headers: { authorization, accept: 'application/json' },
    });
    if (!response.ok) throw new Error(`Azure DevOps answered ${path} with ${response.status}.`);
    return response.json();
  }
}
