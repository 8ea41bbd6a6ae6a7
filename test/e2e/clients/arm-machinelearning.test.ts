import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startAzure, type LocalAzure } from '../../../local/azure';
import { program, result, runClient } from '../../support/clients';

describe('@azure/arm-machinelearning, unchanged, on the local Azure', function () {
  this.timeout(180_000);
  let folder: string;
  let azure: LocalAzure;
  let seen: Record<string, unknown>;

  before(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'arm-client-'));
    azure = await startAzure({ stateDir: path.join(folder, 'state') });
    // A child: Node reads the certificate to trust at its start only.
    seen = result(await runClient(program(path.join(__dirname, 'arm-machinelearning.ts')), azure.environment()));
  });
  after(async () => {
    await azure.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('x', () => {
    console.log(seen);
  });
});
