import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

let folder: string | undefined;

/** Everything that a run of the tests and what it starts leave in the temporary folder goes with it when the run is over. */
export function mochaGlobalSetup(): void {
  folder = mkdtempSync(path.join(os.tmpdir(), 'mlops-tests-'));
  // Test files run in processes that are started after this.
  process.env['TMPDIR'] = folder;
}

export function mochaGlobalTeardown(): void {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}
