import { constants, existsSync, lstatSync } from 'node:fs';
import { copyFile, link, lstat, mkdir, readdir, readlink, rm, symlink } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { UnpackedLayer } from './layer-cache';

/** Folders of installed Python packages: large, and not written to by what runs. */
const packageFolder = /^(site|dist)-packages$/;

/**
 * A root folder put together from layers. Files are copied, so that each container writes to its own; a folder of Python
 * packages that one layer brings is a link to the shared layer, which makes starting fast and lets byte code be compiled once.
 */
export class Rootfs {
  constructor(readonly folder: string) {}

  async apply(layer: UnpackedLayer): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    for (const path of layer.removals.opaque) {
      await this.own(path);
      await rm(join(this.folder, path), { recursive: true, force: true });
    }
    for (const path of layer.removals.paths) {
      await this.own(path);
      await rm(join(this.folder, path), { recursive: true, force: true });
    }
    await this.merge(layer.folder, this.folder, false);
  }

  /** What the image has at this absolute path, on this machine. */
  path(inImage: string): string {
    return join(this.folder, inImage);
  }

  has(inImage: string): boolean {
    return existsSync(this.path(inImage));
  }

  isFolder(inImage: string): boolean {
    return lstatSync(this.path(inImage), { throwIfNoEntry: false })?.isDirectory() === true;
  }

  /** Folders of installed Python packages, as `/usr/local/lib/python3.11/site-packages`. */
  async packageFolders(): Promise<string[]> {
    const found: string[] = [];
    for (const library of ['/usr/local/lib', '/usr/lib']) {
      const versions = existsSync(this.path(library)) ? await readdir(this.path(library)) : [];
      for (const version of versions.filter((name) => /^python3(\.\d+)?$/.test(name))) {
        const folders = await readdir(this.path(`${library}/${version}`));
        found.push(
          ...folders.filter((name) => packageFolder.test(name)).map((name) => `${library}/${version}/${name}`),
        );
      }
    }
    return found;
  }

  /** Before something below a shared folder changes, the folder becomes this root's own (hard links: nothing is copied). */
  private async own(path: string): Promise<void> {
    const parts = path.split('/');
    for (let count = 1; count <= parts.length; count++) {
      const folder = join(this.folder, ...parts.slice(0, count));
      if (
        packageFolder.test(parts[count - 1] ?? '') &&
        lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink() === true
      ) {
        await unshare(folder);
      }
    }
  }

  private async merge(from: string, to: string, linked: boolean): Promise<void> {
    for (const entry of await readdir(from, { withFileTypes: true })) {
      const source = join(from, entry.name);
      const target = join(to, entry.name);
      const existing = lstatSync(target, { throwIfNoEntry: false });
      if (entry.isDirectory()) await this.mergeFolder(source, target, linked);
      else {
        if (existing !== undefined) await rm(target, { recursive: true });
        if (entry.isSymbolicLink()) await symlink(this.redirect(await readlink(source)), target);
        else if (linked) await linkOrCopy(source, target);
        else await copyFile(source, target, constants.COPYFILE_FICLONE);
      }
    }
  }

  private async mergeFolder(source: string, target: string, linked: boolean): Promise<void> {
    const existing = lstatSync(target, { throwIfNoEntry: false });
    const isPackages = packageFolder.test(target.split('/').at(-1) ?? '');
    if (isPackages && existing === undefined) return symlink(source, target);
    if (isPackages && existing?.isSymbolicLink() === true) await unshare(target);
    else if (existing !== undefined && !existing.isDirectory()) await rm(target, { recursive: true });
    await mkdir(target, { recursive: true });
    await this.merge(source, target, linked || isPackages);
  }

  /** An absolute link of the image means a place in the image. */
  private redirect(target: string): string {
    return isAbsolute(target) ? join(this.folder, target) : target;
  }
}

/** Replaces a link to a shared folder by a folder of hard links. */
async function unshare(folder: string): Promise<void> {
  const shared = await readlink(folder);
  await rm(folder);
  await linkTree(shared, folder);
}

/** A second folder with the same files, as hard links where the file system allows. */
export async function linkTree(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    if (entry.isDirectory()) await linkTree(source, target);
    else if (entry.isSymbolicLink()) await symlink(await readlink(source), target);
    else if ((await lstat(source)).isFile()) await linkOrCopy(source, target);
  }
}

async function linkOrCopy(source: string, target: string): Promise<void> {
  await link(source, target).catch(() => copyFile(source, target));
}
