import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';

const folder = path.resolve(__dirname, '..', '..', 'node_modules', '.cache', 'node24');

/**
 * Path of a Node 24 binary: what NODE24 names, this very Node when it is 24, else npm's package of it, installed once into
 * node_modules/.cache. It is no dependency of the project because its `node` would then run every npm script.
 */
export function node24(): string {
  const named = process.env['NODE24'];
  if (named) return named;
  if (process.versions.node.startsWith('24.')) return process.execPath;
  const name = `node-${process.platform}-${process.arch}`;
  const binary = path.join(folder, 'node_modules', name, 'bin', 'node');
  if (!existsSync(binary)) install(`${name}@24`);
  return binary;
}

/** Test files run side by side: what is in the folder is whole, whoever installed it. */
function install(specification: string): void {
  mkdirSync(path.dirname(folder), { recursive: true });
  const own = mkdtempSync(`${folder}-`);
  try {
    const args = ['install', '--prefix', own, '--no-save', '--no-audit', '--no-fund', specification];
    const result = spawnSync('npm', args, { encoding: 'utf8' });
    if (result.status !== 0) {
      throw new Error(`Node 24 could not be installed; name one in NODE24.\n${result.stdout}${result.stderr}`);
    }
    putInPlace(own);
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}

function putInPlace(own: string): void {
  try {
    renameSync(own, folder);
  } catch (error) {
    // Another one was first.
    if (!existsSync(path.join(folder, 'node_modules'))) throw error;
  }
}
