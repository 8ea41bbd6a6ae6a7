import { spawn } from 'node:child_process';
import { cp, mkdir, readdir, stat } from 'node:fs/promises';
import path from 'node:path';

export interface RepositoryState {
  name: string;
  url: string;
  branch: string;
  commit: string;
  message: string;
}

const noCommit = '0'.repeat(40);

/** Branch and commit of the working copy; a folder without git stands for a first commit on main. */
export async function repositoryState(root: string): Promise<RepositoryState> {
  const commit = (await git(root, ['rev-parse', 'HEAD']))?.trim();
  const branch = (await git(root, ['symbolic-ref', '-q', 'HEAD']))?.trim();
  const message = (await git(root, ['log', '-1', '--format=%s']))?.trim();
  return {
    name: path.basename(path.resolve(root)),
    url: `file://${path.resolve(root)}`,
    branch: branch === undefined || branch === '' ? 'refs/heads/main' : branch,
    commit: commit === undefined || commit === '' ? noCommit : commit,
    message: message ?? '',
  };
}

/**
 * Copies the files of a working copy: what git tracks or would track, so that nothing ignored gets into a run; every file
 * when there is no git. `exclude` (the agent's own folder) is left out.
 */
export async function copyRepository(root: string, target: string, exclude: string): Promise<number> {
  const source = path.resolve(root);
  const files = (await trackedFiles(source)) ?? (await allFiles(source, path.resolve(exclude)));
  let copied = 0;
  for (const file of files) {
    const from = path.join(source, file);
    if (inside(from, path.resolve(exclude))) continue;
    // A tracked file may have been deleted; a submodule is listed as a folder.
    const found = await stat(from).catch(() => undefined);
    if (!found?.isFile()) continue;
    const to = path.join(target, file);
    await mkdir(path.dirname(to), { recursive: true });
    await cp(from, to, { preserveTimestamps: true });
    copied++;
  }
  return copied;
}

async function trackedFiles(root: string): Promise<string[] | undefined> {
  const listed = await git(root, ['ls-files', '--cached', '--others', '--exclude-standard', '-z']);
  return listed === undefined ? undefined : [...new Set(listed.split('\0').filter((file) => file !== ''))];
}

async function allFiles(root: string, exclude: string): Promise<string[]> {
  const files: string[] = [];
  const walk = async (folder: string): Promise<void> => {
    for (const found of await readdir(folder, { withFileTypes: true })) {
      const full = path.join(folder, found.name);
      if (found.name === '.git' || inside(full, exclude)) continue;
      if (found.isDirectory()) await walk(full);
      else files.push(path.relative(root, full));
    }
  };
  await walk(root);
  return files;
}

function inside(file: string, folder: string): boolean {
  return file === folder || file.startsWith(folder + path.sep);
}

/** Output of git, undefined when there is no git or no repository. */
function git(root: string, args: string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn('git', ['-C', root, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', () => resolve(undefined));
    child.on('close', (code) => resolve(code === 0 ? Buffer.concat(chunks).toString('utf8') : undefined));
  });
}
