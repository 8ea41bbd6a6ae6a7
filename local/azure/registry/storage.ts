import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** `application/vnd.oci.image.manifest.v1+json` and relatives, as a manifest was pushed. */
export interface StoredManifest {
  digest: string;
  mediaType: string;
  content: Buffer;
}

const digestForm = /^sha256:[0-9a-f]{64}$/;
const nameForm = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const tagForm = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

export function sha256(content: Buffer | string): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

export function isDigest(text: string): boolean {
  return digestForm.test(text);
}

export function isRepositoryName(text: string): boolean {
  return text.length <= 255 && nameForm.test(text);
}

export function isTag(text: string): boolean {
  return tagForm.test(text);
}

/**
 * Content of a registry in a folder: blobs by digest, and per repository links to its layers, manifests and tags (a
 * repository's name never has a part that starts with `_`, so the two kinds of folders cannot meet). Holds no state of its
 * own: several instances may look at one folder.
 */
export class RegistryStorage {
  constructor(private readonly root: string) {}

  blobPath(digest: string): string {
    return join(this.root, 'blobs', 'sha256', digest.slice('sha256:'.length));
  }

  hasBlob(digest: string): boolean {
    return isDigest(digest) && existsSync(this.blobPath(digest));
  }

  blobSize(digest: string): number {
    return statSync(this.blobPath(digest)).size;
  }

  readBlob(digest: string): Buffer {
    return readFileSync(this.blobPath(digest));
  }

  writeBlob(content: Buffer): string {
    const digest = sha256(content);
    if (!this.hasBlob(digest)) {
      const file = this.temporaryFile();
      writeFileSync(file, content);
      this.adopt(file, digest);
    }
    return digest;
  }

  /** Makes a finished file the blob of `digest`; the caller has computed the digest from the file's content. */
  adopt(file: string, digest: string): void {
    const target = this.blobPath(digest);
    mkdirSync(dirname(target), { recursive: true });
    renameSync(file, target);
  }

  temporaryFile(): string {
    const folder = join(this.root, 'uploads');
    mkdirSync(folder, { recursive: true });
    return join(folder, randomUUID());
  }

  link(repository: string, digest: string): void {
    write(this.repositoryFile(repository, '_layers', digest), '');
  }

  isLinked(repository: string, digest: string): boolean {
    return isDigest(digest) && existsSync(this.repositoryFile(repository, '_layers', digest)) && this.hasBlob(digest);
  }

  unlink(repository: string, digest: string): void {
    rmSync(this.repositoryFile(repository, '_layers', digest), { force: true });
  }

  putManifest(repository: string, content: Buffer, mediaType: string, tag?: string): string {
    const digest = this.writeBlob(content);
    write(this.repositoryFile(repository, '_manifests', digest), mediaType);
    if (tag !== undefined) write(join(this.repositoryFolder(repository), '_tags', tag), digest);
    return digest;
  }

  /** By tag or digest. */
  manifest(repository: string, reference: string): StoredManifest | undefined {
    const digest = isDigest(reference) ? reference : this.tagged(repository, reference);
    if (digest === undefined) return undefined;
    const file = this.repositoryFile(repository, '_manifests', digest);
    if (!existsSync(file)) return undefined;
    return { digest, mediaType: readFileSync(file, 'utf8'), content: this.readBlob(digest) };
  }

  /** Removes a manifest with its tags, or one tag. False when there is none. */
  remove(repository: string, reference: string): boolean {
    if (!isDigest(reference)) {
      if (this.tagged(repository, reference) === undefined) return false;
      rmSync(join(this.repositoryFolder(repository), '_tags', reference));
      return true;
    }
    const file = this.repositoryFile(repository, '_manifests', reference);
    if (!existsSync(file)) return false;
    for (const tag of this.tags(repository)) {
      if (this.tagged(repository, tag) === reference) rmSync(join(this.repositoryFolder(repository), '_tags', tag));
    }
    rmSync(file);
    return true;
  }

  tags(repository: string): string[] {
    return list(join(this.repositoryFolder(repository), '_tags')).sort();
  }

  manifests(repository: string): string[] {
    return list(join(this.repositoryFolder(repository), '_manifests'))
      .map((hex) => `sha256:${hex}`)
      .sort();
  }

  repositories(): string[] {
    const found: string[] = [];
    const visit = (folder: string, name: string): void => {
      const parts = list(folder);
      if (parts.includes('_manifests')) found.push(name);
      for (const part of parts.filter((part) => !part.startsWith('_'))) {
        visit(join(folder, part), name === '' ? part : `${name}/${part}`);
      }
    };
    visit(join(this.root, 'repositories'), '');
    return found.sort();
  }

  hasRepository(repository: string): boolean {
    return existsSync(join(this.repositoryFolder(repository), '_manifests'));
  }

  private tagged(repository: string, tag: string): string | undefined {
    const file = join(this.repositoryFolder(repository), '_tags', tag);
    return isTag(tag) && existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  }

  private repositoryFolder(repository: string): string {
    if (!isRepositoryName(repository)) throw new Error(`Not a repository name: ${repository}`);
    return join(this.root, 'repositories', ...repository.split('/'));
  }

  private repositoryFile(repository: string, kind: '_layers' | '_manifests', digest: string): string {
    return join(this.repositoryFolder(repository), kind, digest.slice('sha256:'.length));
  }
}

function write(file: string, content: string): void {
  mkdirSync(dirname(file), { recursive: true });
  const temporary = `${file}.${randomUUID()}`;
  writeFileSync(temporary, content);
  renameSync(temporary, file);
}

function list(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
