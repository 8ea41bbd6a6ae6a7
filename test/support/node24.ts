import { spawnSync } from 'node:child_process';
import path from 'node:path';

import { installedOnce } from './installed';

/**
 * Path of a Node 24 binary: what NODE24 names, this very Node when it is 24, else npm's package of it, installed once into
 * node_modules/.cache. It is no dependency of the project because its `node` would then run every npm script.
 */
export function node24(): string {
  const named = process.env['NODE24'];
  if (named) return named;
  if (process.versions.node.startsWith('24.')) return process.execPath;
  const name = `node-${process.platform}-${process.arch}`;
  const folder = installedOnce('node24', (own) => install(own, `${name}@24`));
  return path.join(folder, 'node_modules', name, 'bin', 'node');
}

function install(folder: string, specification: string): void {
  const args = ['install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', specification];
  const result = spawnSync('npm', args, { encoding: 'utf8' });
  if (result.status !== 0) {
    throw new Error(`Node 24 could not be installed; name one in NODE24.\n${result.stdout}${result.stderr}`);
  }
}
