import { commonFunctions, type ExpressionFunction } from './functions';
import { parseExpression, type Node } from './parser';
import { Dict, ExpressionError, List, asNumber, asText, toBoolean, type Value } from './values';

export interface ExpressionScope {
  /** Named values by lower-case name: `variables`, `parameters`, `dependencies`… */
  values: ReadonlyMap<string, Value>;
  functions: ReadonlyMap<string, ExpressionFunction>;
}

/**
 * Evaluates an expression.
 * @throws ExpressionError on a syntax error, an unknown function or value, or a value that does not convert.
 */
export function evaluate(text: string, scope: ExpressionScope): Value {
  const node = parseExpression(text);
  check(node, scope, text);
  return run(node, scope);
}

/** Parses an expression and checks its names, without a value for anything. */
export function checkExpression(text: string, values: string[], functions: Iterable<string>): void {
  const scope = {
    values: new Map<string, Value>(values.map((name) => [name.toLowerCase(), null])),
    functions: new Map([...functions].map((name) => [name, commonFunctions.get(name) ?? anyArguments])),
  };
  check(parseExpression(text), scope, text);
}

const anyArguments: ExpressionFunction = { min: 0, max: 255, call: () => null };

/** A condition: an empty one is the default, everything else is converted to true or false. */
export function evaluateCondition(text: string, scope: ExpressionScope): boolean {
  return toBoolean(evaluate(text, scope));
}

/** Unknown names are errors even where evaluation would not come along. */
function check(node: Node, scope: ExpressionScope, text: string): void {
  if (node.kind === 'named' && !scope.values.has(node.name.toLowerCase())) {
    throw new ExpressionError(`Unrecognized value: '${node.name}' in '${text}'.`);
  }
  if (node.kind === 'index') {
    check(node.target, scope, text);
    check(node.index, scope, text);
  }
  if (node.kind !== 'call') return;
  const known = scope.functions.get(node.name.toLowerCase());
  if (!known) throw new ExpressionError(`Unrecognized function: '${node.name}' in '${text}'.`);
  if (node.args.length < known.min) throw new ExpressionError(`Too few parameters for '${node.name}' in '${text}'.`);
  if (node.args.length > known.max) throw new ExpressionError(`Too many parameters for '${node.name}' in '${text}'.`);
  for (const argument of node.args) check(argument, scope, text);
}

function run(node: Node, scope: ExpressionScope): Value {
  switch (node.kind) {
    case 'literal':
      return node.value;
    case 'named':
      return scope.values.get(node.name.toLowerCase()) ?? null;
    case 'index':
      return lookUp(run(node.target, scope), run(node.index, scope));
    case 'call': {
      const args = node.args.map((argument) => (): Value => run(argument, scope));
      return scope.functions.get(node.name.toLowerCase())?.call(args) ?? null;
    }
  }
}

/** What is not there is null. */
function lookUp(target: Value, index: Value): Value {
  if (target instanceof Dict) return target.get(asText(index) ?? '');
  if (target instanceof List) {
    const position = asNumber(index);
    return position === undefined ? null : (target.items[position] ?? null);
  }
  return null;
}
