import type { DataSanityEvidence } from '../../lib/evidence/types';
import type { Contract } from './rules';
import type { Finding } from './scan';

/** What was found, before anything is published. */
export interface Result {
  contract: Contract;
  files: DataSanityEvidence['files'];
  findings: Finding[];
  rowCount: number;
  /** Columns that the files have and the contract does not describe. */
  undescribed: number;
  /**
   * SHA-256 over the canonical JSON of `[{path, sha256}, …]`: path relative to the folder given (the file's own name for
   * one file), digest of the file's bytes, in code-point order of the paths. The same names and bytes give the same
   * fingerprint on every machine.
   */
  dataFingerprint: string;
}
