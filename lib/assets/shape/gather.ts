import { TaskError } from '../../agent/errors';

/** More at once is nothing that a person reads. */
const mostTold = 50;

/** All that is wrong with a file, so that it is mended in one go. */
export class Problems extends TaskError {
  constructor(readonly all: readonly TaskError[]) {
    super(
      [
        ...all.slice(0, mostTold).map((problem) => problem.message),
        ...(all.length > mostTold ? [`and ${all.length - mostTold} more`] : []),
      ].join('\n'),
      adviceOf(all.slice(0, mostTold)),
    );
  }
}

/**
 * Runs every piece of work, also after one failed.
 *
 * @throws TaskError when one failed, `Problems` when several did; anything else that is thrown at once
 */
export function gather<T>(work: readonly (() => T)[]): T[] {
  const problems: TaskError[] = [];
  const values: T[] = [];
  for (const piece of work) {
    try {
      values.push(piece());
    } catch (error) {
      if (!(error instanceof TaskError)) throw error;
      problems.push(...problemsOf(error));
    }
  }
  // A file that several places name is read for each of them.
  const different = [...new Map(problems.map((problem) => [problem.message, problem])).values()];
  const [first, ...rest] = different;
  if (first) throw rest.length > 0 ? new Problems(different) : first;
  return values;
}

/** The single problems that an error stands for. */
export function problemsOf(error: TaskError): readonly TaskError[] {
  return error instanceof Problems ? error.all : [error];
}

function adviceOf(all: readonly TaskError[]): string | undefined {
  const advice = new Set(all.map((problem) => problem.advice).filter((text) => text !== undefined));
  return advice.size > 0 ? [...advice].join('\n') : undefined;
}
