import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readAssetFile } from '../../../lib/assets/document';
import { plainData } from '../../../lib/assets/shape/scalars';
import { corpus, translated, type Expected } from './corpus';

/** A damaged copy of a file of the corpus, and what azure-ai-ml made of it. */
export interface Mutant {
  file: string;
  kind: string;
  what: string;
  op: { op: 'remove' | 'rename' | 'replace'; path: string; to?: string; value?: unknown };
  verdict: 'accepts' | 'refuses' | 'falls over';
  message?: string;
  where?: string[];
}

export function mutants(): Mutant[] {
  return readFileSync(path.join(corpus, 'mutants.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Mutant);
}

/** A copy of the corpus' files that may be damaged. */
export function copyOfFiles(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'mutants-'));
  cpSync(path.join(corpus, 'files'), folder, { recursive: true });
  return folder;
}

/** What we say of a mutant: `undefined` when it is accepted, else the error's text. The file is put back afterwards. */
export async function verdictOn(mutant: Mutant, folder: string, expected: Expected): Promise<string | undefined> {
  const file = path.join(folder, mutant.file);
  const original = readFileSync(file, 'utf8');
  const document: unknown = plainData((await readAssetFile(file)).reader);
  // JSON is YAML: every value keeps its type.
  writeFileSync(file, JSON.stringify(damaged(document, mutant), null, 1));
  try {
    const result = await translated(expected, file, mutant.kind);
    return 'error' in result ? result.error.message : undefined;
  } finally {
    writeFileSync(file, original);
  }
}

type Container = Record<string, unknown>;

function damaged(document: unknown, { op }: Mutant): unknown {
  const keys = op.path
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = keys.pop() ?? '';
  const parent = keys.reduce<unknown>((inner, key) => (inner as Container)[key], document) as Container;
  if (op.op === 'replace') parent[last] = op.value;
  else if (op.op === 'remove') {
    if (Array.isArray(parent)) parent.splice(Number(last), 1);
    else Reflect.deleteProperty(parent, last);
  } else rename(parent, last, op.to ?? '');
  return document;
}

/** In place: the order of the keys stays. */
function rename(parent: Container, from: string, to: string): void {
  for (const [key, value] of Object.entries(parent)) {
    Reflect.deleteProperty(parent, key);
    parent[key === from ? to : key] = value;
  }
}
