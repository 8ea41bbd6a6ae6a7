import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TaskError } from '../../../../lib/agent/errors';
import { DryRun, type PlannedCall } from '../../../../lib/assets/dry-run';
import { kinds } from '../../../../lib/assets/kinds/all';
import { readTranslation, send, type Translation } from '../../../../lib/assets/translate';
import { workspaceId } from '../corpus';

/** A file to translate, and those beside it. */
export type Files = Readonly<Record<string, string>>;

/** Reads a file of this text in a folder of its own, for as long as `use` takes. */
async function withFile<T>(text: string, beside: Files, use: (translation: Translation) => Promise<T> | T): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), 'kinds-'));
  try {
    for (const [name, content] of Object.entries({ ...beside, 'file.yml': text })) {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      writeFileSync(path.join(folder, name), content);
    }
    return await use(await readTranslation(path.join(folder, 'file.yml'), workspaceId, { kinds }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What a file is recognised as, and what it says. */
export async function read(text: string, beside: Files = {}): Promise<Translation> {
  return withFile(text, beside, (translation) => translation);
}

/** All calls for a file. */
export async function callsOf(text: string, beside: Files = {}): Promise<PlannedCall[]> {
  return withFile(text, beside, async (translation) => {
    const remote = new DryRun(workspaceId, 'westeurope', '2024-10-01');
    await send(translation, remote, 'a-name');
    return remote.calls;
  });
}

interface Put {
  /** Below the workspace; of what is beside or above it, the whole path. */
  path: string;
  body: { properties: Record<string, unknown>; [key: string]: unknown };
  apiVersion: string;
}

/** The last call: the resource that the file describes. */
export async function putOf(text: string, beside: Files = {}): Promise<Put> {
  const call = (await callsOf(text, beside)).at(-1);
  assert.ok(call && 'method' in call && call.method === 'PUT');
  return { ...(call as Put), path: call.path.replace(`${workspaceId}/`, '/') };
}

/** The request's `properties`. */
export async function propertiesOf(text: string, beside: Files = {}): Promise<Record<string, unknown>> {
  return (await putOf(text, beside)).body.properties;
}

/** Why a file is refused: `LINE:COLUMN: what is wrong`, one line a problem; `undefined` when it is not. */
export async function refusalOf(text: string, beside: Files = {}): Promise<string | undefined> {
  try {
    await read(text, beside);
    return undefined;
  } catch (error) {
    if (error instanceof TaskError) return error.message.replaceAll(/^\S*file\.yml:/gm, '');
    throw error;
  }
}

/** The file is refused, at `line:column`, in these words. */
export async function refuses(text: string, where: string, words: RegExp, beside: Files = {}): Promise<void> {
  const refusal = (await refusalOf(text, beside)) ?? 'it is not refused';
  assert.match(refusal, words);
  assert.ok(
    refusal.split('\n').some((line) => line.startsWith(`${where}: `)),
    refusal,
  );
}
