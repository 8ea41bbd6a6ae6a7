import { readAssetFile } from '../../lib/assets/document';
import type { YamlReader } from '../../lib/agent/yaml';

/** Python versions with an image of Azure ML that serves (Azure/azureml-assets, `minimal-py*-inference`). */
const baseImages: Record<string, string> = {
  '3.11': 'mcr.microsoft.com/azureml/minimal-py311-inference:latest',
  '3.12': 'mcr.microsoft.com/azureml/minimal-py312-inference:latest',
};

/** Below 1.5.1 a resolver that meets mlflow-skinny takes an old server without complaint. */
const server = { name: 'azureml-inference-server-http', requirement: 'azureml-inference-server-http>=1.5.1' };

/** What the image needs of a conda file. */
export interface PythonEnvironment {
  baseImage: string;
  /** Lines of requirements.txt. */
  requirements: string[];
}

/**
 * Reads a conda file for an image that is built with pip: Python's version chooses the base image, the pip section becomes
 * requirements, and the inference server is added where the file does not name it.
 *
 * @throws TaskError with `file:line:column` for conda packages other than python and pip, and for lines of pip that
 * refer to other files
 */
export async function readCondaFile(file: string): Promise<PythonEnvironment> {
  const { reader } = await readAssetFile(file);
  reader.object(['name', 'channels', 'dependencies', 'prefix', 'variables']);
  const dependencies = reader.required('dependencies').asList();
  const variables = reader.optional('variables');
  if (variables)
    throw variables.error('environment variables are not taken into the image', 'Set them in the scoring script.');
  let python = '';
  const requirements: string[] = [];
  for (const entry of dependencies) {
    if (entry.isMap) requirements.push(...entry.object(['pip']).required('pip').asList().map(pipLine));
    else python = readCondaPackage(entry) ?? python;
  }
  const version =
    Object.keys(baseImages)
      .filter((one) => satisfies(one, python))
      .at(-1) ?? '';
  const baseImage = baseImages[version];
  if (baseImage === undefined) {
    throw reader
      .required('dependencies')
      .error(
        `python ${python.replace(/^==?/, '')} has no base image`,
        `Use python ${Object.keys(baseImages).join(' or ')}.`,
      );
  }
  const names = requirements.map((line) => canonical(/^[A-Za-z0-9._-]+/.exec(line)?.[0] ?? ''));
  if (!names.includes(server.name)) requirements.push(server.requirement);
  return { baseImage, requirements };
}

/** @returns the constraint on Python (`=3.11`, `>=3.10,<3.12`) when the package is Python and has one */
function readCondaPackage(entry: YamlReader): string | undefined {
  const text = entry.asString();
  const found = /^(?:[\w.-]+::)?([A-Za-z0-9_.-]+)\s*(.*)$/.exec(text.trim());
  const name = found?.[1]?.toLowerCase();
  if (name === 'python') return found?.[2]?.replace(/\s+/g, '');
  if (name === 'pip' || name === 'setuptools' || name === 'wheel') return undefined;
  throw entry.error(
    `the conda package "${text}" cannot be installed with pip`,
    'Move it to the pip section under its name on PyPI.',
  );
}

/** Whether a minor version of Python meets a constraint of conda; patch versions are not looked at. */
function satisfies(version: string, constraint: string): boolean {
  const minor = (text: string): number => Number(/^3\.(\d+)/.exec(text)?.[1] ?? NaN);
  return constraint
    .split(',')
    .filter((part) => part !== '')
    .every((part) => {
      const [, operator = '=', wanted = ''] = /^(==?|!=|>=?|<=?)?(.*)$/.exec(part) ?? [];
      const order = minor(version) - minor(wanted);
      if (operator === '!=') return order !== 0;
      if (operator.startsWith('>')) return order > 0 || (order === 0 && operator === '>=');
      if (operator.startsWith('<')) return order < 0 || (order === 0 && operator === '<=');
      return order === 0;
    });
}

/** A line of requirements.txt. Files that it would refer to are not in the image. */
function pipLine(entry: YamlReader): string {
  const line = entry.asString().trim();
  if (line === '' || /[\r\n]/.test(line)) throw entry.error('a line of the pip section is empty or has several lines');
  if (/^(?:-[rcef]|--(?:requirement|constraint|editable|find-links)\b)/.test(line) || /^(?:\.|\/|file:)/.test(line)) {
    throw entry.error(
      `"${line}" refers to a file that the image does not have`,
      'Name packages of an index, or a git+https address.',
    );
  }
  // `git@` is the user of every git server; any other may be a token.
  if (/:\/\/(?!git@)[^/\s]+@/.test(line)) {
    throw entry.error('the pip section carries a password or token, which would end up in the image', 'Remove it.');
  }
  return line;
}

/** PEP 503. */
function canonical(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}
