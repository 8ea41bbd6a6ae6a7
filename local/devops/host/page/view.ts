import { h, type Child } from './dom';
import type { Host } from './host';
import { projectPath, runPath } from './routes';

/** Small parts that the host's own pages share. */

export function heading(title: string, ...more: Child[]): HTMLElement {
  return h('header', { class: 'page-header' }, h('h1', {}, title), ...more);
}

export function table(caption: string, columns: string[], rows: Child[][]): HTMLElement {
  const head = h('tr', {}, ...columns.map((name) => h('th', { scope: 'col' }, name)));
  const body = rows.map((cells) => h('tr', {}, ...cells.map((cell) => h('td', {}, cell))));
  return h('table', {}, h('caption', {}, caption), h('thead', {}, head), h('tbody', {}, ...body));
}

/** A result as a mark and a word: never as a colour only. */
export function outcome(state: string | undefined, result: string | undefined): HTMLElement {
  const word = result ?? state ?? 'pending';
  const mark = marks[word] ?? '•';
  return h('span', { class: `outcome ${word}` }, h('span', { 'aria-hidden': 'true' }, `${mark} `), words[word] ?? word);
}

const marks: Record<string, string> = {
  succeeded: '✔',
  approved: '✔',
  partiallySucceeded: '!',
  succeededWithIssues: '!',
  failed: '✘',
  rejected: '✘',
  canceled: '⊘',
  skipped: '–',
  inProgress: '▶',
  pending: '○',
};
const words: Record<string, string> = {
  succeededWithIssues: 'succeeded with warnings',
  partiallySucceeded: 'succeeded with warnings',
  inProgress: 'running',
  notStarted: 'queued',
  pending: 'waiting',
  timedOut: 'timed out',
};

export function moment(iso: string | undefined): HTMLElement | null {
  if (iso === undefined) return null;
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? null : h('time', { datetime: iso }, date.toLocaleString());
}

export function duration(start: string | undefined, finish: string | undefined): string {
  if (start === undefined || finish === undefined) return '';
  const seconds = (Date.parse(finish) - Date.parse(start)) / 1000;
  if (!Number.isFinite(seconds)) return '';
  return seconds < 60 ? `${seconds.toFixed(0)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

export function runLink({ configuration, project }: Host, id: number, label: string): HTMLElement {
  return h('a', { href: runPath(configuration, project, id) }, label);
}

export function commitLink({ configuration, project }: Host, repository: string, commit: string): HTMLElement {
  const href = `${projectPath(configuration, project)}/_git/${encodeURIComponent(repository)}/commit/${encodeURIComponent(commit)}`;
  return h('a', { href, class: 'code' }, commit.slice(0, 8));
}

export function facts(pairs: [string, Child][]): HTMLElement {
  const shown = pairs.filter(([, value]) => value !== null && value !== undefined && value !== '');
  return h(
    'dl',
    { class: 'facts' },
    ...shown.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))),
  );
}

/** Beside the controls, which stay: another value mends it. */
export function refused(error: unknown): HTMLElement {
  return h('p', { class: 'refused', role: 'alert' }, `These settings were not taken: ${messageOf(error)}`);
}

export function problem(error: unknown): HTMLElement {
  return h(
    'div',
    { class: 'problem', role: 'alert' },
    h('h2', {}, 'This cannot be shown'),
    h('p', {}, messageOf(error)),
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
