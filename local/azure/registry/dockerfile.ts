/** An instruction as it stands in the file, before variables are put in. */
export interface Instruction {
  /** Upper case: `FROM`, `COPY`, … */
  name: string;
  /** Flags such as `--chown=1000`, without the dashes. */
  flags: Record<string, string>;
  /** The rest of the line, continuation lines joined. */
  text: string;
  /** Arguments when they are a JSON list of strings (exec form). */
  list?: string[];
  /** First line of the instruction, from 1. */
  line: number;
}

/** A build that cannot go on; the message is what the build log ends with. */
export class BuildError extends Error {
  override readonly name = 'BuildError';
}

const supported = new Set([
  'FROM',
  'ARG',
  'COPY',
  'ENV',
  'WORKDIR',
  'RUN',
  'EXPOSE',
  'LABEL',
  'USER',
  'CMD',
  'ENTRYPOINT',
]);
const listForms = new Set(['COPY', 'RUN', 'CMD', 'ENTRYPOINT']);
const knownFlags: Record<string, string[]> = { FROM: ['platform'], COPY: ['chown', 'chmod'] };

/**
 * Reads a Dockerfile by the rules of its reference: comments, continuation lines, flags, JSON forms.
 * @throws BuildError for what is not supported here, with line number and name.
 */
export function parseDockerfile(content: string): Instruction[] {
  const instructions = logicalLines(content).map(({ text, line }) => parseInstruction(text, line));
  if (instructions.length === 0) throw new BuildError('the Dockerfile (Dockerfile) cannot be empty');
  const first = instructions.find(({ name }) => name !== 'ARG');
  if (first?.name !== 'FROM') {
    throw new BuildError(
      `dockerfile parse error line ${first?.line ?? 1}: no build stage in current context: FROM must come first`,
    );
  }
  const second = instructions.filter(({ name }) => name === 'FROM')[1];
  if (second !== undefined)
    throw new BuildError(`dockerfile line ${second.line}: FROM: builds of several stages are not supported here`);
  return instructions;
}

function logicalLines(content: string): { text: string; line: number }[] {
  const lines: { text: string; line: number }[] = [];
  let pending: { text: string; line: number } | undefined;
  for (const [index, raw] of content
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    checkDirective(raw, index + 1, lines.length === 0 && pending === undefined);
    if (/^\s*#/.test(raw) || raw.trim() === '') continue; // also inside a continued instruction
    const continued = /\\[ \t]*$/.test(raw);
    const part = continued ? raw.replace(/\\[ \t]*$/, '') : raw;
    pending =
      pending === undefined ? { text: part, line: index + 1 } : { text: pending.text + part, line: pending.line };
    if (continued) continue;
    lines.push({ text: pending.text.trim(), line: pending.line });
    pending = undefined;
  }
  if (pending !== undefined) lines.push({ text: pending.text.trim(), line: pending.line });
  return lines;
}

function checkDirective(raw: string, line: number, atTop: boolean): void {
  const match = atTop ? /^#\s*(escape)\s*=\s*(\S+)/i.exec(raw) : null;
  if (match !== null && match[2] !== '\\') {
    throw new BuildError(
      `dockerfile line ${line}: the parser directive escape=${match[2] ?? ''} is not supported here`,
    );
  }
}

function parseInstruction(text: string, line: number): Instruction {
  const match = /^([A-Za-z]+)(?:\s+([\s\S]*))?$/.exec(text);
  const name = (match?.[1] ?? '').toUpperCase();
  if (name === '')
    throw new BuildError(`dockerfile parse error line ${line}: unknown instruction: ${text.split(/\s/)[0] ?? ''}`);
  if (!supported.has(name))
    throw new BuildError(`dockerfile line ${line}: the instruction ${name} is not supported here`);
  const { flags, rest } = takeFlags(name, (match?.[2] ?? '').trim(), line);
  if (rest === '') throw new BuildError(`dockerfile parse error line ${line}: ${name} requires at least one argument`);
  if (rest.startsWith('<<'))
    throw new BuildError(`dockerfile line ${line}: ${name}: here-documents are not supported here`);
  const list = listForms.has(name) ? parseList(rest) : undefined;
  return { name, flags, text: rest, line, ...(list === undefined ? {} : { list }) };
}

function takeFlags(name: string, text: string, line: number): { flags: Record<string, string>; rest: string } {
  const flags: Record<string, string> = {};
  let rest = text;
  if (name === 'CMD' || name === 'ENTRYPOINT') return { flags, rest };
  for (
    let match = /^--([a-z-]+)(?:=(\S*))?(?:\s+|$)/.exec(rest);
    match !== null;
    match = /^--([a-z-]+)(?:=(\S*))?(?:\s+|$)/.exec(rest)
  ) {
    const flag = match[1] ?? '';
    if (knownFlags[name]?.includes(flag) !== true) {
      throw new BuildError(`dockerfile line ${line}: ${name} --${flag} is not supported here`);
    }
    flags[flag] = match[2] ?? '';
    rest = rest.slice(match[0].length);
  }
  return { flags, rest };
}

/** The exec form; anything that is no JSON list of strings is the shell form, as the reference says. */
export function parseList(text: string): string[] | undefined {
  if (!text.startsWith('[')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every((entry) => typeof entry === 'string') ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Puts variables into a text: `$NAME`, `${NAME}`, `${NAME:-word}`, `${NAME:+word}`; `\$` stays a dollar, and nothing is
 * replaced inside single quotes.
 */
export function expand(text: string, variables: ReadonlyMap<string, string>, line: number): string {
  let result = '';
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === "'") quoted = !quoted;
    if (char === '\\' && text.charAt(at + 1) === '$') {
      result += '$';
      at++;
    } else if (char === '$' && !quoted) {
      const taken = takeVariable(text.slice(at), variables, line);
      result += taken.value;
      at += taken.length - 1;
    } else result += char;
  }
  return result;
}

function takeVariable(
  text: string,
  variables: ReadonlyMap<string, string>,
  line: number,
): { value: string; length: number } {
  const plain = /^\$([A-Za-z_][A-Za-z0-9_]*)/.exec(text);
  if (plain?.[1] !== undefined) return { value: variables.get(plain[1]) ?? '', length: plain[0].length };
  if (!text.startsWith('${')) return { value: '$', length: 1 };
  const end = closingBrace(text);
  const braced = /^([A-Za-z_][A-Za-z0-9_]*)(?::([-+])([\s\S]*))?$/.exec(text.slice(2, end));
  const name = braced?.[1];
  if (end < 0 || name === undefined)
    throw new BuildError(`dockerfile line ${line}: failed to process "${text}": bad substitution`);
  const value = variables.get(name) ?? '';
  const word = (): string => expand(braced?.[3] ?? '', variables, line);
  if (braced?.[2] === '-') return { value: value === '' ? word() : value, length: end + 1 };
  if (braced?.[2] === '+') return { value: value === '' ? '' : word(), length: end + 1 };
  return { value, length: end + 1 };
}

function closingBrace(text: string): number {
  let depth = 0;
  for (let at = 1; at < text.length; at++) {
    if (text.charAt(at) === '{') depth++;
    if (text.charAt(at) === '}' && --depth === 0) return at;
  }
  return -1;
}

/** Splits at blanks outside quotes and takes the quotes away. */
export function words(text: string, line: number): string[] {
  const found: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (quote === '' && /\s/.test(char)) {
      if (word !== undefined) found.push(word);
      word = undefined;
    } else if (quote === '' && (char === '"' || char === "'")) {
      quote = char;
      word ??= '';
    } else if (char === quote) quote = '';
    else if (char === '\\' && quote !== "'" && at + 1 < text.length) word = (word ?? '') + text.charAt(++at);
    else word = (word ?? '') + char;
  }
  if (quote !== '')
    throw new BuildError(
      `dockerfile parse error line ${line}: unexpected end of statement while looking for matching ${quote}`,
    );
  if (word !== undefined) found.push(word);
  return found;
}

/** `KEY=value` pairs of ENV and LABEL; also the old form `KEY value of the rest`. */
export function pairs(instruction: Instruction, variables: ReadonlyMap<string, string>): [string, string][] {
  const text = expand(instruction.text, variables, instruction.line);
  const old = /^([^\s="']+)\s+([\s\S]+)$/.exec(text);
  if (old?.[1] !== undefined && old[2] !== undefined) return [[old[1], old[2].trim()]];
  return words(text, instruction.line).map((word) => {
    const equals = word.indexOf('=');
    if (equals < 1)
      throw new BuildError(
        `dockerfile parse error line ${instruction.line}: Syntax error - can't find = in "${word}". Must be of the form: name=value`,
      );
    return [word.slice(0, equals), word.slice(equals + 1)];
  });
}
