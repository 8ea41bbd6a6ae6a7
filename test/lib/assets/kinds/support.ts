import { kinds } from '../../../../lib/assets/kinds/all';
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TaskError } from '../../../../lib/agent/errors';
import { DryRun, type PlannedCall } from '../../../../lib/assets/dry-run';
import { readTranslation, send, type Translation } from '../../../../lib/assets/translate';
import { workspaceId } from '../corpus';

/** A file to translate, and those beside it. */
export type Files = Readonly<Record<string, string>>;

function write(text: string, beside: Files): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'kinds-'));
  for (const [name, content] of Object.entries({ ...beside, 'file.yml': text })) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), content);
  }
  return path.join(folder, 'file.yml');
}

/** What a file is recognised as, and what it says. */
export async function read(text: string, beside: Files = {}): Promise<Translation> {
  return readTranslation(write(text, beside), workspaceId, { kinds });
}

/** All calls for a file, paths below the workspace. */
export async function callsOf(text: string, beside: Files = {}): Promise<PlannedCall[]> {
  const remote = new DryRun(workspaceId, 'westeurope', '2024-10-01');
  await send(await read(text, beside), remote, 'a-name');
  return remote.calls;
}

interface Put {
  /** Below the workspace. */
  path: string;
  body: { properties: Record<string, unknown>; [key: string]: unknown };
  apiVersion: string;
}

/** The last call: the resource that the file describes. */
export async function putOf(text: string, beside: Files = {}): Promise<Put> {
  const call = (await callsOf(text, beside)).at(-1);
  assert.ok(call && 'method' in call && call.method === 'PUT');
  return { ...(call as Put), path: call.path.slice(workspaceId.length) };
}

/** The request's `properties`. */
export async function propertiesOf(text: string, beside: Files = {}): Promise<Record<string, unknown>> {
  return (await putOf(text, beside)).body.properties;
}

/** The file is refused, at `line:column`, in these words. */
export async function refuses(text: string, where: string, words: RegExp, beside: Files = {}): Promise<void> {
  await assert.rejects(read(text, beside), (error) => {
    assert.ok(error instanceof TaskError, String(error));
    assert.match(error.message, words);
    assert.ok(error.message.includes(`file.yml:${where}: `), error.message);
    return true;
  });
}
