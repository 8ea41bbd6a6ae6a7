import { evaluate } from '../expressions/evaluate';
import { commonFunctions, type ExpressionFunction } from '../expressions/functions';
import { Dict, ExpressionError, asNumber, asText, toText, type Value } from '../expressions/values';
import { SecretMasker } from '../masker';
import type { VariableGroup } from '../server';
import { Variables } from '../variables';
import { runtimeExpression } from '../yaml/check-expressions';
import type { VariableEntry } from '../yaml/model';

export interface RuntimeVariable {
  name: string;
  value: string;
  secret?: boolean;
  readOnly?: boolean;
}

export interface RuntimeScope {
  /** `dependencies`, `stageDependencies`, `pipeline`… */
  values: ReadonlyMap<string, Value>;
  groups: ReadonlyMap<string, VariableGroup>;
  counter: (prefix: string, seed: number) => Promise<number>;
  /** Values that make a variable secret when they are part of it. */
  secrets: readonly string[];
}

/**
 * Evaluates a block of variables when its stage or job starts: groups, plain values, `$[ ]` expressions. `before` are the
 * variables of the blocks around it.
 * @throws Error that names the variable whose expression failed.
 */
export async function resolveVariables(
  entries: readonly VariableEntry[],
  before: readonly RuntimeVariable[],
  scope: RuntimeScope,
): Promise<RuntimeVariable[]> {
  const resolved: RuntimeVariable[] = [];
  for (const entry of entries) {
    if (entry.kind === 'group') {
      for (const [name, { value, isSecret }] of Object.entries(scope.groups.get(entry.name)?.variables ?? {})) {
        resolved.push({ name, value, secret: isSecret });
      }
      continue;
    }
    const expression = runtimeExpression(entry.value);
    const { name, readOnly } = entry;
    if (expression === undefined) {
      resolved.push({ name, value: entry.value, readOnly });
      continue;
    }
    try {
      const value = await evaluateRuntime(expression, variablesDict([...before, ...resolved]), scope);
      resolved.push({ name, value, readOnly, secret: scope.secrets.some((secret) => value.includes(secret)) });
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      const { file, line, column } = entry.at;
      throw new Error(`${file}:${line}:${column}: variable ${name}: ${error.message}`);
    }
  }
  return resolved;
}

/** `counter` asks the server: a first pass finds the questions, a second one uses the answers. */
async function evaluateRuntime(expression: string, variables: Dict, scope: RuntimeScope): Promise<string> {
  const asked: { prefix: string; seed: number }[] = [];
  const values = new Map<string, Value>([...scope.values, ['variables', variables]]);
  const ask = withCounter((prefix, seed) => {
    asked.push({ prefix, seed });
    return seed;
  });
  const first = evaluate(expression, { values, functions: ask });
  if (asked.length === 0) return asText(first) ?? toText(first);
  const answers = await Promise.all(asked.map(({ prefix, seed }) => scope.counter(prefix, seed)));
  const answer = withCounter(() => answers.shift() ?? 0);
  return toText(evaluate(expression, { values, functions: answer }));
}

function withCounter(next: (prefix: string, seed: number) => number): ReadonlyMap<string, ExpressionFunction> {
  const call = (args: (() => Value)[]): Value => next(toText(args[0]?.() ?? ''), asNumber(args[1]?.() ?? 0) ?? 0);
  return new Map<string, ExpressionFunction>([...commonFunctions, ['counter', { min: 0, max: 2, call }]]);
}

/** Variables as expressions see them: expanded by each other, the later one of a name wins. */
export function variablesDict(variables: readonly RuntimeVariable[]): Dict {
  const store = new Variables(new SecretMasker());
  store.load(variables.map(({ name, value }) => ({ name, value })));
  return new Dict(store.all().map(({ name, value }) => [name, value]));
}
