import { invalid } from '../wire';

/** What an expression of a node refers to, in the pipeline around the node. */
export type Reference =
  { to: 'input'; name: string } | { to: 'output'; name: string } | { to: 'node'; node: string; output: string };

const expression = /\$\{\{\s*(.*?)\s*\}\}/gs;

/** The reference that a whole text is; `undefined` when it is a plain text or only holds some. @throws ArmFault 400 naming `where`. */
export function wholeReference(text: string, where: string): Reference | undefined {
  const found = /^\s*\$\{\{\s*([^{}]*?)\s*\}\}\s*$/.exec(text);
  return found === null ? undefined : reference(found[1] ?? '', where);
}

/** All references in a text. */
export function references(text: string, where: string): Reference[] {
  return [...text.matchAll(expression)].map(([, inner = '']) => reference(inner, where));
}

/** The text with each reference put in its place. */
export function substituted(text: string, where: string, value: (reference: Reference) => string): string {
  return text.replaceAll(expression, (_, inner: string) => value(reference(inner, where)));
}

function reference(inner: string, where: string): Reference {
  const io = /^parent\.(inputs|outputs)\.([\w.-]+)$/.exec(inner);
  if (io !== null) return { to: io[1] === 'inputs' ? 'input' : 'output', name: io[2] ?? '' };
  const node = /^parent\.jobs\.([\w-]+)\.outputs\.([\w.-]+)$/.exec(inner);
  if (node !== null) return { to: 'node', node: node[1] ?? '', output: node[2] ?? '' };
  throw invalid(
    `'\${{${inner}}}' is not an expression of a pipeline: those are parent.inputs.<name>, parent.outputs.<name> and parent.jobs.<node>.outputs.<name>.`,
    'ValidationError',
    where,
  );
}
