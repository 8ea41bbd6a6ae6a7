import DOMPurify from 'dompurify';
import { Marked } from 'marked';
import { displayLines, displayText } from './display-text';
import { linkTarget } from './link-target';

/** More than this is cut: a model card is read by people. */
const longest = 100_000;

/**
 * The parser's time grows with the square of the marks in a block: forty kilobytes of `_a*` would hold the page for a minute.
 * This many squared marks take it about half a second.
 */
const mostWork = 10_000_000;

const allowed = {
  ALLOWED_TAGS: [
    ...[
      'h3',
      'h4',
      'h5',
      'h6',
      'p',
      'br',
      'hr',
      'strong',
      'em',
      'del',
      'code',
      'pre',
      'blockquote',
      'ul',
      'ol',
      'li',
      'a',
    ],
    ...['table', 'thead', 'tbody', 'tr', 'th', 'td'],
  ],
  ALLOWED_ATTR: ['href', 'start', 'align'],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  RETURN_DOM_FRAGMENT: true,
} as const;

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** HTML inside the text is shown as text, pictures as their words, headings below those of the page. */
const marked = new Marked({
  gfm: true,
  renderer: {
    html: ({ text }) => escape(text.replace(/<!--[\s\S]*?(?:-->|$)/g, '')),
    image: ({ text, href }) => escape(text === '' ? `[picture: ${href}]` : `[picture: ${text}]`),
    checkbox: ({ checked }) => (checked ? '☑ ' : '☐ '),
    heading({ tokens, depth }) {
      const level = Math.min(depth + 2, 6);
      return `<h${level}>${this.parser.parseInline(tokens)}</h${level}>\n`;
    },
    link({ href, tokens }) {
      return `<a href="${escape(href)}">${this.parser.parseInline(tokens)}</a>`;
    },
  },
});

/**
 * Foreign markdown as nodes that can do nothing but be read: a short list of elements, no attribute but an address, no picture,
 * frame, form or style; every link that leaves the organization says where to.
 * @throws Error for a text that the parser cannot take
 */
export function markdownFragment(source: string, organization: string): DocumentFragment {
  const text = displayLines(source.slice(0, longest).replaceAll('\t', '    '));
  if (work(text) > mostWork) throw new Error('This text has too many marks to be formatted.');
  const html = marked.parse(text, { async: false });
  const fragment = DOMPurify.sanitize(html, {
    ...allowed,
    ALLOWED_TAGS: [...allowed.ALLOWED_TAGS],
    ALLOWED_ATTR: [...allowed.ALLOWED_ATTR],
  });
  for (const link of fragment.querySelectorAll('a')) announce(link, organization);
  for (const table of fragment.querySelectorAll('table')) scrollable(table);
  if (source.length > longest)
    fragment.append(paragraph(`The rest of this text (${source.length - longest} characters) is not shown.`));
  return fragment;
}

/** Marks of each block, squared; addresses cost the parser more than emphasis. */
function work(text: string): number {
  const squares = text.split(/\n *\n/).map((block) => {
    const marks = block.match(/[*_~`<[\]!&\\]/g)?.length ?? 0;
    const addresses = block.match(/[@:]/g)?.length ?? 0;
    return (marks + 3 * addresses) ** 2;
  });
  return squares.reduce((sum, square) => sum + square, 0);
}

function announce(link: HTMLAnchorElement, organization: string): void {
  const target = linkTarget(link.getAttribute('href') ?? '', organization);
  if (target === undefined) {
    link.replaceWith(...link.childNodes);
    return;
  }
  link.href = target.href;
  link.className = 'hub-link';
  link.target = target.own ? '_top' : '_blank';
  if (target.own) return;
  link.rel = 'noopener noreferrer';
  const host = document.createElement('span');
  host.className = 'hub-link-host';
  host.textContent = ` (${displayText(target.host)}, opens in a new tab)`;
  link.append(host);
}

/** A wide table scrolls by itself, also by keyboard; the page does not. */
function scrollable(table: HTMLTableElement): void {
  const frame = document.createElement('div');
  frame.className = 'hub-scroll';
  frame.tabIndex = 0;
  frame.setAttribute('role', 'region');
  frame.setAttribute('aria-label', 'Table');
  table.replaceWith(frame);
  frame.append(table);
}

function paragraph(text: string): HTMLParagraphElement {
  const node = document.createElement('p');
  node.textContent = text;
  return node;
}
