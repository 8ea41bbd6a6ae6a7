import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { check, shape, text } from '../devops/shape';

/** The package's folder: the nearest one above this file (`build/` or `local/cli/`) with our package.json. */
export function packageRoot(): string {
  for (let folder = __dirname; ; folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (existsSync(file)) return folder;
    if (folder === dirname(folder)) throw new Error(`There is no package.json above ${__dirname}.`);
  }
}

export function packageVersion(): string {
  const file = join(packageRoot(), 'package.json');
  return check(shape({ version: text }), JSON.parse(readFileSync(file, 'utf8')), file).version;
}

/** Where the built tasks are. */
export function tasksFolder(): string {
  return join(packageRoot(), 'build', 'tasks');
}

/** The built reader of Azure ML files. */
export function translatorFile(): string {
  return join(packageRoot(), 'build', 'translator', 'index.js');
}

/** The extension as it is built: its manifest, its pages, and the local page around them. */
export function extensionParts(): { manifestFile: string; hubFolder: string; pageFolder: string } {
  const root = packageRoot();
  return {
    manifestFile: join(root, 'vss-extension.json'),
    hubFolder: join(root, 'build', 'hub'),
    pageFolder: join(root, 'build', 'host'),
  };
}

export function exampleFolder(): string {
  return join(packageRoot(), 'examples', 'diabetes');
}

/** The option that names the same state once more, for a command that is shown to be typed; nothing when none was given. */
export function stateOption(given: string | undefined): string {
  if (given === undefined || given === '') return '';
  return /^[\w./-]+$/.test(given) ? ` --state ${given}` : ` --state '${given.replaceAll("'", "'\\''")}'`;
}

/** Folder of the state: what `--state` says, else `MLOPS_STATE`, else `.mlops` here. */
export function stateFolder(given: string | undefined): string {
  return resolve([given, process.env.MLOPS_STATE].find((one) => one !== undefined && one !== '') ?? '.mlops');
}
