import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { asList, asObject } from '../json';
import type { Layer } from '../registry/image';
import { unpackLayer, type Removals } from '../registry/layers';
import type { RegistryStorage } from '../registry/storage';

/** A layer as a folder of files, shared by everything that uses the layer. */
export interface UnpackedLayer {
  folder: string;
  removals: Removals;
}

const opened = new Map<string, LayerCache>();

/** Unpacked layers by digest, each unpacked once on this machine. */
export class LayerCache {
  private readonly unpacking = new Map<string, Promise<UnpackedLayer>>();

  /** The cache of a folder: services that share the folder share the cache, so that none unpacks what another is at. */
  static of(root: string, storage: RegistryStorage): LayerCache {
    const found = opened.get(root) ?? new LayerCache(root, storage);
    opened.set(root, found);
    return found;
  }

  private constructor(
    private readonly root: string,
    private readonly storage: RegistryStorage,
  ) {}

  get(layer: Layer): Promise<UnpackedLayer> {
    const running = this.unpacking.get(layer.digest);
    if (running !== undefined) return running;
    const work = this.unpack(layer).finally(() => this.unpacking.delete(layer.digest));
    this.unpacking.set(layer.digest, work);
    return work;
  }

  /** Takes a folder that holds a layer's content already, which saves unpacking it. */
  async adopt(layer: Layer, folder: string, removals: Removals): Promise<UnpackedLayer> {
    const place = this.place(layer);
    await mkdir(this.root, { recursive: true });
    if (existsSync(`${place}.json`)) await rm(folder, { recursive: true });
    else {
      await rm(place, { recursive: true, force: true });
      await rename(folder, place);
      // Written last: a folder without it was left half-made.
      writeFileSync(`${place}.json`, JSON.stringify(removals));
    }
    return { folder: place, removals };
  }

  /** A new empty folder on the same file system, for `adopt`. */
  async stage(): Promise<string> {
    const folder = join(this.root, 'staging', randomUUID());
    await mkdir(folder, { recursive: true });
    return folder;
  }

  private async unpack(layer: Layer): Promise<UnpackedLayer> {
    const place = this.place(layer);
    if (existsSync(`${place}.json`)) return { folder: place, removals: readRemovals(`${place}.json`) };
    const folder = await this.stage();
    try {
      const removals = await unpackLayer(this.storage.blobPath(layer.digest), folder);
      return await this.adopt(layer, folder, removals);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  private place(layer: Layer): string {
    return join(this.root, layer.digest.replace('sha256:', ''));
  }
}

function readRemovals(file: string): Removals {
  const document = asObject(JSON.parse(readFileSync(file, 'utf8')));
  const list = (value: unknown): string[] => asList(value).filter((entry) => typeof entry === 'string');
  return { paths: list(document['paths']), opaque: list(document['opaque']) };
}
