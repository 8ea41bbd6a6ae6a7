import type { Client } from './client';
import { fields, flag, type Reader } from './read';

export interface Evaluation {
  namespace: string;
  token: string;
  /** Bits, all of which are asked for. */
  permissions: number;
}

export const namespaces = {
  build: '33344d9c-fc72-4d6f-aba5-fa317101a7e9',
  environment: '83d4c2e6-e57d-4d6e-892b-b87222b7ad20',
} as const;

export const buildBits = {
  viewBuilds: 1,
  queueBuilds: 128,
  viewBuildDefinition: 1024,
  editBuildDefinition: 2048,
  administerBuildPermissions: 16384,
} as const;

export const environmentBits = { view: 1, administer: 8, use: 16 } as const;

/** `{project}/{folder}/{folder}`; the project's own token for the root. */
export function folderToken(projectId: string, folder: string): string {
  return [projectId, ...folder.split('\\').filter((part) => part !== '')].join('/');
}

export function environmentToken(projectId: string, environmentId: number): string {
  return `Environments/${projectId}/${environmentId}`;
}

/** More in one request may be refused. */
const evaluationsPerRequest = 500;

/**
 * What the viewer may do by what was granted to them, in the order asked. Without the allowance that administrators have
 * everywhere: an audit wants to know what the folders and environments themselves say.
 */
export async function evaluatePermissions(
  client: Client,
  evaluations: readonly Evaluation[],
  signal?: AbortSignal,
): Promise<boolean[]> {
  const granted: boolean[] = [];
  for (let start = 0; start < evaluations.length; start += evaluationsPerRequest) {
    const part = evaluations.slice(start, start + evaluationsPerRequest);
    const answer = await client.send({
      method: 'POST',
      scope: 'organization',
      path: 'security/permissionevaluationbatch',
      apiVersion: '7.1-preview.1',
      body: {
        alwaysAllowAdministrators: false,
        evaluations: part.map(({ namespace, token, permissions }) => ({
          securityNamespaceId: namespace,
          token,
          permissions,
        })),
      },
      repeatable: true,
      read: (value) => fields(value, 'permissions').list('evaluations', granting),
      signal,
    });
    granted.push(...part.map((_, position) => answer.value[position] ?? false));
  }
  return granted;
}

const granting: Reader<boolean> = (value, where) => fields(value, where).maybe('value', flag) ?? false;
