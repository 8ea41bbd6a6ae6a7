import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type * as YamlPackage from 'yaml';
import type { Document, LineCounter, ScalarTag } from 'yaml';
import { TaskError, errorText } from '../agent/errors';
import { YamlReader } from '../agent/yaml';
import { indentQuoted } from './quoted';
import { applySet } from './set';
import type { Scope } from './shape/shape';

type Yaml = typeof YamlPackage;

/** An Azure ML CLI v2 file: its content, and the folder that relative paths start from. */
export interface AssetFile {
  reader: YamlReader;
  scope: Scope;
}

/** Larger files are no configuration, and could be made to exhaust the agent's memory. */
const largestBytes = 1024 * 1024;
const mostAliases = 100;
const deepest = 100;

/**
 * Reads an Azure ML CLI v2 file the way `az ml` does: YAML 1.1 with PyYAML's rules for plain scalars (`yes` is a boolean,
 * `2e-5` is text, `012` is octal), so that one file means the same to both.
 *
 * @param set changes to apply first, lines `path=value` (see `applySet`)
 * @param workspaceId ARM id of the workspace that the file's names belong to
 * @throws TaskError with `file:line:column` for what cannot be read
 */
export async function readAssetFile(file: string, set: readonly string[] = [], workspaceId = ''): Promise<AssetFile> {
  const yaml = await import('yaml');
  return open(yaml, path.resolve(file), { workspaceId, origin: {} }, [], set);
}

/** What all files of one translation share. */
type Shared = Pick<Scope, 'workspaceId' | 'origin'>;

function open(yaml: Yaml, file: string, shared: Shared, chain: readonly string[], set: readonly string[]): AssetFile {
  const lines = new yaml.LineCounter();
  const document = parse(yaml, lines, file);
  if (set.length > 0) applySet(yaml, document, set, file);
  if (document.contents === null) throw new TaskError(`${file} is empty.`, 'Give the file its content.');
  const here = [...chain, file];
  return {
    reader: new YamlReader({ file, lines, yaml }, document.contents, ''),
    scope: {
      folder: path.dirname(file),
      ...shared,
      chain: here,
      open: (name, at) => openNamed(yaml, name, shared, here, at),
    },
  };
}

/** A file that another one names: what is wrong with its path is told at the place of the name. */
function openNamed(yaml: Yaml, file: string, shared: Shared, chain: readonly string[], at: YamlReader): AssetFile {
  if (chain.includes(file)) {
    throw at.error(
      `${file} includes itself`,
      `The files: ${[...chain, file].map((one) => path.basename(one)).join(' → ')}.`,
    );
  }
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) {
    throw at.error(`there is no file ${file}, which ${at.path} names`, 'Paths are relative to the YAML file.');
  }
  return open(yaml, file, shared, chain, []);
}

function parse(yaml: Yaml, lines: LineCounter, file: string): Document {
  const text = readText(file);
  try {
    return compose(yaml, lines, file, text);
  } catch (error) {
    // The parser descends once a level: a document of brackets alone exhausts the stack.
    if (error instanceof RangeError) throw new TaskError(`${file} is nested too deeply.`, 'Use fewer levels.');
    throw error;
  }
}

function readText(file: string): string {
  try {
    const { size } = statSync(file);
    if (size > largestBytes) throw new TaskError(`${file} has ${size} bytes; it may have ${largestBytes}.`);
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof TaskError) throw error;
    throw new TaskError(
      `${file} cannot be read: ${errorText(error)}`,
      'Check the path; relative paths start at the repository.',
      {
        cause: error,
      },
    );
  }
}

function compose(yaml: Yaml, lines: LineCounter, file: string, text: string): Document {
  const first = parsed(yaml, lines, text);
  const document = first.errors.some(({ code }) => code === 'MISSING_CHAR')
    ? parsed(yaml, lines, indentQuoted(yaml, text))
    : first;
  const [problem] = document.errors;
  if (problem) {
    const { line, col } = lines.linePos(problem.pos[0]);
    throw new TaskError(`${file}:${line}:${col}: ${problem.message}`, 'Correct the YAML.');
  }
  refuseMapKeys(yaml, lines, document, file);
  resolveAliases(yaml, document, file);
  expandMerges(yaml, document);
  return document;
}

function parsed(yaml: Yaml, lines: LineCounter, text: string): Document {
  lines.lineStarts = [];
  return yaml.parseDocument(text, {
    version: '1.1',
    schema: 'failsafe',
    customTags: (tags) => [...tags, ...scalarTags(yaml)],
    lineCounter: lines,
    prettyErrors: false,
  });
}

/** Python has no maps as keys of maps: what is meant is mostly a placeholder like `{{NAME}}` that nobody filled. */
function refuseMapKeys(yaml: Yaml, lines: LineCounter, document: Document, file: string): void {
  yaml.visit(document, {
    Pair(_key, { key }) {
      if (!yaml.isMap(key) && !yaml.isSeq(key)) return;
      const { line, col } = lines.linePos(key.range?.[0] ?? 0);
      throw new TaskError(
        `${file}:${line}:${col}: a key is text, not a map or a list.`,
        'Put text with braces in quotes.',
      );
    },
  });
}

/** Replaces aliases by what they stand for, unless a few lines would become millions. */
function resolveAliases(yaml: Yaml, document: Document, file: string): void {
  let aliases = 0;
  yaml.visit(document, {
    Node(_key, _node, ancestors) {
      if (ancestors.length > 2 * deepest)
        throw new TaskError(`${file} is nested too deeply.`, `Use at most ${deepest} levels.`);
    },
    Alias() {
      aliases++;
    },
  });
  if (aliases === 0) return;
  try {
    document.toJS({ maxAliasCount: mostAliases });
  } catch (error) {
    throw new TaskError(`${file}: ${errorText(error)}.`, 'Use fewer aliases.');
  }
  yaml.visit(document, { Alias: (_key, alias) => alias.resolve(document) });
}

/** Puts the members of `<<: *base` into the map itself; its own keys win (YAML 1.1 merge key). */
function expandMerges(yaml: Yaml, document: Document): void {
  yaml.visit(document, {
    Map(_key, map) {
      const merges = map.items.filter((pair) => yaml.isScalar(pair.key) && pair.key.value === '<<');
      if (merges.length === 0) return;
      map.items = map.items.filter((pair) => !merges.includes(pair));
      const bases = merges.flatMap(({ value }) => (yaml.isSeq(value) ? value.items : [value])).filter(yaml.isMap);
      for (const pair of bases.flatMap((base) => base.items)) if (!map.has(pair.key)) map.items.push(pair);
    },
  });
}

/** PyYAML's implicit resolver (`yaml/resolver.py`): what a plain scalar means in YAML 1.1. Everything else is text. */
function scalarTags(yaml: Yaml): ScalarTag[] {
  const tag = (name: string, test: RegExp, resolve: (source: string) => unknown): ScalarTag => ({
    tag: `tag:yaml.org,2002:${name}`,
    default: true,
    test,
    resolve,
  });
  return [
    { ...tag('null', /^(?:~|null|Null|NULL|)$/, () => null), createNode: () => new yaml.Scalar(null) },
    tag('bool', /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/, (source) =>
      /^(?:yes|true|on)$/i.test(source),
    ),
    tag('int', /^[-+]?(?:0b[0-1_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+)$/, integer),
    tag(
      'float',
      /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/,
      float,
    ),
    tag(
      'timestamp',
      /^\d{4}-\d\d?-\d\d?(?:(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?)?$/,
      (source) => ({
        date: source,
      }),
    ),
  ];
}

function integer(source: string): number {
  const digits = source.replaceAll('_', '');
  const sign = digits.startsWith('-') ? -1 : 1;
  const bare = digits.replace(/^[-+]/, '');
  if (/^0b/.test(bare)) return sign * parseInt(bare.slice(2), 2);
  if (/^0x/.test(bare)) return sign * parseInt(bare.slice(2), 16);
  return sign * parseInt(bare, bare.startsWith('0') ? 8 : 10);
}

function float(source: string): number {
  const digits = source.replaceAll('_', '').toLowerCase();
  if (digits.endsWith('.inf')) return digits.startsWith('-') ? -Infinity : Infinity;
  return digits === '.nan' ? NaN : Number(digits);
}
