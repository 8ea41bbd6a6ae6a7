import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { boundCommand, type Bindings } from '../job-files';
import type { ParallelTask } from './model';
import { parallelDriver } from './parallel-driver';

/** File of the collected rows in an output that is a folder. */
const rowsFile = 'parallel_run_step.txt';

/**
 * The command that goes through a folder's files in mini-batches with the entry script's `init()` and `run(files)`. Writes
 * the program that does so, and its task, into the job's folder beside the code.
 */
export async function parallelCommand(
  task: ParallelTask,
  outputKinds: Record<string, string>,
  bindings: Bindings,
  folder: string,
): Promise<string> {
  const [driver, settings] = [join(folder, 'parallel_driver.py'), join(folder, 'parallel.json')];
  await writeFile(driver, parallelDriver);
  await writeFile(
    settings,
    JSON.stringify({
      entry_script: task.entryScript,
      input: bindings.inputs[task.input],
      mini_batch_size: task.filesPerBatch,
      workers: task.workers,
      max_retries: task.retries,
      timeout: task.batchTimeout,
      error_threshold: task.errorThreshold,
      mini_batch_error_threshold: task.batchErrorThreshold,
      rows: rowsPath(task, outputKinds, bindings),
    }),
  );
  return `exec python ${quoted(driver)} ${quoted(settings)} ${boundCommand(task.programArguments, bindings)}`;
}

function rowsPath({ appendTo }: ParallelTask, kinds: Record<string, string>, bindings: Bindings): string | null {
  const path = appendTo === undefined ? undefined : bindings.outputs[appendTo];
  if (appendTo === undefined || path === undefined) return null;
  return kinds[appendTo] === 'uri_file' ? path : join(path, rowsFile);
}

/** For bash: the folders are this program's own, but a state folder may have any name. */
function quoted(path: string): string {
  return `'${path.replaceAll("'", "'\\''")}'`;
}
