import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Core } from '../service';
import { EnvironmentError, readConda, type PythonNeeds } from './conda';
import { isObject, optionalText, type Json } from './wire';

/** A place in the workspace's storage. `blob` may name one blob or a folder of blobs, without a slash at its end. */
export interface Place {
  container: string;
  blob: string;
}

/** Container of the workspace's artifact store, where runs keep their files. */
export const artifactContainer = 'azureml';

/** Place of a run's artifact. */
export function artifactPlace(runId: string, path = ''): Place {
  return { container: artifactContainer, blob: trimmed(`ExperimentRun/dcid.${runId}/${path}`) };
}

/** A name or place that leads nowhere; the message is meant for whoever wrote it. */
export class AssetError extends Error {
  override readonly name = 'AssetError';
}

/** Environments, codes, models and data of one workspace, as the asset services store them. */
export class Assets {
  constructor(
    private readonly core: Core,
    private readonly workspace: string,
  ) {}

  /** Full ARM id of `azureml:name:version`, an ARM id (with or without the prefix `azureml:`), or a name with version. */
  id(kind: string, reference: string): string {
    const plain = reference.replace(/^azureml:(?!\/\/)/i, '');
    if (plain.startsWith('/')) return plain;
    const registry = /^azureml:\/\/registries\/([^/]+)\//i.exec(plain);
    if (registry !== null)
      throw new AssetError(
        `"${reference}" is in the registry ${registry[1] ?? ''}, which this local workspace does not reach.`,
      );
    const full =
      /^azureml:\/\/(?:locations\/[^/]+\/)?(?:subscriptions\/.*)?workspaces\/[^/]+\/(\w+)\/([^/]+)\/versions\/([^/]+)$/i.exec(
        plain,
      );
    if (full !== null) return `${this.workspace}/${full[1] ?? kind}/${full[2] ?? ''}/versions/${full[3] ?? ''}`;
    const [name = '', version = ''] = plain.split(':');
    if (name !== '' && version !== '') return `${this.workspace}/${kind}/${name}/versions/${version}`;
    throw new AssetError(
      `"${reference}" names no version of an asset (${kind}): write azureml:<name>:<version> or the ARM id.`,
    );
  }

  /** The `properties` of an asset version. @throws AssetError when there is none. */
  version(kind: string, reference: string): Json {
    const id = this.id(kind, reference);
    const stored = this.core.store.get(id);
    if (isObject(stored) && isObject(stored['properties'])) return stored['properties'];
    throw new AssetError(
      `There is no ${kind.replace(/s$/, '')} ${id.split('/').slice(-3).join('/')} in the workspace.`,
    );
  }

  /** What the environment asks of Python. Its image is recorded only: this machine is the image. */
  python(reference: string): PythonNeeds {
    const environment = this.version('environments', reference);
    if (isObject(environment['build']))
      throw new EnvironmentError(
        `${reference} is built from a Dockerfile, which local jobs and deployments do not support: use image and condaFile.`,
      );
    return readConda(optionalText(environment, 'condaFile', 'environment') ?? '');
  }

  /** Place of an uploaded code version. */
  code(reference: string): Place {
    const uri = optionalText(this.version('codes', reference), 'codeUri', 'code') ?? '';
    return this.place(uri);
  }

  /** Name, version and place of a registered model. */
  model(reference: string): { name: string; version: string; place: Place; type: string } {
    const id = this.id('models', reference);
    const properties = this.version('models', reference);
    const [name = '', , version = ''] = id.split('/').slice(-3);
    const place = this.place(optionalText(properties, 'modelUri', 'model') ?? '');
    return { name, version, place, type: optionalText(properties, 'modelType', 'model') ?? 'custom_model' };
  }

  /**
   * Where a URI of this workspace points: datastore paths (short and long form), job outputs, run artifacts, blobs of the
   * workspace's storage account by https or wasbs.
   * @throws AssetError for anything that is not in this workspace's storage.
   */
  place(uri: string): Place {
    const found = this.datastorePlace(uri) ?? this.jobPlace(uri) ?? this.artifactUri(uri) ?? this.blobPlace(uri);
    if (found === undefined) throw new AssetError(`"${uri}" is not a place in the workspace's storage.`);
    return { container: found.container, blob: trimmed(found.blob) };
  }

  private datastorePlace(uri: string): Place | undefined {
    const found =
      /^azureml:\/\/(?:subscriptions\/[^/]+\/resource[gG]roups\/[^/]+\/(?:providers\/[^/]+\/)?workspaces\/[^/]+\/)?datastores\/([^/]+)\/(?:paths\/)?(.*)$/i.exec(
        uri,
      );
    if (found === null) return undefined;
    const [, name = '', path = ''] = found;
    const stored = this.core.store.get(`${this.workspace}/datastores/${name}`);
    if (!isObject(stored) || !isObject(stored['properties']))
      throw new AssetError(`There is no datastore "${name}" in the workspace (${uri}).`);
    const account = optionalText(stored['properties'], 'accountName', 'datastore');
    if (account !== undefined && account !== this.core.blobs.account)
      throw new AssetError(
        `The datastore "${name}" is in the storage account "${account}", which this local workspace does not reach.`,
      );
    const container =
      optionalText(stored['properties'], 'containerName', 'datastore') ??
      optionalText(stored['properties'], 'filesystem', 'datastore');
    if (container === undefined) throw new AssetError(`The datastore "${name}" is not a blob container (${uri}).`);
    return { container, blob: decodeURIComponent(path) };
  }

  private jobPlace(uri: string): Place | undefined {
    const found =
      /^azureml:\/\/(?:subscriptions\/.*?\/)?jobs\/([^/]+)\/outputs\/([^/]+)(?:\/paths(?:\/(.*))?)?\/?$/i.exec(uri);
    if (found === null) {
      const run = /^runs:\/{1,3}([^/]+)\/(.*)$/.exec(uri);
      return run === null ? undefined : artifactPlace(run[1] ?? '', run[2] ?? '');
    }
    const [, job = '', output = '', path = ''] = found;
    if (output === 'artifacts' || output === 'default') return artifactPlace(job, path);
    const stored = this.core.store.get(`${this.workspace}/jobs/${job}`);
    const properties = isObject(stored) && isObject(stored['properties']) ? stored['properties'] : {};
    const outputs = isObject(properties['outputs']) ? properties['outputs'] : {};
    const chosen = outputs[output];
    const base = isObject(chosen) ? optionalText(chosen, 'uri', 'output') : undefined;
    if (base === undefined) throw new AssetError(`The job "${job}" has no output "${output}" (${uri}).`);
    const place = this.place(base);
    return { container: place.container, blob: `${place.blob}/${path}` };
  }

  private artifactUri(uri: string): Place | undefined {
    const origin = /^azureml:\/\/artifacts\/(.+)$/i.exec(uri);
    if (origin?.[1] !== undefined) return { container: artifactContainer, blob: origin[1] };
    const tracked = /\/experiments\/[^/]+\/runs\/([^/?]+)\/artifacts\/?([^?]*)$/.exec(uri);
    if (tracked !== null && /^(azureml|https):/.test(uri)) return artifactPlace(tracked[1] ?? '', tracked[2] ?? '');
    const proxied = /^mlflow-artifacts:\/(?:\/[^/]*\/)?[^/]+\/([^/]+)\/artifacts\/?(.*)$/.exec(uri);
    return proxied === null ? undefined : artifactPlace(proxied[1] ?? '', proxied[2] ?? '');
  }

  private blobPlace(uri: string): Place | undefined {
    const wasb = /^wasbs?:\/\/([^@/]+)@([^./]+)\.[^/]+\/(.*)$/i.exec(uri);
    if (wasb !== null)
      return wasb[2] === this.core.blobs.account ? { container: wasb[1] ?? '', blob: wasb[3] ?? '' } : undefined;
    return /^https:/i.test(uri) ? this.core.blobs.parse(uri) : undefined;
  }

  /** Whether anything is at a place: the blob itself, or blobs below it. */
  async kind(place: Place): Promise<'file' | 'folder' | undefined> {
    if (place.blob !== '' && (await this.core.blobs.exists(place.container, place.blob))) return 'file';
    const below = place.blob === '' ? '' : `${place.blob}/`;
    return (await this.core.blobs.list(place.container, below)).length > 0 ? 'folder' : undefined;
  }

  /**
   * Brings what is at a place into a folder. A single blob keeps its name there; a folder's content lands in it directly.
   * @returns the local path: of the file, or of the folder.
   */
  async fetch(place: Place, folder: string, what: string): Promise<string> {
    const kind = await this.kind(place);
    if (kind === undefined) throw new AssetError(`${what}: nothing is at ${place.container}/${place.blob}.`);
    await mkdir(folder, { recursive: true });
    if (kind === 'folder') {
      await this.core.blobs.download(place.container, place.blob === '' ? '' : `${place.blob}/`, folder);
      return folder;
    }
    const file = join(folder, basename(place.blob));
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, await this.core.blobs.read(place.container, place.blob));
    return file;
  }
}

function trimmed(path: string): string {
  return path.replace(/\/{2,}/g, '/').replace(/^\/+|\/+$/g, '');
}
