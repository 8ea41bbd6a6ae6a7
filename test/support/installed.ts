import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';

/**
 * A folder of node_modules/.cache that is made once. Test files run side by side: each makes its own and one is put in place, so that what
 * is there is whole, whoever made it.
 * @param make fills a folder of its own, which is then moved to its place: what is written there names the place.
 */
export function installedOnce(name: string, make: (own: string, place: string) => void): string {
  const folder = path.resolve(__dirname, '..', '..', 'node_modules', '.cache', name);
  if (existsSync(folder)) return folder;
  mkdirSync(path.dirname(folder), { recursive: true });
  const own = mkdtempSync(`${folder}-`);
  try {
    make(own, folder);
    putInPlace(own, folder);
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
  return folder;
}

function putInPlace(own: string, folder: string): void {
  try {
    renameSync(own, folder);
  } catch (error) {
    // Another one was first.
    if (!existsSync(folder)) throw error;
  }
}
