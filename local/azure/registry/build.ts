import { mkdirSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join, posix } from 'node:path';
import { tmpdir } from 'node:os';
import type { LayerCache, UnpackedLayer } from '../containers/layer-cache';
import { Rootfs } from '../containers/rootfs';
import type { PythonEnvironment, PythonEnvironments } from '../ml/python';
import { findSources, type Source } from './context';
import { BuildError, expand, pairs, parseDockerfile, parseList, words, type Instruction } from './dockerfile';
import {
  baseImage,
  configDocument,
  emptyImage,
  manifestDocument,
  manifestType,
  parseReference,
  readImage,
  type Image,
  type Layer,
} from './image';
import { install, pythonName } from './install';
import { entriesOf, writeLayer, type LayerEntry } from './layers';
import { parsePip } from './pip';
import { sha256, type RegistryStorage } from './storage';

export interface BuildInput {
  /** Folder of the unpacked context. */
  context: string;
  /** Path of the Dockerfile inside the context. */
  dockerfile: string;
  arguments: Map<string, string>;
  architecture: string;
  noCache: boolean;
  signal: AbortSignal;
  /** One line of the build log. */
  log: (line: string) => void;
}

export interface BuildTools {
  storage: RegistryStorage;
  layers: LayerCache;
  pythons: PythonEnvironments;
  /** `localhost:PORT`: images of this registry can be bases. */
  loginServer: string;
  /** Folder of the builder's own files. */
  folder: string;
}

/** A finished build: the image in the registry's blobs, not tagged yet. */
export interface BuildResult {
  manifest: Buffer;
  mediaType: string;
  config: string;
  layers: Layer[];
  base: { reference: string; digest: string };
}

/**
 * Interprets a Dockerfile into an image.
 * @throws BuildError for anything that is not supported, with line number and name.
 */
export async function buildImage(input: BuildInput, tools: BuildTools): Promise<BuildResult> {
  const text = await readFile(join(input.context, input.dockerfile), 'utf8').catch(() => {
    throw new BuildError(
      `unable to prepare context: unable to evaluate symlinks in Dockerfile path: lstat ${input.dockerfile}: no such file or directory`,
    );
  });
  const instructions = parseDockerfile(text);
  const work = join(tools.folder, 'work', basename(input.context));
  mkdirSync(work, { recursive: true });
  try {
    return await new Build(input, tools, new Rootfs(join(work, 'root'))).run(instructions);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

class Build {
  private image: Image = emptyImage();
  private base = { reference: '', digest: '' };
  private wantedPython: string | undefined;
  private python: PythonEnvironment | undefined;
  private ownEntrypoint = false;
  /** Arguments known so far; before FROM only those of FROM itself. */
  private args = new Map<string, string>();

  constructor(
    private readonly input: BuildInput,
    private readonly tools: BuildTools,
    private readonly rootfs: Rootfs,
  ) {}

  async run(instructions: Instruction[]): Promise<BuildResult> {
    for (const [index, instruction] of instructions.entries()) {
      this.input.signal.throwIfAborted();
      this.input.log(`Step ${index + 1}/${instructions.length} : ${instruction.name} ${instruction.text}`);
      await this.step(instruction);
      this.input.log(` ---> ${this.configDigest().slice(7, 19)}`);
    }
    const config = this.tools.storage.writeBlob(this.config());
    this.input.log(`Successfully built ${config.slice(7, 19)}`);
    const manifest = manifestDocument(this.image, { digest: config, size: this.tools.storage.blobSize(config) });
    return { manifest, mediaType: manifestType, config, layers: this.image.layers, base: this.base };
  }

  private readonly created = new Date().toISOString();

  private config(): Buffer {
    return configDocument(this.image, this.created, this.input.architecture);
  }

  private configDigest(): string {
    return sha256(this.config());
  }

  private async step(instruction: Instruction): Promise<void> {
    const { run } = this.image;
    const value = (): string => expand(instruction.text, this.variables(), instruction.line);
    switch (instruction.name) {
      case 'FROM':
        return this.from(instruction);
      case 'ARG':
        this.argument(instruction);
        return;
      case 'COPY':
        return this.copy(instruction);
      case 'RUN':
        return this.install(instruction);
      case 'ENV':
        for (const [name, text] of pairs(instruction, this.variables())) this.setEnv(name, text);
        break;
      case 'LABEL':
        for (const [name, text] of pairs(instruction, this.variables())) run.labels[name] = text;
        break;
      case 'WORKDIR':
        run.workingDir = this.absolute(words(value(), instruction.line)[0] ?? '/');
        break;
      case 'USER':
        run.user = value();
        break;
      case 'EXPOSE':
        for (const port of words(value(), instruction.line)) run.exposedPorts.push(exposed(port, instruction.line));
        break;
      case 'CMD':
        run.command = command(instruction);
        break;
      case 'ENTRYPOINT':
        run.entrypoint = command(instruction);
        // A CMD of the base belongs to the base's entry point; one of this file stays.
        if (!this.ownEntrypoint) run.command = undefined;
        break;
      default:
        throw new BuildError(
          `dockerfile line ${instruction.line}: the instruction ${instruction.name} is not supported here`,
        );
    }
    if (instruction.name === 'CMD') this.ownEntrypoint = true;
    this.note(`/bin/sh -c #(nop) ${instruction.name} ${instruction.text}`, true);
  }

  private note(createdBy: string, empty: boolean): void {
    this.image.history.push({ createdBy, empty });
  }

  private variables(): Map<string, string> {
    return new Map([...this.args, ...this.image.run.env]);
  }

  private setEnv(name: string, value: string): void {
    const found = this.image.run.env.find((pair) => pair[0] === name);
    if (found === undefined) this.image.run.env.push([name, value]);
    else found[1] = value;
  }

  private argument({ text, line }: Instruction): void {
    for (const word of words(text, line)) {
      const equals = word.indexOf('=');
      const name = equals < 0 ? word : word.slice(0, equals);
      const given = this.input.arguments.get(name);
      if (given !== undefined) this.args.set(name, given);
      else if (equals >= 0) this.args.set(name, expand(word.slice(equals + 1), this.variables(), line));
    }
    if (this.base.reference !== '') this.note(`/bin/sh -c #(nop) ARG ${text}`, true);
  }

  private async from(instruction: Instruction): Promise<void> {
    const reference = expand(instruction.text, this.args, instruction.line).split(/\s+/)[0] ?? '';
    // Arguments before FROM end with it, as the reference says.
    this.args = new Map();
    const { server, repository, tag, digest } = parseReference(reference);
    if (server === this.tools.loginServer) {
      const found = readImage(this.tools.storage, repository, digest ?? tag ?? 'latest');
      if (found === undefined) throw new BuildError(`manifest for ${reference} not found: manifest unknown`);
      this.image = {
        run: { ...found.run, labels: { ...found.run.labels } },
        layers: [...found.layers],
        history: [...found.history],
      };
      this.base = { reference, digest: found.digest };
      for (const layer of found.layers) await this.rootfs.apply(await this.tools.layers.get(layer));
      return;
    }
    const base = baseImage(reference, instruction.line);
    this.wantedPython = base.python;
    this.image.run = { ...this.image.run, ...base.run, env: [...(base.run.env ?? [])] };
    if (reference !== 'scratch') await this.baseLayer(reference);
    this.base = { reference, digest: this.image.layers[0]?.digest ?? '' };
  }

  /** One small file that says what this layer stands for. */
  private async baseLayer(reference: string): Promise<void> {
    const text = `This layer stands in for the base image ${reference}. It holds none of its files; its Python is that of the machine the image runs on.\n`;
    const file = join(tmpdir(), `base-${process.pid}-${basename(this.input.context)}`);
    await writeFile(file, text);
    try {
      await this.addLayer([
        { path: 'usr/share/doc/base-image/README', kind: 'file', source: file, mode: 0o644, uid: 0, gid: 0 },
      ]);
    } finally {
      await rm(file);
    }
    this.image.run.labels['org.opencontainers.image.base.name'] = reference;
    this.note(`stand-in for ${reference}`, false);
    this.input.log(`The base image ${reference} is represented by its settings; none of its files are downloaded.`);
  }

  private async copy(instruction: Instruction): Promise<void> {
    const { line, flags } = instruction;
    const operands = (instruction.list ?? words(instruction.text, line)).map((word) =>
      expand(word, this.variables(), line),
    );
    const target = operands.pop();
    if (target === undefined || operands.length === 0)
      throw new BuildError(`dockerfile parse error line ${line}: COPY requires at least two arguments`);
    const sources: Source[] = [];
    for (const operand of operands) sources.push(...(await findSources(this.input.context, operand, line)));
    const place = this.absolute(target);
    const intoFolder = /(^|\/)\.?$/.test(target) || this.rootfs.isFolder(place) || place === this.image.run.workingDir;
    if (sources.length > 1 && !intoFolder) {
      throw new BuildError(
        `dockerfile line ${line}: When using COPY with more than one source file, the destination must be a directory and end with a /`,
      );
    }
    const owner = readOwner(expand(flags['chown'] ?? '', this.variables(), line));
    const mode = flags['chmod'] === undefined ? undefined : readMode(flags['chmod'], line);
    const entries = sources.flatMap((source) => {
      const path = source.isFolder || !intoFolder ? place : posix.join(place, source.name);
      return entriesOf(source.path, path.replace(/^\//, ''), owner);
    });
    await this.addLayer(
      entries.map((entry) => (mode === undefined || entry.kind === 'directory' ? entry : { ...entry, mode })),
    );
    this.note(`/bin/sh -c #(nop) COPY ${instruction.text}`, false);
  }

  private async install(instruction: Instruction): Promise<void> {
    const { line } = instruction;
    const text = expand(instruction.text, this.variables(), line);
    const installs = parsePip(instruction.list ?? text, line);
    const result = await install(installs, {
      storage: this.tools.storage,
      layers: this.tools.layers,
      rootfs: this.rootfs,
      python: await this.ensurePython(),
      workingDir: this.image.run.workingDir === '' ? '/' : this.image.run.workingDir,
      parents: this.image.layers.map((layer) => layer.digest),
      memory: this.input.noCache ? undefined : this.memory(),
      signal: this.input.signal,
      log: this.input.log,
    });
    if (result !== undefined) await this.takeLayer(result.layer, result.unpacked);
    this.note(`/bin/sh -c ${text}`, result === undefined);
  }

  private memory(): string {
    const folder = join(this.tools.folder, 'installed');
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  private async ensurePython(): Promise<PythonEnvironment> {
    if (this.python === undefined) {
      const needs = { requirements: [], ...(this.wantedPython === undefined ? {} : { python: this.wantedPython }) };
      this.python = await this.tools.pythons.ensure(needs, this.input.log, this.input.signal);
      this.input.log(`Packages are installed for ${pythonName(this.python)}.`);
    }
    return this.python;
  }

  private async addLayer(entries: LayerEntry[]): Promise<void> {
    const layer = await writeLayer(this.tools.storage, entries);
    await this.takeLayer(layer, await this.tools.layers.get(layer));
  }

  private async takeLayer(layer: Layer, unpacked: UnpackedLayer): Promise<void> {
    this.image.layers.push(layer);
    await this.rootfs.apply(unpacked);
  }

  private absolute(path: string): string {
    return posix.resolve('/', this.image.run.workingDir, path);
  }
}

function command(instruction: Instruction): string[] {
  return parseList(instruction.text) ?? ['/bin/sh', '-c', instruction.text];
}

function exposed(port: string, line: number): string {
  const match = /^(\d{1,5})(?:\/(tcp|udp))?$/.exec(port);
  if (match?.[1] === undefined) throw new BuildError(`dockerfile line ${line}: EXPOSE: Invalid containerPort: ${port}`);
  return `${match[1]}/${match[2] ?? 'tcp'}`;
}

/** Numbers are kept; names belong to an /etc/passwd that a base here does not bring, and mean the first user. */
function readOwner(text: string): { uid: number; gid: number } {
  const [user = '', group = user] = text.split(':');
  const id = (name: string): number => (/^\d+$/.test(name) ? Number(name) : name === '' || name === 'root' ? 0 : 1000);
  return { uid: id(user), gid: id(group) };
}

function readMode(text: string, line: number): number {
  if (!/^[0-7]{3,4}$/.test(text))
    throw new BuildError(`dockerfile line ${line}: COPY --chmod=${text}: only octal modes are supported`);
  return Number.parseInt(text, 8);
}
