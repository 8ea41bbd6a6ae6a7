import { BuildError, words } from './dockerfile';

/** One `pip install` of a RUN: what to install and the options that matter. */
export interface PipInstall {
  /** Requirement texts, `scikit-learn==1.5.*`. */
  packages: string[];
  requirementFiles: string[];
  constraintFiles: string[];
  /** Options handed on as they are: index URLs, `--no-deps`, `--pre`, `--upgrade`. */
  options: string[];
}

const ignored = new Set([
  '--no-cache-dir', '--no-cache', '--quiet', '-q', '-qq', '--verbose', '-v', '--disable-pip-version-check', '--no-input', '--no-compile', '--compile',
  '--prefer-binary', '--system', '--break-system-packages', '--no-warn-script-location', '--user', '--compile-bytecode', '--ignore-installed',
]); // prettier-ignore
const ignoredWithValue = new Set([
  '--root-user-action',
  '--progress-bar',
  '--timeout',
  '--default-timeout',
  '--retries',
  '--python',
  '--cache-dir',
]);
const passed = new Set(['--no-deps', '--pre', '--upgrade', '-U', '--no-index', '--require-hashes']);
const passedWithValue = new Set([
  '--index-url',
  '-i',
  '--extra-index-url',
  '--find-links',
  '-f',
  '--only-binary',
  '--no-binary',
]);

/**
 * Reads the command of a RUN: `pip install`, `pip3`, `python -m pip`, `uv pip install`, several joined by `&&`.
 * @throws BuildError for any other command, by name.
 */
export function parsePip(command: string | string[], line: number): PipInstall[] {
  const parts = typeof command === 'string' ? splitCommands(command, line) : [command];
  return parts.map((part) => parseOne(part, line));
}

function splitCommands(text: string, line: number): string[][] {
  const tokens = words(text.replace(/&&/g, ' && '), line);
  const commands: string[][] = [[]];
  for (const token of tokens) {
    if (token === '&&') commands.push([]);
    else commands.at(-1)?.push(token);
  }
  const strange = tokens.find(
    (token) =>
      token === '|' ||
      token === '||' ||
      token === '&' ||
      (token.includes(';') && !token.includes('python') && !token.includes('platform')) ||
      token.includes('`'),
  );
  if (strange !== undefined)
    throw new BuildError(`dockerfile line ${line}: RUN: the shell operator in "${strange}" is not supported here`);
  return commands;
}

function parseOne(tokens: string[], line: number): PipInstall {
  const rest = afterPip(tokens);
  if (rest?.[0] !== 'install') {
    const name = tokens.slice(0, 4).join(' ');
    throw new BuildError(
      `dockerfile line ${line}: RUN ${name}: only pip install, python -m pip install and uv pip install are supported here`,
    );
  }
  return parseArguments(rest.slice(1), line);
}

function afterPip(tokens: string[]): string[] | undefined {
  const program = (tokens[0] ?? '').split('/').at(-1) ?? '';
  if (/^pip[0-9.]*$/.test(program)) return tokens.slice(1);
  if (/^python[0-9.]*$/.test(program) && tokens[1] === '-m' && tokens[2] === 'pip') return tokens.slice(3);
  if (program === 'uv' && tokens[1] === 'pip') return tokens.slice(2);
  return undefined;
}

function parseArguments(tokens: string[], line: number): PipInstall {
  const found: PipInstall = { packages: [], requirementFiles: [], constraintFiles: [], options: [] };
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] ?? '';
    if (!token.startsWith('-')) {
      if (/^(\.|\/|[a-z+]+:\/\/)/.test(token))
        throw new BuildError(
          `dockerfile line ${line}: RUN pip install ${token}: only packages of an index are supported here`,
        );
      found.packages.push(token);
      continue;
    }
    const [option, attached] = splitOnce(token);
    const value = (): string => {
      const next = attached ?? tokens[++at];
      if (next === undefined)
        throw new BuildError(`dockerfile line ${line}: RUN pip install: ${option} requires a value`);
      return next;
    };
    if (option === '-r' || option === '--requirement') found.requirementFiles.push(value());
    else if (option === '-c' || option === '--constraint') found.constraintFiles.push(value());
    else if (passedWithValue.has(option)) found.options.push(option, value());
    else if (ignoredWithValue.has(option)) value();
    else if (passed.has(option)) found.options.push(option);
    else if (!ignored.has(option))
      throw new BuildError(`dockerfile line ${line}: RUN pip install: the option ${option} is not supported here`);
  }
  if (found.packages.length + found.requirementFiles.length === 0) {
    throw new BuildError(`dockerfile line ${line}: RUN pip install: You must give at least one requirement to install`);
  }
  return found;
}

function splitOnce(token: string): [string, string | undefined] {
  const equals = token.startsWith('--') ? token.indexOf('=') : -1;
  return equals < 0 ? [token, undefined] : [token.slice(0, equals), token.slice(equals + 1)];
}
