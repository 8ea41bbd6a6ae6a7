/** Expressions of pipelines: `${{parent.inputs.x}}`, `${{parent.outputs.x}}`, `${{parent.jobs.node.outputs.x}}`. */

export interface Expression {
  /** As it stands in the file. */
  whole: string;
  /** Between the braces, without spaces. */
  inner: string;
}

/** All expressions in a text. */
export function expressionsIn(text: string): Expression[] {
  return [...text.matchAll(/\$\{\{\s*([^{}]*?)\s*\}\}/g)].map(([whole, inner = '']) => ({ whole, inner }));
}

/** Is the text one expression and nothing else? */
export function isExpression(text: string): boolean {
  return /^\$\{\{\s*[^\s{}]*\s*\}\}$/.test(text);
}

/** What an expression of the pipeline names. */
export type Target =
  | { of: 'pipeline'; direction: 'inputs' | 'outputs'; port: string }
  /** `port` is empty where a whole node is meant. */
  | { of: 'node'; node: string; direction: 'inputs' | 'outputs'; port: string };

/** `undefined` for anything that is not of the pipeline (`parent.…`). Names of pipeline inputs may contain dots. */
export function targetOf(inner: string): Target | undefined {
  const own = /^parent\.(inputs|outputs)\.(.+)$/.exec(inner);
  if (own?.[2]) return { of: 'pipeline', direction: directionOf(own[1]), port: own[2] };
  const other = /^parent\.jobs\.([^.]+)\.(inputs|outputs)\.(.+)$/.exec(inner);
  if (other?.[1] && other[3]) return { of: 'node', node: other[1], direction: directionOf(other[2]), port: other[3] };
  return undefined;
}

function directionOf(word: string | undefined): 'inputs' | 'outputs' {
  return word === 'outputs' ? 'outputs' : 'inputs';
}

/** The target of a text that is one expression and nothing else, as an input of a node has it. */
export function bindingOf(text: string): Target | undefined {
  const [only] = isExpression(text) ? expressionsIn(text) : [];
  return only && targetOf(only.inner);
}
