import { existsSync } from 'node:fs';
import path from 'node:path';
import type { YamlReader } from '../../agent/yaml';
import { listAsset, type LocalAsset } from '../folder';
import { absence, checkWithin } from '../project';
import { refine, type Scope, type Shape } from '../shape/shape';
import { text } from '../shape/scalars';

/** Files and folders beside a YAML file. */

/** Does the text name something in the cloud (`azureml:…`, `https://…`, `git+…`)? */
export function isRemote(value: string): boolean {
  return /^(?:git\+|azureml:|[a-z][a-z0-9+.-]*:\/\/)/i.test(value) && !value.startsWith('file:');
}

/** A path in a file as an absolute one; relative paths start at the file's folder. */
export function localPath(folder: string, value: string): string {
  return path.resolve(folder, value.replace(/^file:(?:\/\/(?=\/))?/, ''));
}

/** A path that is there, and in the project. */
export const existingPath: Shape<string> = {
  ...refine(text, (value, at, scope) => {
    const found = localPath(scope.folder, value);
    if (!existsSync(found)) {
      throw at.error(`${at.path}: ${absence(found)}`, 'Paths are relative to the YAML file.');
    }
    checkWithin(scope.root, found, at);
    return found;
  }),
  schema: () => ({ type: 'string' }),
};

/** The files of a local asset, what is wrong with them told at the place that names it. */
export function assetAt(root: string, at: YamlReader, scope: Scope, leaveOut?: readonly string[]): LocalAsset {
  return listAsset(root, at.place, { leaveOut, project: scope.root });
}
