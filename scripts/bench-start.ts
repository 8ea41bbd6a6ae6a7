import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { taskNames } from './build';

/**
 * What a task costs before it does anything: the time of the built bundle up to its first input check (no input is given,
 * so it ends there) over bare node, as the median of pairs measured in turn. The limit fails the command.
 */
const pairs = 20;
const limitMs = 100;
const looks = 3;
const build = path.resolve(__dirname, '..', 'build', 'tasks');

function time(args: string[], folder: string): number {
  const env = { PATH: process.env['PATH'], AGENT_TEMPDIRECTORY: folder, AGENT_WORKFOLDER: folder };
  const start = performance.now();
  const result = spawnSync(process.execPath, args, { env, cwd: folder, encoding: 'utf8' });
  const taken = performance.now() - start;
  if (result.status !== 0) throw new Error(`${args.join(' ')} exited with ${result.status}: ${result.stderr}`);
  return taken;
}

function median(values: number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[middle - 1] ?? 0, sorted[middle] ?? 0];
  return sorted.length % 2 ? high : (low + high) / 2;
}

function measure(task: string, folder: string): number {
  const bundle = path.join(build, task, 'index.js');
  const empty = path.join(folder, 'empty.js');
  spawnSync(process.execPath, ['-e', `require('fs').writeFileSync(${JSON.stringify(empty)}, '')`]);
  time([bundle], folder);
  const over: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    const bare = time([empty], folder);
    over.push(time([bundle], folder) - bare);
  }
  return median(over);
}

/** A figure above the limit is measured again, at most twice: other work on the machine only ever adds to it. */
function settled(task: string, folder: string): number {
  let best = Infinity;
  for (let look = 1; look <= looks && best > limitMs; look++) {
    const over = measure(task, folder);
    best = Math.min(best, over);
    console.log(`${task.padEnd(28)}${over.toFixed(1).padStart(8)} ms${look > 1 ? `  (look ${look})` : ''}`);
  }
  return best;
}

function main(): void {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bench-start-'));
  let worst = 0;
  try {
    console.log(`node ${process.versions.node}, median of ${pairs} pairs, limit ${limitMs} ms over bare node`);
    for (const task of taskNames()) {
      const over = settled(task, folder);
      worst = Math.max(worst, over);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  if (worst > limitMs) process.exitCode = 1;
}

main();
