import type * as YamlPackage from 'yaml';

type Yaml = typeof YamlPackage;

/** Every such text means reading the file once more: what takes long is left to the parser to refuse. */
const mostCharacters = 400_000;

/**
 * Indents the lines of quoted text that are further left than YAML 1.2 wants them: PyYAML, whose YAML 1.1 the clients read,
 * takes them at any column. Spaces at the start of such lines do not count, so the text stays what it was; so do the numbers
 * of the lines.
 */
export function indentQuoted(yaml: Yaml, source: string): string {
  let text = source;
  for (let read = text.length; read < mostCharacters; read += text.length) {
    const start = firstCut(yaml, text);
    const end = start === undefined ? undefined : closingQuote(text, start);
    if (start === undefined || end === undefined) return text;
    const column = start - (text.lastIndexOf('\n', start) + 1);
    const inner = text.slice(start, end).replace(/\n(?=[^\n])/g, `\n${' '.repeat(column)}`);
    text = text.slice(0, start) + inner + text.slice(end);
  }
  return text;
}

/** Offset of the first quoted text that the parser ends before its closing quote. */
function firstCut(yaml: Yaml, text: string): number | undefined {
  let found: number | undefined;
  const look = (token: YamlPackage.CST.Token | null | undefined): void => {
    if (token?.type !== 'double-quoted-scalar' && token?.type !== 'single-quoted-scalar') return;
    if (closingQuote(token.source, 0) === undefined) found ??= token.offset;
  };
  for (const token of new yaml.Parser().parse(text)) {
    if (token.type !== 'document') continue;
    yaml.CST.visit(token, ({ key, value }) => {
      look(key);
      look(value);
    });
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Offset behind the quote that ends the text which starts with one at `start`. */
function closingQuote(text: string, start: number): number | undefined {
  const pattern = text[start] === '"' ? /"(?:[^"\\]|\\[^])*"/y : /'(?:[^']|'')*'/y;
  pattern.lastIndex = start;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}
