import type { TaskResult } from '../result';
import { commonFunctions, type ExpressionFunction } from './functions';
import { ExpressionError, toText, type Value } from './values';

type Functions = ReadonlyMap<string, ExpressionFunction>;

function none(call: () => boolean): ExpressionFunction {
  return { min: 0, max: 0, call };
}

/** Status functions of a step's condition; all without arguments (agent source `ExpressionManager.cs`). */
export function stepFunctions(status: TaskResult | undefined): Functions {
  const current = status ?? 'Succeeded';
  const good = current === 'Succeeded' || current === 'SucceededWithIssues';
  return new Map<string, ExpressionFunction>([
    ...commonFunctions,
    ['always', none(() => true)],
    ['canceled', none(() => current === 'Canceled')],
    ['failed', none(() => current === 'Failed')],
    ['succeeded', none(() => good)],
    ['succeededorfailed', none(() => good || current === 'Failed')],
  ]);
}

/** What the server knows when it evaluates the condition of a stage or job. */
export interface GraphStatus {
  canceled: boolean;
  /** Results of everything it depends on, directly and indirectly. */
  ancestors: ReadonlyMap<string, TaskResult>;
  /** Result of one stage or job by name; undefined when it is no dependency. */
  result: (name: string) => TaskResult | undefined;
}

/** Status functions of the condition of a stage or job; names of dependencies may be given. */
export function graphFunctions(status: GraphStatus): Functions {
  const good = (result: TaskResult): boolean => result === 'Succeeded' || result === 'SucceededWithIssues';
  const bad = (result: TaskResult): boolean => result === 'Failed';
  const named = (args: (() => Value)[]): TaskResult[] =>
    args.map((argument) => {
      const name = toText(argument());
      const result = status.result(name);
      if (result === undefined) throw new ExpressionError(`'${name}' is not one of the dependencies.`);
      return result;
    });
  const results = (args: (() => Value)[]): TaskResult[] =>
    args.length > 0 ? named(args) : [...status.ancestors.values()];
  const over = (call: (args: (() => Value)[]) => boolean): ExpressionFunction => ({ min: 0, max: 255, call });
  return new Map<string, ExpressionFunction>([
    ...commonFunctions,
    ['always', none(() => true)],
    ['canceled', none(() => status.canceled)],
    ['succeeded', over((args) => !status.canceled && results(args).every(good))],
    ['failed', over((args) => !status.canceled && results(args).some(bad))],
    [
      'succeededorfailed',
      over(
        (args) => !status.canceled && (args.length === 0 || named(args).some((result) => good(result) || bad(result))),
      ),
    ],
  ]);
}
