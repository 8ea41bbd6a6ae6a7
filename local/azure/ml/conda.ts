import { parse } from 'yaml';

/** What a Python environment must hold. */
export interface PythonNeeds {
  /** Wanted version, `3.11` or `3.11.4`; absent when the file does not say. */
  python?: string;
  /** Lines of a requirements file: packages (`scikit-learn==1.7.*`) and index options. */
  requirements: string[];
}

/** An environment this machine cannot make; the message says which line and why. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
}

/** Names that differ between conda channels and PyPI, where the content is the same. */
const sameAs: Record<string, string> = {
  pytorch: 'torch',
  'pytorch-cpu': 'torch',
  'matplotlib-base': 'matplotlib',
  'msgpack-python': 'msgpack',
  'py-xgboost': 'xgboost',
  'py-xgboost-cpu': 'xgboost',
  'dask-core': 'dask',
  'tensorflow-base': 'tensorflow',
  opencv: 'opencv-python-headless',
  importlib_metadata: 'importlib-metadata',
  typing_extensions: 'typing-extensions',
};

/** Conda packages that are no Python distribution: PyPI has nothing (or something else) under these names. */
const notPython = new Set([
  'cudatoolkit',
  'cudnn',
  'cuda',
  'cuda-toolkit',
  'nccl',
  'openmpi',
  'mpich',
  'gcc',
  'gxx',
  'gcc_linux-64',
  'gxx_linux-64',
  'cmake',
  'make',
  'openjdk',
  'r-base',
  'nodejs',
  'git',
  'curl',
  'wget',
  'ffmpeg',
  'libgcc',
  'libstdcxx-ng',
  'mkl',
  'blas',
  'openblas',
  'openssl',
  'unixodbc',
  'go',
  'rust',
  'pytorch-cuda',
  'cpuonly',
]);

/** Sections and names that pull nothing a virtual environment lacks. */
const builtIn = new Set(['pip', 'setuptools', 'wheel']);

/**
 * Reads a conda environment file (the `condaFile` text of an environment version).
 * @throws EnvironmentError when the text is not such a file or names something that has no counterpart on PyPI.
 */
export function readConda(text: string): PythonNeeds {
  const needs: PythonNeeds = { requirements: [] };
  if (text.trim() === '') return needs;
  let file: unknown;
  try {
    file = parse(text, { maxAliasCount: 10 });
  } catch (error) {
    throw new EnvironmentError(`The conda file is not YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (typeof file !== 'object' || file === null || Array.isArray(file))
    throw new EnvironmentError('The conda file must be a mapping with a list "dependencies".');
  const dependencies: unknown = 'dependencies' in file ? file.dependencies : [];
  if (!Array.isArray(dependencies)) throw new EnvironmentError('"dependencies" of the conda file must be a list.');
  for (const dependency of dependencies as unknown[]) addDependency(needs, dependency);
  return needs;
}

function addDependency(needs: PythonNeeds, dependency: unknown): void {
  if (typeof dependency === 'string') {
    addConda(needs, dependency.trim());
    return;
  }
  if (typeof dependency === 'object' && dependency !== null && 'pip' in dependency) {
    const lines = dependency.pip;
    if (!Array.isArray(lines)) throw new EnvironmentError('"pip" in the conda file must be a list.');
    for (const line of lines as unknown[]) addPip(needs, line);
    return;
  }
  throw new EnvironmentError(
    `The conda file's dependency ${JSON.stringify(dependency)} is neither a text nor a "pip" list.`,
  );
}

function addPip(needs: PythonNeeds, line: unknown): void {
  if (typeof line !== 'string') throw new EnvironmentError(`The pip entry ${JSON.stringify(line)} is not a text.`);
  const text = line.split(/(?:^|\s)#/)[0]?.trim() ?? '';
  if (text === '') return;
  if (/^(-r|--requirement|-c|--constraint|-e|--editable|\.|\/|file:)/.test(text))
    throw new EnvironmentError(
      `The pip entry "${text}" points at a file, which an environment version does not carry.`,
    );
  needs.requirements.push(text);
}

/** `channel::name=version=build`, `name==1.2`, `name>=1,<2`, `name 1.2`: to a requirement. */
function addConda(needs: PythonNeeds, entry: string): void {
  const spec = (entry.split('::').pop() ?? entry).replace(/\s*#.*$/, '');
  const found = /^([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^\]]*\])?\s*(.*)$/.exec(spec);
  if (found === null) throw new EnvironmentError(`The conda dependency "${entry}" cannot be read.`);
  const name = (found[1] ?? '').toLowerCase();
  const version = (found[3] ?? '').trim();
  if (name === 'python') {
    const wanted = /(\d+\.\d+(\.\d+)?)/.exec(version);
    if (wanted?.[1] !== undefined) needs.python = wanted[1];
    return;
  }
  if (notPython.has(name) || name.startsWith('r-') || name.startsWith('_'))
    throw new EnvironmentError(
      `The conda package "${name}" is not a Python package: it cannot be installed on this machine.`,
    );
  if (builtIn.has(name) && version === '') {
    if (name === 'pip') needs.requirements.push('pip');
    return;
  }
  needs.requirements.push(`${sameAs[name] ?? name}${versionRange(version)}`);
}

/** Conda's `=1.2` means "1.2 and its patches", which pip writes `==1.2.*`; a build string after a second `=` is dropped. */
function versionRange(version: string): string {
  if (version === '' || version === '*') return '';
  const fuzzy = /^=?\s*([0-9][0-9A-Za-z.]*)(\.\*)?(=[^=]+)?$/.exec(version);
  if (fuzzy?.[1] !== undefined) return fuzzy[3] === undefined ? `==${fuzzy[1]}.*` : `==${fuzzy[1]}`;
  return version.replace(/\s+/g, '');
}
