import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type * as YamlPackage from 'yaml';
import type { CST, Document, LineCounter, Node, ScalarTag } from 'yaml';
import { TaskError, errorText } from '../agent/errors';
import { YamlReader } from '../agent/yaml';
import { deepest, resolveAliases } from './aliases';
import { checkWithin, leadsOut, projectFolder, rootFor } from './project';
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
/** Half a megabyte of the shortest values: more would keep the parser busy for long, whatever it is. */
const mostLexemes = 250_000;
/** What a file and those that it names may have in all: ten files of ten includes each are soon millions. */
const mostReads = 2_000;
const mostBytes = 32 * 1024 * 1024;
/** Files that name one another, one below the other. */
const longestChain = 50;

/**
 * Reads an Azure ML CLI v2 file the way `az ml` does: YAML 1.1 with PyYAML's rules for plain scalars (`yes` is a boolean,
 * `2e-5` is text, `012` is octal), so that one file means the same to both.
 *
 * @param set changes to apply first, lines `path=value` (see `applySet`)
 * @param workspaceId ARM id of the workspace that the file's names belong to
 * @param root folder that the files it names must lie in; without it, and for a file elsewhere, the file's own repository
 * @throws TaskError with `file:line:column` for what cannot be read
 */
export async function readAssetFile(
  file: string,
  set: readonly string[] = [],
  workspaceId = '',
  root?: string,
): Promise<AssetFile> {
  const yaml = await import('yaml');
  const named = path.resolve(file);
  const project = rootFor(named, root) ?? projectFolder(named);
  const shared = { workspaceId, origin: {}, opened: [], root: project, read: { files: 0, bytes: 0 } };
  const refusal: Refusal = (problem, advice) => new TaskError(`${named}:1:1: the file ${problem}.`, advice);
  const away = leadsOut(project, named);
  if (away !== undefined) throw refusal(away, 'Copy it into the project.');
  return open(yaml, named, shared, [], set, refusal);
}

/** What all files of one translation share. */
interface Shared extends Pick<Scope, 'workspaceId' | 'origin' | 'root'> {
  read: { files: number; bytes: number };
  opened: YamlReader[];
}

/** Makes the error for a file that cannot be read as a whole: it says where the file is named. */
type Refusal = (problem: string, advice: string) => TaskError;

function open(
  yaml: Yaml,
  file: string,
  shared: Shared,
  chain: readonly string[],
  set: readonly string[],
  refusal: Refusal,
): AssetFile {
  const lines = new yaml.LineCounter();
  const document = compose(yaml, lines, file, readText(file, shared, refusal));
  const { contents } = document;
  if (contents === null || (yaml.isScalar(contents) && contents.value === null)) {
    throw refusal('is empty', 'Give the file its content.');
  }
  if (set.length > 0) applySet(yaml, document, set, file);
  const here = [...chain, file];
  const reader = new YamlReader({ file, lines, yaml }, document.contents, '');
  shared.opened.push(reader);
  return {
    reader,
    scope: {
      folder: path.dirname(file),
      workspaceId: shared.workspaceId,
      origin: shared.origin,
      opened: shared.opened,
      root: shared.root,
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
  if (chain.length > longestChain) {
    throw at.error(`more than ${longestChain} files name one another`, 'Use fewer levels.');
  }
  const refusal: Refusal = (problem, advice) => at.error(`${at.path}: ${file} ${problem}`, advice);
  const stats = statOf(file, refusal);
  if (!stats) {
    throw at.error(`there is no file ${file}, which ${at.path} names`, 'Paths are relative to the YAML file.');
  }
  if (stats.isDirectory()) {
    throw at.error(`${at.path}: ${file} is a folder, where a file is meant`, 'Name a file in it.');
  }
  checkWithin(shared.root, file, at);
  return open(yaml, file, shared, chain, [], refusal);
}

function statOf(file: string, refusal: Refusal): ReturnType<typeof statSync> {
  try {
    return statSync(file, { throwIfNoEntry: false });
  } catch (error) {
    throw unreadable(error, refusal);
  }
}

function readText(file: string, { read }: Shared, refusal: Refusal): string {
  const stats = statOf(file, refusal);
  if (stats && !stats.isFile()) throw refusal('is no file', 'Name a file.');
  const size = Number(stats?.size ?? 0);
  if (size > largestBytes) throw refusal(`has ${size} bytes; it may have ${largestBytes}`, 'Is it the right file?');
  read.files++;
  read.bytes += size;
  if (read.files > mostReads || read.bytes > mostBytes) {
    throw refusal(
      `is one too many: ${read.files} files with ${read.bytes} bytes are named`,
      'Name files less often, or split the job.',
    );
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    if (error instanceof TypeError) throw refusal('is not text in UTF-8', 'Save it as UTF-8. Is it the right file?');
    throw unreadable(error, refusal);
  }
}

function unreadable(error: unknown, refusal: Refusal): TaskError {
  return refusal(`cannot be read: ${errorText(error)}`, 'Check the path; relative paths start at the repository.');
}

/** What PyYAML does not take anywhere in a file, nor does this: binary files look like text otherwise. */
const unprintable = /[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

function compose(yaml: Yaml, lines: LineCounter, file: string, text: string): Document {
  const fail = (offset: number, problem: string, advice: string): TaskError => {
    const { line, col } = lines.linePos(offset);
    return new TaskError(`${file}:${Math.max(1, line)}:${Math.max(1, col)}: ${problem}.`, advice);
  };
  const strange = text.search(unprintable);
  if (strange >= 0) {
    lines.lineStarts = [0, ...Array.from(text.slice(0, strange).matchAll(/\n/g), ({ index }) => index + 1)];
    const code = text.codePointAt(strange)?.toString(16).toUpperCase().padStart(4, '0') ?? '';
    throw fail(strange, `the character U+${code} may not stand in YAML`, 'Is it a binary file?');
  }
  const first = parsed(yaml, lines, text, fail);
  const document = first.errors.some(({ code }) => code === 'MISSING_CHAR')
    ? parsed(yaml, lines, indentQuoted(yaml, text), fail)
    : first;
  const [problem] = document.errors;
  if (problem) throw fail(problem.pos[0], problem.message, 'Correct the YAML.');
  const unknown = document.warnings.find(({ code }) => code === 'TAG_RESOLVE_FAILED');
  if (unknown) throw fail(unknown.pos[0], unknown.message, 'Leave the tag out.');
  const fault = (node: Node, what: string, advice: string): TaskError => fail(node.range?.[0] ?? 0, what, advice);
  checkKeys(yaml, document, fault);
  resolveAliases(yaml, document, fault);
  expandMerges(yaml, document, fault);
  return document;
}

type Fail = (offset: number, problem: string, advice: string) => TaskError;

function parsed(yaml: Yaml, lines: LineCounter, text: string, fail: Fail): Document {
  lines.lineStarts = [0];
  const composer = new yaml.Composer({
    version: '1.1',
    schema: 'failsafe',
    customTags: (tags) => [...tags, ...scalarTags(yaml)],
    // The composer compares every key with every other; `checkKeys` does it in one pass.
    uniqueKeys: false,
  });
  const documents = composer.compose(tokensOf(yaml, lines, text, fail), true, text.length);
  const document = documents.next();
  if (document.done) throw new TypeError('The YAML composer gave no document.');
  const second = documents.next();
  if (!second.done && document.value.errors.length === 0) {
    throw fail(second.value.range[0], 'a second document begins here', 'Keep one document in the file.');
  }
  return document.value;
}

/** The composer descends once a level, and takes the process with it when it falls: what is too deep never gets there. */
function tokensOf(yaml: Yaml, lines: LineCounter, text: string, fail: Fail): CST.Token[] {
  const parser = new yaml.Parser(lines.addNewLine);
  const tokens: CST.Token[] = [];
  let lexemes = 0;
  for (const lexeme of new yaml.Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (++lexemes > mostLexemes) {
      throw fail(
        parser.offset,
        `the file has more than ${mostLexemes} keys, values and signs`,
        'Is it the right file?',
      );
    }
    // The document, the collections, and a scalar.
    if (parser.stack.length > deepest + 2) {
      throw fail(parser.offset, `the file is nested too deeply: more than ${deepest} levels`, 'Use fewer levels.');
    }
  }
  for (const token of parser.end()) tokens.push(token);
  return tokens;
}

type Fault = (node: Node, problem: string, advice: string) => TaskError;

/**
 * Python has no maps as keys of maps: what is meant is mostly a placeholder like `{{NAME}}` that nobody filled. Of two equal
 * keys Python takes the second without a word; here they are an error.
 */
function checkKeys(yaml: Yaml, document: Document, fault: Fault): void {
  yaml.visit(document, {
    Map(_place, { items }) {
      const seen = new Set<string>();
      for (const { key } of items) {
        if (yaml.isCollection(key))
          throw fault(key, 'a key is text, not a map or a list', 'Put text with braces in quotes.');
        if (!yaml.isScalar(key)) continue;
        const name = String(key.value);
        if (seen.has(name) && name !== '<<') {
          throw fault(key, `Map keys must be unique; "${name}" is there twice`, 'Remove one of them.');
        }
        seen.add(name);
      }
    },
  });
}

/** Puts the members of `<<: *base` into the map itself; its own keys win (YAML 1.1 merge key). */
function expandMerges(yaml: Yaml, document: Document, fault: Fault): void {
  yaml.visit(document, {
    Map(_place, map) {
      const merges = map.items.filter((pair) => yaml.isScalar(pair.key) && pair.key.value === '<<');
      if (merges.length === 0) return;
      map.items = map.items.filter((pair) => !merges.includes(pair));
      const own = new Set(map.items.map(({ key }) => String(key)));
      for (const base of merges.flatMap(({ value }) => (yaml.isSeq(value) ? value.items : [value]))) {
        if (!yaml.isMap(base)) {
          const place = yaml.isNode(base) ? base : map;
          throw fault(place, '<< takes in a map or a list of maps', 'Name a map, for example *base.');
        }
        for (const pair of base.items) {
          if (own.has(String(pair.key))) continue;
          own.add(String(pair.key));
          map.items.push(pair);
        }
      }
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
    tag('int', /^[-+]?(?:0b[0-1_]+|0[0-7_]+|0|[1-9][0-9_]*(?::[0-5]?[0-9])*|0x[0-9a-fA-F_]+)$/, integer),
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
  // Hours, minutes and seconds: to the base of 60.
  if (bare.includes(':')) return sign * bare.split(':').reduce((sum, part) => 60 * sum + Number(part), 0);
  if (/^0b/.test(bare)) return sign * parseInt(bare.slice(2), 2);
  if (/^0x/.test(bare)) return sign * parseInt(bare.slice(2), 16);
  return sign * parseInt(bare, bare.startsWith('0') ? 8 : 10);
}

function float(source: string): number {
  const digits = source.replaceAll('_', '').toLowerCase();
  if (digits.endsWith('.inf')) return digits.startsWith('-') ? -Infinity : Infinity;
  return digits === '.nan' ? NaN : Number(digits);
}
