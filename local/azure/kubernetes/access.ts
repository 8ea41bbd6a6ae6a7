import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { asObject, asString } from '../json';
import type { Caller, Core } from '../service';
import { ApiError } from './status';
import type { ResourceType } from './types';

/** The Entra application of AKS clusters, the same in every tenant: the audience of tokens for a cluster. */
export const serverApplication = '6dae42f8-4368-4678-94ff-3960e28e3630';

const verbActions: Record<string, string> = {
  get: 'read', list: 'read', watch: 'read', create: 'write', update: 'write', patch: 'write', delete: 'delete', deletecollection: 'delete',
}; // prettier-ignore

/** Who may do what on a cluster: Entra tokens, tokens of a kubeconfig, and Azure RBAC for Kubernetes. */
export class Access {
  private readonly key: Buffer;

  constructor(private readonly core: Core) {
    const file = join(core.folder('kubernetes'), 'token.key');
    if (!existsSync(file)) writeFileSync(file, randomBytes(32), { mode: 0o600 });
    this.key = readFileSync(file);
  }

  /** A token for a kubeconfig: it acts as the caller who asked for it. */
  kubeconfigToken(caller: Caller): string {
    const { objectId, clientId, tenantId, task } = caller;
    const text = Buffer.from(
      JSON.stringify({ objectId, clientId, tenantId, ...(task === undefined ? {} : { task }) }),
    ).toString('base64url');
    return `k8s.${text}.${this.signature(text).toString('base64url')}`;
  }

  /** @throws ApiError 401 */
  authenticate(authorization: string | undefined): Caller {
    const token = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1];
    const caller =
      token === undefined ? undefined : token.startsWith('k8s.') ? this.fromKubeconfig(token) : this.fromEntra(token);
    if (caller === undefined) throw new ApiError(401, 'Unauthorized', 'Unauthorized');
    return caller;
  }

  /** Asks Azure RBAC for the data action that stands behind a verb. @throws ApiError 403 */
  authorize(
    caller: Caller,
    verb: string,
    type: ResourceType,
    where: { namespace: string; name: string; cluster: string },
  ): void {
    const resource = type.group === '' ? type.resource : `${type.group}/${type.resource}`;
    const action = `Microsoft.ContainerService/managedClusters/${resource}/${verbActions[verb] ?? verb}`;
    const scope = where.namespace === '' ? where.cluster : `${where.cluster}/namespaces/${where.namespace}`;
    if (this.core.allows(caller, action, scope)) return;
    const full = type.group === '' ? type.resource : `${type.resource}.${type.group}`;
    const object = where.name === '' ? full : `${full} "${where.name}"`;
    const place = where.namespace === '' ? 'at the cluster scope' : `in the namespace "${where.namespace}"`;
    throw new ApiError(
      403,
      'Forbidden',
      `${object} is forbidden: User "${caller.objectId}" cannot ${verb} resource "${type.resource}" in API group "${type.group}" ${place}: User does not have access to the resource in Azure. Update role assignment to allow access.`,
      { name: where.name, group: type.group, kind: type.resource },
    );
  }

  private fromEntra(token: string): Caller | undefined {
    const caller = this.core.verifyToken(token);
    const audience = caller?.audience.replace(/^api:\/\//, '').replace(/\/+$/, '');
    return audience === serverApplication ? caller : undefined;
  }

  private fromKubeconfig(token: string): Caller | undefined {
    const [, text, signature] = token.split('.');
    if (text === undefined || signature === undefined) return undefined;
    const expected = this.signature(text);
    const given = Buffer.from(signature, 'base64url');
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
    const claims = asObject(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
    const task = asString(claims['task']);
    return {
      objectId: asString(claims['objectId']) ?? '',
      clientId: asString(claims['clientId']) ?? '',
      tenantId: asString(claims['tenantId']) ?? '',
      audience: serverApplication,
      ...(task === undefined ? {} : { task }),
    };
  }

  private signature(text: string): Buffer {
    return createHmac('sha256', this.key).update(text).digest();
  }
}
