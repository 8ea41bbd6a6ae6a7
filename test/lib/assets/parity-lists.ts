import { readFileSync } from 'node:fs';
import path from 'node:path';

/** The tables of docs/parity.md: where we and azure-ai-ml disagree, and why. */
export type Row = Record<string, string>;

const page = path.resolve(__dirname, '..', '..', '..', 'docs', 'parity.md');

/** Rows of the table below a heading; the first row of the table names the members. */
export function rowsBelow(heading: string): Row[] {
  const section = readFileSync(page, 'utf8')
    .split(/^## /m)
    .find((one) => one.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`docs/parity.md has no "${heading}"`);
  const [head = [], , ...rows] = section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  return rows.map((cells) => Object.fromEntries(head.map((name, index) => [name, cells[index] ?? ''])));
}

/** Does a text fit one of the patterns of a cell? They stand in backticks; `*` is anything; a cell without any fits all. */
export function fits(cell: string | undefined, text: string): boolean {
  const patterns = [...(cell ?? '').matchAll(/`([^`]+)`/g)].map(([, pattern = '']) => pattern.replaceAll('\\|', '|'));
  return patterns.length === 0 || patterns.some((pattern) => globOf(pattern).test(text));
}

function globOf(pattern: string): RegExp {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('[^]*')}$`);
}
