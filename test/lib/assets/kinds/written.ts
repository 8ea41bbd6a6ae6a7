import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TaskError } from '../../../../lib/agent/errors';
import { plan, type Plan } from '../../../../lib/assets/plan';

export const workspace = {
  id: '/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w',
  location: 'westeurope',
};

/** What a file of this text becomes; `others` stand beside it. */
export async function planOf(text: string, others: Readonly<Record<string, string>> = {}): Promise<Plan> {
  const folder = mkdtempSync(path.join(tmpdir(), 'asset-'));
  try {
    for (const [name, content] of Object.entries({ ...others, 'file.yml': text })) {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      writeFileSync(path.join(folder, name), content);
    }
    return await plan(path.join(folder, 'file.yml'), workspace);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export interface Put {
  path: string;
  apiVersion: string;
  body: Record<string, unknown> & { properties: Record<string, unknown> };
}

/** The one request of a file. */
export async function putOf(text: string, others?: Readonly<Record<string, string>>): Promise<Put> {
  const { calls } = await planOf(text, others);
  const [call] = calls;
  if (!call || calls.length > 1 || 'upload' in call) throw new Error(`${calls.length} calls: ${JSON.stringify(calls)}`);
  return { path: call.path, apiVersion: call.apiVersion, body: call.body as Put['body'] };
}

/** Why a file of this text is refused: `LINE:COLUMN: what is wrong`, one line a problem; `undefined` when it is not. */
export async function refusalOf(text: string, others?: Readonly<Record<string, string>>): Promise<string | undefined> {
  try {
    await planOf(text, others);
    return undefined;
  } catch (error) {
    if (error instanceof TaskError) return error.message.replaceAll(/^\S*file\.yml:/gm, '');
    throw error;
  }
}
