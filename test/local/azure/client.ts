import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAzure, type AzureOptions, type LocalAzure } from '../../../local/azure';

export interface Reply {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  /** The body as JSON; `undefined` when it is none. */
  json: unknown;
}

export interface Asked {
  body?: unknown;
  /** A bearer token; none when absent. */
  token?: string;
  headers?: Record<string, string>;
}

export const resources = {
  arm: 'https://management.azure.com/',
  storage: 'https://storage.azure.com/',
  ml: 'https://ml.azure.com',
};

/** One request on a connection of its own. `url` is absolute, or a path of the stand-in. */
export function request(
  azure: Pick<LocalAzure, 'url' | 'caFile'>,
  method: string,
  url: string,
  asked: Asked = {},
): Promise<Reply> {
  const body =
    asked.body === undefined
      ? undefined
      : Buffer.isBuffer(asked.body)
        ? asked.body
        : Buffer.from(JSON.stringify(asked.body));
  const headers: Record<string, string> = {
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    'content-length': String(body?.length ?? 0),
    ...(asked.token === undefined ? {} : { authorization: `Bearer ${asked.token}` }),
    ...asked.headers,
  };
  return new Promise((resolve, reject) => {
    const target = url.startsWith('https:') ? url : `${azure.url}${url}`;
    const sent = https.request(target, { method, headers, ca: readFileSync(azure.caFile), agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text, json: readJson(text) });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A value inside JSON: `at(reply.json, 'error', 'code')`. */
export function at(value: unknown, ...path: (string | number)[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  );
}

export function textAt(value: unknown, ...path: (string | number)[]): string {
  const found = at(value, ...path);
  if (typeof found !== 'string') throw new Error(`There is no text at ${path.join('.')} in ${JSON.stringify(value)}.`);
  return found;
}

/** A token of the metadata service. */
export async function metadataToken(
  azure: LocalAzure,
  resource: string,
  more: { task?: string; query?: string } = {},
): Promise<string> {
  const prefix = more.task === undefined ? '' : `/task/${more.task}`;
  const query = `api-version=2018-02-01&resource=${encodeURIComponent(resource)}${more.query ?? ''}`;
  const answer = await fetch(`${azure.imdsUrl}${prefix}/metadata/identity/oauth2/token?${query}`, {
    headers: { Metadata: 'true' },
  });
  return textAt(await answer.json(), 'access_token');
}

export interface Stage {
  azure: LocalAzure;
  folder: string;
  /** Stops it and removes its folder. */
  end(): Promise<void>;
}

/** A stand-in with a folder of its own; without the services that run things unless asked otherwise. */
export async function stage(options: Partial<AzureOptions> = {}): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'local-azure-'));
  const azure = await startAzure({ stateDir: join(folder, 'state'), services: () => [], ...options });
  const on: Stage = {
    azure,
    folder,
    end: async () => {
      // Tests put a restarted one in its place.
      await on.azure.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return on;
}

export function workspacePath(azure: LocalAzure): string {
  const group = `/subscriptions/${azure.subscriptionId}/resourceGroups/${azure.resourceGroup}`;
  return `${group}/providers/Microsoft.MachineLearningServices/workspaces/${azure.workspace}`;
}
