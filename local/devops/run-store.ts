import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { readDocument, writeDocument } from './files';
import { runShape, type StoredRun } from './model';
import { isObject } from './shape';

/** What a list of runs does not show; it stays on disk until somebody asks for it. */
const heavy = ['logs', 'attachments', 'artifacts', 'testRuns', 'records'] as const;
const light = Object.fromEntries(heavy.map((key) => [key, []]));

/**
 * The runs on disk: one folder a run with its `run.json`, which alone counts, and beside them a digest of all that spares a
 * start from reading every one. An entry of the digest holds only while its file has the size and the time it had then.
 */
export class RunStore {
  /** A run was written, or read in full, that the digest does not know. */
  private outdated = false;

  constructor(private readonly folder: string) {}

  folderOf(id: number): string {
    return join(this.folder, 'runs', String(id));
  }

  save(run: StoredRun): void {
    this.outdated = true;
    writeDocument(this.fileOf(run.id), run);
  }

  load(): StoredRun[] {
    const digest = this.readDigest();
    return this.ids().flatMap((id) => {
      const known = digest.get(id);
      if (known && known.stamp === this.stamp(id)) {
        const run = lazily(runShape({ ...known.run, ...light }, `digest of run ${id}`), () => this.read(id));
        return [run];
      }
      this.outdated = true;
      const run = readDocument(this.fileOf(id), runShape);
      return run ? [run] : [];
    });
  }

  /** Brings the digest up to date. */
  writeDigest(runs: Iterable<StoredRun>): void {
    if (!this.outdated) return;
    const entries: Record<string, unknown> = {};
    for (const run of runs) {
      const stamp = this.stamp(run.id);
      if (stamp !== undefined) entries[run.id] = { stamp, run: withoutHeavy(run) };
    }
    writeDocument(this.digestFile, entries);
    this.outdated = false;
  }

  /** Numbers of the runs that are kept. */
  ids(): number[] {
    const found = statSync(join(this.folder, 'runs'), { throwIfNoEntry: false })
      ? readdirSync(join(this.folder, 'runs'))
      : [];
    return found
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .sort((a, b) => a - b);
  }

  private read(id: number): StoredRun {
    const run = readDocument(this.fileOf(id), runShape);
    if (!run) throw new Error(`The file ${this.fileOf(id)} is gone.`);
    return run;
  }

  private readDigest(): Map<number, { stamp: string; run: Record<string, unknown> }> {
    const known = readDocument(this.digestFile, (value) => (isObject(value) ? value : {}));
    const digest = new Map<number, { stamp: string; run: Record<string, unknown> }>();
    for (const [id, entry] of Object.entries(known ?? {})) {
      if (!isObject(entry) || typeof entry['stamp'] !== 'string' || !isObject(entry['run'])) continue;
      digest.set(Number(id), { stamp: entry['stamp'], run: entry['run'] });
    }
    return digest;
  }

  /** Changes with every writing of the file: it is another file each time. */
  private stamp(id: number): string | undefined {
    const stat = statSync(this.fileOf(id), { throwIfNoEntry: false });
    return stat && `${stat.ino} ${stat.size} ${stat.mtimeMs}`;
  }

  private fileOf(id: number): string {
    return join(this.folderOf(id), 'run.json');
  }

  private get digestFile(): string {
    return join(this.folder, 'runs-digest.json');
  }
}

/** The run whose heavy members are read when first used. */
function lazily(run: StoredRun, read: () => StoredRun): StoredRun {
  let whole: StoredRun | undefined;
  const body = (): StoredRun => (whole ??= read());
  for (const key of heavy) {
    Object.defineProperty(run, key, {
      enumerable: true,
      get: () => body()[key],
      set: (value: unknown) => Reflect.set(body(), key, value),
    });
  }
  return run;
}

function withoutHeavy(run: StoredRun): Record<string, unknown> {
  const names = Object.keys(run).filter((name) => !heavy.some((key) => key === name));
  return Object.fromEntries(names.map((name) => [name, Reflect.get(run, name)]));
}
