import { existsSync } from 'node:fs';
import path from 'node:path';

/** Folder of the recorded contracts; they are no part of the repository, and tests that need them say when they are absent. */
export const contracts = path.resolve(__dirname, '../../../shared/contracts');

export function hasContracts(...below: string[]): boolean {
  return existsSync(path.join(contracts, ...below));
}
