import { TaskError } from '../../lib/agent/errors';
import { textAt } from '../../lib/agent/json';
import { problemsOf, Problems } from '../../lib/assets/shape/gather';
import { kinds } from '../../lib/assets/kinds/all';
import { readTranslation, type Translation } from '../../lib/assets/translate';
import { findFiles } from './files';
import type { Inputs } from './inputs';
import { adviceFor, rankOf } from './kinds';
import { changesByFile } from './set';

const provisioned = kinds.filter(({ name }) => rankOf(name) !== undefined);

/** The files of the step, checked. Nothing was sent yet. */
export interface Wanted {
  workspace?: Translation;
  /** In the order of dependence. */
  resources: Translation[];
}

/**
 * Reads and checks every file.
 *
 * @throws TaskError, or `Problems` with all that is wrong with any of them
 */
export async function readFiles(inputs: Inputs, workspaceId: string): Promise<Wanted> {
  const { workspaceFile } = inputs;
  const files = await findFiles(inputs.files);
  const changes = changesByFile(inputs.set, workspaceFile === undefined ? files : [workspaceFile, ...files]);
  const problems: TaskError[] = [];
  type Read = (file: string, set?: readonly string[]) => Promise<Translation>;
  // The input says what the file is: as for `az ml workspace create --file`, nothing in it has to.
  const otherwise = kinds.find(({ name }) => name === 'workspace');
  const readWorkspace: Read = (file, set) =>
    readTranslation(file, workspaceId, { kinds, set, otherwise, root: inputs.root });
  const read = async (file: string, readOne: Read, check: (found: Translation) => void): Promise<Translation[]> => {
    try {
      const found = await readOne(file, changes.get(file));
      check(found);
      return [found];
    } catch (error) {
      if (!(error instanceof TaskError)) throw error;
      problems.push(...problemsOf(error));
      return [];
    }
  };
  const [workspace] = workspaceFile === undefined ? [] : await read(workspaceFile, readWorkspace, checkWorkspace);
  const resources: Translation[] = [];
  for (const file of files)
    resources.push(
      ...(await read(file, (name, set) => readResource(name, workspaceId, set, inputs.root), checkResource)),
    );
  const [first, ...rest] = problems;
  if (first) throw rest.length > 0 ? new Problems(problems) : first;
  return { workspace, resources: resources.sort((a, b) => rank(a) - rank(b)) };
}

/** A file without $schema may fit a job and a component alike, and only one of them belongs here. */
async function readResource(
  file: string,
  workspaceId: string,
  set?: readonly string[],
  root?: string,
): Promise<Translation> {
  const any = await readTranslation(file, workspaceId, { kinds, set, root });
  if (!any.kind.name.endsWith(' job') || any.reader.has('$schema')) return any;
  try {
    return await readTranslation(file, workspaceId, { kinds: provisioned, set, root });
  } catch (error) {
    // It is a job then, and refused as one.
    if (error instanceof TaskError) return any;
    throw error;
  }
}

const rank = ({ kind }: Translation): number => rankOf(kind.name) ?? 0;

function checkWorkspace({ kind, reader }: Translation): void {
  if (kind.name === 'workspace') return;
  throw reader.error(`this is the file of a ${kind.name}, not of a workspace`, 'Name it among files.');
}

function checkResource({ kind, reader, values }: Translation): void {
  if (rankOf(kind.name) === undefined) {
    throw reader.error(`a ${kind.name} is not provisioned`, adviceFor(kind.name));
  }
  if (kind.name === 'data' && textAt(values, 'name') === undefined) {
    throw reader.error('data without a name cannot be found again', 'Give it a name.');
  }
}
