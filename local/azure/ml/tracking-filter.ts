import { badParameter, mlflowStatus } from './mlflow-wire';
import type { Run } from './tracking-store';

type Value = string | number | undefined;

interface Condition {
  kind: string;
  key: string;
  operator: string;
  wanted: string | number | string[];
}

const operators = '<=|>=|!=|<>|=|<|>|NOT\\s+IN|IN|NOT\\s+LIKE|ILIKE|LIKE|IS\\s+NOT\\s+NULL|IS\\s+NULL';
const names =
  '(?:(attributes?|attr|run|metrics?|params?|parameters?|tags?|datasets?)\\s*\\.\\s*)?(`[^`]+`|"[^"]+"|[\\w./-]+)';
const clause = new RegExp(
  `^\\s*${names}\\s*(${operators})\\s*('(?:[^']|'')*'|"[^"]*"|\\([^)]*\\)|-?[\\d.eE+-]+)?\\s*(?:AND\\b|$)`,
  'i',
);

/**
 * MLflow's run filter: comparisons of attributes, metrics, params and tags, joined by AND.
 * @throws MlflowFault 400 at the first part that cannot be read.
 */
export function readFilter(filter: string): (run: Run) => boolean {
  const conditions: Condition[] = [];
  let rest = filter.trim();
  while (rest !== '') {
    const found = clause.exec(rest);
    if (found === null) throw badParameter(`Invalid clause(s) in filter string: '${rest}'.`);
    conditions.push(readCondition(found));
    rest = rest.slice(found[0].length).trim();
  }
  return (run) => conditions.every((condition) => holds(condition, run));
}

function readCondition(found: RegExpExecArray): Condition {
  const [, kind = 'attribute', key = '', operator = '', value] = found;
  const normal = operator.toUpperCase().replace(/\s+/g, ' ');
  if (value === undefined && !normal.startsWith('IS')) throw badParameter(`The comparison with '${key}' has no value.`);
  return { kind: kind.toLowerCase(), key: unquoted(key), operator: normal, wanted: readValue(value ?? "''") };
}

function readValue(text: string): string | number | string[] {
  if (text.startsWith('('))
    return text
      .slice(1, -1)
      .split(',')
      .map((part) => unquoted(part.trim()));
  if (/^['"]/.test(text)) return unquoted(text);
  const number = Number(text);
  if (Number.isNaN(number)) throw badParameter(`'${text}' is neither a number nor a quoted text.`);
  return number;
}

function unquoted(text: string): string {
  return /^(['"`]).*\1$/s.test(text) ? text.slice(1, -1).replaceAll("''", "'") : text;
}

function holds({ kind, key, operator, wanted }: Condition, run: Run): boolean {
  const value = lookUp(kind, key, run);
  if (operator === 'IS NULL') return value === undefined;
  if (operator === 'IS NOT NULL') return value !== undefined;
  if (value === undefined) return false;
  if (Array.isArray(wanted)) {
    const within = wanted.includes(String(value));
    return operator === 'NOT IN' ? !within : within;
  }
  if (operator.endsWith('LIKE')) {
    const found = like(String(value), String(wanted), operator === 'ILIKE');
    return operator.startsWith('NOT') ? !found : found;
  }
  return compares(value, operator, typeof value === 'number' ? Number(wanted) : String(wanted));
}

function compares(value: string | number, operator: string, wanted: string | number): boolean {
  switch (operator) {
    case '=':
      return value === wanted;
    case '!=':
    case '<>':
      return value !== wanted;
    case '<':
      return value < wanted;
    case '<=':
      return value <= wanted;
    case '>':
      return value > wanted;
    case '>=':
      return value >= wanted;
    default:
      throw badParameter(`The operator '${operator}' is not supported here.`);
  }
}

function like(value: string, pattern: string, ignoreCase: boolean): boolean {
  const expression = pattern.split('%').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('_', '.'));
  return new RegExp(`^${expression.join('.*')}$`, ignoreCase ? 'is' : 's').test(value);
}

function lookUp(kind: string, key: string, run: Run): Value {
  if (kind.startsWith('metric')) {
    const metric = run.metrics[key];
    return metric === undefined ? undefined : Number(metric.value);
  }
  if (kind.startsWith('param')) return run.params[key];
  if (kind.startsWith('tag')) return run.tags[key];
  if (kind.startsWith('dataset')) throw badParameter('Filters on datasets are not supported.');
  return attribute(key, run);
}

function attribute(key: string, run: Run): Value {
  switch (key.toLowerCase().replaceAll(' ', '_')) {
    case 'status':
      return mlflowStatus(run.status);
    case 'run_id':
      return run.runId;
    case 'run_name':
    case 'name':
      return run.name;
    case 'user_id':
      return run.userId;
    case 'experiment_id':
      return run.experimentId;
    case 'start_time':
    case 'created':
      return run.started ?? run.created;
    case 'end_time':
      return run.ended;
    default:
      throw badParameter(`Invalid attribute key '${key}' in the search.`);
  }
}

/** `order_by` of a search: `metrics.mse ASC`, `attributes.start_time DESC`; runs without the value come last. */
export function readOrder(order: readonly string[]): (a: Run, b: Run) => number {
  const keys = order.map((text) => {
    const found = new RegExp(`^\\s*${names}(?:\\s+(ASC|DESC))?\\s*$`, 'i').exec(text);
    if (found === null) throw badParameter(`Invalid order_by clause '${text}'.`);
    const [, kind = 'attribute', key = '', direction = 'ASC'] = found;
    return { kind: kind.toLowerCase(), key: unquoted(key), sign: direction.toUpperCase() === 'DESC' ? -1 : 1 };
  });
  return (a, b) => {
    for (const { kind, key, sign } of keys) {
      const [left, right] = [lookUp(kind, key, a), lookUp(kind, key, b)];
      if (left === right) continue;
      if (left === undefined) return 1;
      if (right === undefined) return -1;
      return left < right ? -sign : sign;
    }
    return 0;
  };
}
