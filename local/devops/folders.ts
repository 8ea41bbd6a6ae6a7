import { ServiceError } from './errors';
import type { Folder, ProjectState } from './model';

/** Folders of pipelines: `\` is the root, `\mlops\team-a` a folder in a folder. */

/** The path in the service's own spelling, whatever slashes it came with. Throws the service's 400 for what cannot be one. */
export function folderPath(path: string | undefined): string {
  const parts = (path ?? '').split(/[\\/]/).filter((part) => part !== '');
  const wrong = parts.find((part) => part !== part.trim() || part === '.' || part === '..' || /[:*?"<>|]/.test(part));
  const whole = `\\${parts.join('\\')}`;
  if (wrong !== undefined || whole.length > 400) {
    throw new ServiceError(400, 'InvalidFolderException', `'${path ?? ''}' is not a valid path of a folder.`);
  }
  return whole;
}

/** A pipeline's name that may carry its folder: `\mlops\team-a\train`. Without a folder it is in none in particular. */
export function splitName(pipelineName: string): { folder?: string; name: string } {
  const at = pipelineName.lastIndexOf('\\');
  if (at < 0) return { name: pipelineName };
  return { folder: folderPath(pipelineName.slice(0, at)), name: pipelineName.slice(at + 1) };
}

export function isInFolder(path: string, folder: string): boolean {
  const [inner, outer] = [path.toLowerCase(), folder.toLowerCase()];
  return outer === '\\' || inner === outer || inner.startsWith(`${outer}\\`);
}

export function samePath(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** Makes the folder and those above it, where they are not there. */
export function ensureFolder(state: ProjectState, path: string, by: string, description = ''): void {
  const parts = path.split('\\').filter((part) => part !== '');
  for (const [index] of parts.entries()) {
    const step = `\\${parts.slice(0, index + 1).join('\\')}`;
    if (state.folders.some((one) => samePath(one.path, step))) continue;
    const now = new Date().toISOString();
    const folder: Folder = {
      path: step,
      description: index === parts.length - 1 ? description : '',
      createdBy: by,
      createdOn: now,
      lastChangedBy: by,
      lastChangedDate: now,
    };
    state.folders.push(folder);
  }
}
