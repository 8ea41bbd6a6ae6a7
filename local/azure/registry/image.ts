import { asList, asObject, asString, asStrings } from '../json';
import { BuildError } from './dockerfile';
import type { RegistryStorage } from './storage';

export const manifestType = 'application/vnd.oci.image.manifest.v1+json';
export const configType = 'application/vnd.oci.image.config.v1+json';
export const layerType = 'application/vnd.oci.image.layer.v1.tar+gzip';
const dockerManifestType = 'application/vnd.docker.distribution.manifest.v2+json';
const indexTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];

/** The `config` part of an image's configuration, as far as a build or a run uses it. */
export interface RunConfig {
  env: [string, string][];
  entrypoint: string[] | undefined;
  command: string[] | undefined;
  workingDir: string;
  user: string;
  exposedPorts: string[];
  labels: Record<string, string>;
}

export interface Layer {
  /** Digest of the compressed tar: the blob. */
  digest: string;
  size: number;
  /** Digest of the tar itself. */
  diffId: string;
}

export interface HistoryEntry {
  createdBy: string;
  empty: boolean;
}

export interface Image {
  run: RunConfig;
  layers: Layer[];
  history: HistoryEntry[];
}

export function emptyImage(): Image {
  const run: RunConfig = {
    env: [],
    entrypoint: undefined,
    command: undefined,
    workingDir: '',
    user: '',
    exposedPorts: [],
    labels: {},
  };
  return { run, layers: [], history: [] };
}

/** An image of this registry: its digest and its parts. */
export interface PulledImage extends Image {
  digest: string;
}

/** Reads an image by tag or digest; an index gives its linux/amd64 (or first) entry. `undefined` when there is none. */
export function readImage(storage: RegistryStorage, repository: string, reference: string): PulledImage | undefined {
  const found = storage.manifest(repository, reference);
  if (found === undefined) return undefined;
  const manifest = asObject(JSON.parse(found.content.toString('utf8')));
  if (indexTypes.includes(found.mediaType)) {
    const entries = asList(manifest['manifests']).map(asObject);
    const chosen = entries.find((entry) => asString(asObject(entry['platform'])['os']) === 'linux') ?? entries[0];
    const digest = asString(chosen?.['digest']);
    return digest === undefined ? undefined : readImage(storage, repository, digest);
  }
  if (found.mediaType !== manifestType && found.mediaType !== dockerManifestType) return undefined;
  const configDigest = asString(asObject(manifest['config'])['digest']);
  if (configDigest === undefined || !storage.hasBlob(configDigest)) return undefined;
  const config = asObject(JSON.parse(storage.readBlob(configDigest).toString('utf8')));
  const diffIds = asList(asObject(config['rootfs'])['diff_ids']);
  const layers = asList(manifest['layers']).map((entry, index): Layer => {
    const layer = asObject(entry);
    return {
      digest: asString(layer['digest']) ?? '',
      size: Number(layer['size']),
      diffId: asString(diffIds[index]) ?? '',
    };
  });
  return {
    digest: found.digest,
    layers,
    run: readRunConfig(asObject(config['config'])),
    history: readHistory(config['history']),
  };
}

function readRunConfig(config: Record<string, unknown>): RunConfig {
  const list = (value: unknown): string[] | undefined =>
    Array.isArray(value) ? asList(value).filter((entry) => typeof entry === 'string') : undefined;
  return {
    env: (list(config['Env']) ?? []).map((line): [string, string] => {
      const equals = line.indexOf('=');
      return [line.slice(0, equals), line.slice(equals + 1)];
    }),
    entrypoint: list(config['Entrypoint']),
    command: list(config['Cmd']),
    workingDir: asString(config['WorkingDir']) ?? '',
    user: asString(config['User']) ?? '',
    exposedPorts: Object.keys(asObject(config['ExposedPorts'])),
    labels: asStrings(config['Labels']),
  };
}

function readHistory(value: unknown): HistoryEntry[] {
  return asList(value)
    .map(asObject)
    .map((entry) => ({ createdBy: asString(entry['created_by']) ?? '', empty: entry['empty_layer'] === true }));
}

/** The configuration document of an image (OCI image specification 1.1). */
export function configDocument(image: Image, created: string, architecture: string): Buffer {
  const { run } = image;
  const config = {
    ...(run.user === '' ? {} : { User: run.user }),
    ...(run.exposedPorts.length === 0
      ? {}
      : { ExposedPorts: Object.fromEntries(run.exposedPorts.map((port) => [port, {}])) }),
    Env: run.env.map(([name, value]) => `${name}=${value}`),
    ...(run.entrypoint === undefined ? {} : { Entrypoint: run.entrypoint }),
    ...(run.command === undefined ? {} : { Cmd: run.command }),
    ...(run.workingDir === '' ? {} : { WorkingDir: run.workingDir }),
    Labels: run.labels,
  };
  const history = image.history.map(({ createdBy, empty }) => ({
    created,
    created_by: createdBy,
    ...(empty ? { empty_layer: true } : {}),
  }));
  const rootfs = { type: 'layers', diff_ids: image.layers.map((layer) => layer.diffId) };
  return Buffer.from(JSON.stringify({ created, architecture, os: 'linux', config, rootfs, history }));
}

export function manifestDocument(image: Image, config: { digest: string; size: number }): Buffer {
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      config: { mediaType: configType, digest: config.digest, size: config.size },
      layers: image.layers.map(({ digest, size }) => ({ mediaType: layerType, digest, size })),
    }),
  );
}

/** A reference to an image: `[server/]repository[:tag][@digest]`. */
export interface Reference {
  server: string;
  repository: string;
  tag: string | undefined;
  digest: string | undefined;
}

export function parseReference(text: string): Reference {
  const [name = '', digest] = text.split('@', 2);
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  const isServer = first.includes('.') || first.includes(':') || first === 'localhost';
  const path = isServer ? name.slice(slash + 1) : name;
  const colon = path.lastIndexOf(':');
  const tag = colon > path.lastIndexOf('/') ? path.slice(colon + 1) : undefined;
  const repository = tag === undefined ? path : path.slice(0, colon);
  return {
    server: isServer ? first : '',
    repository,
    tag: tag ?? (digest === undefined ? 'latest' : undefined),
    digest,
  };
}

/** What stands in for a base image: no files of it are here, only its settings. */
export interface BaseImage {
  run: Partial<RunConfig>;
  /** Version of Python the image promises, `3.11`; absent: any. */
  python: string | undefined;
}

const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * The base images that builds know, by name:
 * - `scratch`
 * - `python:3.x`, with a patch version and with `-slim`, `-slim-<debian>`, `-<debian>` (also as `docker.io/library/python`, `mcr.microsoft.com/…/library/python`)
 * - `mcr.microsoft.com/azureml/*`: the inference and training images of Azure Machine Learning
 *
 * They hold Python (the machine's stands in for it) and nothing a Dockerfile of these tasks needs besides.
 * @throws BuildError for any other name.
 */
export function baseImage(text: string, line: number): BaseImage {
  const { server, repository, tag = '' } = parseReference(text);
  if (text === 'scratch') return { run: {}, python: undefined };
  if (server === 'mcr.microsoft.com' && repository.startsWith('azureml/')) {
    const named = /py(3)(\d{1,2})/.exec(`${repository}:${tag}`);
    return {
      run: {
        env: [
          ['PATH', systemPath],
          ['LANG', 'C.UTF-8'],
          ['AML_APP_ROOT', '/var/azureml-app'],
        ],
      },
      python: named?.[2] === undefined ? undefined : `3.${named[2]}`,
    };
  }
  const isPython =
    ['python', 'library/python'].includes(repository) && ['', 'docker.io', 'index.docker.io'].includes(server);
  const version = /^(3)(?:\.(\d{1,2}))?(?:\.\d+)?(?:-slim)?(?:-(?:bookworm|bullseye|trixie))?$/.exec(tag);
  if ((isPython || (server === 'mcr.microsoft.com' && repository.endsWith('library/python'))) && version !== null) {
    const python = version[2] === undefined ? undefined : `3.${version[2]}`;
    return {
      run: {
        env: [
          ['PATH', systemPath],
          ['LANG', 'C.UTF-8'],
        ],
        command: ['python3'],
      },
      python,
    };
  }
  throw new BuildError(
    `dockerfile line ${line}: FROM ${text}: this base image is not known here. Known are scratch, python:3.x (also -slim), mcr.microsoft.com/azureml/* and images of this registry.`,
  );
}
