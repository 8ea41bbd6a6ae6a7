import { spawnSync } from 'node:child_process';
import { close, existsSync, mkdirSync, mkdtempSync, open, read, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { promisify } from 'node:util';
import { contentHash, listAsset } from '../lib/assets/folder';
import { corpus, expectedFiles, setLinesOf, type Expected } from '../test/lib/assets/corpus';

/**
 * What it costs to understand files, in two figures. A broken limit fails the command.
 *
 * - Translating the largest pipeline of the corpus, the one with the largest body and most nodes (without the corpus
 *   `examples/pipeline`): from the moment the built translator's main begins until it writes the calls, in a process of its own
 *   each time, so that code is cold. Median. Those with the most bytes and the most calls in all are shown beside it.
 * - Hashing a folder of 1 GB in 10,000 files as code, over reading it. Reading means: the same files one after the other, each
 *   opened, read into one buffer of 1 MB until nothing comes and closed, by the asynchronous calls of node:fs. Hashing
 *   lists the folder and checks that no file changed, too. Both find the files in the machine's cache. Medians, in turn.
 */
const looks = 3;
const processes = 20;
const limitMs = 30;
const files = { folders: 100, each: 100, bytes: 100_000 };
const rounds = 3;
const limitRatio = 1.3;

const root = path.resolve(__dirname, '..');
const translator = path.join(root, 'build', 'translator', 'index.js');

/** Notes when the program takes its arguments and when it first writes; what it does before is its start. */
const clock = `const { argv, stdout } = process;
const [slice, write] = [argv.slice, stdout.write];
let begun;
argv.slice = (...range) => { begun = performance.now(); return slice.apply(argv, range); };
stdout.write = (...text) => {
  const taken = performance.now() - begun;
  stdout.write = write;
  require('fs').writeFileSync(process.env.CLOCK_FILE, String(taken));
  return stdout.write(...text);
};`;

interface Pipeline {
  file: string;
  set: string[];
}

function size({ calls = [] }: Expected): number[] {
  return [JSON.stringify(calls.at(-1) ?? '').length, JSON.stringify(calls).length, calls.length];
}

function largestPipelines(): Pipeline[] {
  if (!existsSync(corpus)) {
    console.log('The corpus is not beside the repository: examples/pipeline is measured.');
    return [{ file: path.join(root, 'examples', 'pipeline', 'pipeline.yml'), set: [] }];
  }
  const all = expectedFiles().filter(({ kind, calls }) => kind === 'pipeline job' && calls !== undefined);
  const largest = [0, 1, 2].map((by) => [...all].sort((a, b) => (size(b)[by] ?? 0) - (size(a)[by] ?? 0))[0]);
  return [...new Set(largest)]
    .filter((one) => one !== undefined)
    .map((one) => ({ file: path.join(corpus, 'files', one.file), set: setLinesOf(one) }));
}

function translate({ file, set }: Pipeline, folder: string): number {
  const [hook, clockFile] = [path.join(folder, 'clock.cjs'), path.join(folder, 'clock')];
  const changes = set.flatMap((line) => ['--set', line]);
  const args = ['--require', hook, translator, 'translate', path.basename(file), ...changes];
  const environment = { PATH: process.env['PATH'], CLOCK_FILE: clockFile };
  const { status, stderr } = spawnSync(process.execPath, args, {
    cwd: path.dirname(file),
    env: environment,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${file}: ${stderr}`);
  return Number(readFileSync(clockFile, 'utf8'));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2;
}

function translating(folder: string): boolean {
  writeFileSync(path.join(folder, 'clock.cjs'), clock);
  console.log(`translating, median of ${processes} processes (the first at most ${limitMs} ms)`);
  const measure = (pipeline: Pipeline, look: number): number => {
    const taken = median(Array.from({ length: processes }, () => translate(pipeline, folder)));
    const name = pipeline.file.split(path.sep).slice(-2).join('/');
    console.log(`${taken.toFixed(1).padStart(8)} ms  ${name}${look > 1 ? `  (look ${look})` : ''}`);
    return taken;
  };
  const [largest, ...others] = largestPipelines();
  if (!largest) throw new Error('there is no pipeline to measure');
  translate(largest, folder);
  // Other work on the machine only ever adds to a time: what is too slow is measured again, at most twice.
  let best = Infinity;
  for (let look = 1; look <= looks && best > limitMs; look++) best = Math.min(best, measure(largest, look));
  for (const other of others) measure(other, 1);
  return best <= limitMs;
}

function makeFiles(folder: string): string[] {
  const made: string[] = [];
  const content = Buffer.alloc(files.bytes, 'content of no meaning. ');
  for (let outer = 0; outer < files.folders; outer++) {
    const inner = path.join(folder, `folder-${outer}`);
    mkdirSync(inner, { recursive: true });
    for (let index = 0; index < files.each; index++) {
      const file = path.join(inner, `file-${index}.bin`);
      content.writeUInt32LE(made.push(file));
      writeFileSync(file, content);
    }
  }
  return made;
}

const [openFile, readPart, closeFile] = [promisify(open), promisify(read), promisify(close)];

async function readOne(file: string, buffer: Buffer): Promise<void> {
  const descriptor = await openFile(file, 'r');
  while ((await readPart(descriptor, buffer, 0, buffer.length, null)).bytesRead > 0);
  await closeFile(descriptor);
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
}

async function hashing(folder: string): Promise<boolean> {
  const below = path.join(folder, 'files');
  const inOrder = makeFiles(below);
  const buffer = Buffer.allocUnsafe(1 << 20);
  const reading = async (): Promise<void> => {
    for (const file of inOrder) await readOne(file, buffer);
  };
  const hash = (): Promise<string> => contentHash(listAsset(below, 'files'));
  console.log(`hashing 1 GB in ${inOrder.length} files, medians of ${rounds} (at most ${limitRatio} of reading)`);
  await reading();
  await hash();
  for (let look = 1; look <= looks; look++) {
    const taken: { read: number[]; hash: number[] } = { read: [], hash: [] };
    for (let round = 0; round < rounds; round++) {
      taken.read.push(await seconds(reading));
      taken.hash.push(await seconds(hash));
    }
    const [own, other] = [median(taken.hash), median(taken.read)];
    const ratio = own / other;
    console.log(
      `hashing ${own.toFixed(2)} s, reading ${other.toFixed(2)} s: ${ratio.toFixed(2)}${look > 1 ? `  (look ${look})` : ''}`,
    );
    if (ratio <= limitRatio) return true;
  }
  return false;
}

async function main(): Promise<void> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bench-translate-'));
  try {
    const holds = [translating(folder), await hashing(folder)];
    if (holds.includes(false)) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
