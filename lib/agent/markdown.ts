/** Markdown for the run's summary. Text from elsewhere stays text: no markup, no HTML, no links of its own. */

/** Text inside a paragraph or a table cell, on one line. */
export function markdownText(text: string): string {
  return text
    .replace(/[\r\n\t]+/g, ' ')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/[\\`*_{}[\]#|~$]/g, '\\$&')
    .replace(/(https?|ftp):(?=\/\/)/gi, '$1&#58;');
}

/** A table with a header row; every cell is made safe. */
export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(markdownText).join(' | ')} |`;
  return [line(header), `|${' --- |'.repeat(header.length)}`, ...rows.map(line)].join('\n');
}

/** A link; the text alone when there is no https address. */
export function markdownLink(text: string, url: string | undefined): string {
  if (url === undefined || !URL.canParse(url) || new URL(url).protocol !== 'https:') return markdownText(text);
  return `[${markdownText(text)}](<${new URL(url).href.replace(/[<>]/g, encodeURIComponent)}>)`;
}

/** Lines as they are, in a block that no line of theirs can end. */
export function markdownBlock(lines: readonly string[]): string {
  const longest = Math.max(2, ...lines.flatMap((line) => (line.match(/`+/g) ?? []).map((run) => run.length)));
  const fence = '`'.repeat(longest + 1);
  return [fence, ...lines, fence].join('\n');
}
