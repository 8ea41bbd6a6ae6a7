import { TaskError } from '../agent/errors';

/** One record of a CSV file. */
export interface CsvRecord {
  /** Line of the file where the record starts, counted from 1; quoted line breaks count too. */
  line: number;
  fields: string[];
  /** Breaks RFC 4180: a quote inside a bare field, text after a closing quote, or a quote that is never closed. */
  malformed: boolean;
}

/** A record may not be longer: an unclosed quote would otherwise pull the rest of the file into memory. */
const longestRecord = 4 * 1024 * 1024;

const comma = 44;
const newline = 10;
const quote = '"';

/**
 * Reads CSV by RFC 4180 from pieces of text: fields separated by commas, records by LF or CRLF, quoted fields with line
 * breaks and doubled quotes. Empty lines are records with one empty field; the caller decides what they mean.
 *
 * @throws TaskError when a record is longer than 4 Mi characters
 */
export class CsvParser {
  private rest = '';
  private line = 1;

  constructor(
    private readonly file: string,
    private readonly emit: (record: CsvRecord) => void,
  ) {}

  push(text: string): void {
    this.rest = this.parse(this.rest === '' ? text : this.rest + text, false);
    if (this.rest.length > longestRecord) {
      throw new TaskError(
        `${this.file}:${this.line}: the record that starts here is longer than ${longestRecord} characters.`,
        'Is a quote (") not closed?',
      );
    }
  }

  end(): void {
    this.parse(this.rest, true);
    this.rest = '';
  }

  /** Emits every complete record; returns what belongs to the next one. */
  private parse(text: string, final: boolean): string {
    let start = 0;
    let nextQuote = text.indexOf(quote);
    while (start < text.length) {
      const lineEnd = text.indexOf('\n', start);
      if (lineEnd < 0 && !final) break;
      const end = lineEnd < 0 ? text.length : lineEnd;
      if (nextQuote >= 0 && nextQuote < start) nextQuote = text.indexOf(quote, start);
      if (nextQuote < 0 || nextQuote > end) {
        const fields = text.slice(start, withoutCarriageReturn(text, start, end)).split(',');
        this.emit({ line: this.line, fields, malformed: false });
        this.line++;
        start = end + 1;
        continue;
      }
      const quoted = parseQuotedRecord(text, start, final);
      if (!quoted) break;
      this.emit({ line: this.line, fields: quoted.fields, malformed: quoted.malformed });
      this.line += quoted.lines;
      start = quoted.next;
    }
    return text.slice(start);
  }
}

interface QuotedRecord {
  fields: string[];
  malformed: boolean;
  /** Lines of the file that the record takes. */
  lines: number;
  /** Where the next record starts. */
  next: number;
}

/** A record with at least one quote; `undefined` when its end is not there yet. */
function parseQuotedRecord(text: string, start: number, final: boolean): QuotedRecord | undefined {
  const fields: string[] = [];
  let malformed = false;
  let position = start;
  for (;;) {
    let value = '';
    if (text[position] === quote) {
      const closed = readQuoted(text, position, final);
      if (!closed) return undefined;
      value = closed.value;
      position = closed.end;
      malformed ||= closed.unclosed;
    }
    const end = endOfBareField(text, position);
    if (end === text.length && !final) return undefined;
    const bare = text.slice(position, withoutCarriageReturn(text, position, end));
    // A carriage return belongs to the line break only.
    const isLineEnd = end === text.length || text.charCodeAt(end) === newline;
    const tail = isLineEnd ? bare : text.slice(position, end);
    malformed ||= tail.includes(quote) || (tail !== '' && position > start && text[position - 1] === quote);
    fields.push(value + tail);
    if (isLineEnd) return { fields, malformed, lines: countLines(text, start, end), next: end + 1 };
    position = end + 1;
  }
}

function readQuoted(
  text: string,
  open: number,
  final: boolean,
): { value: string; end: number; unclosed: boolean } | undefined {
  let value = '';
  let from = open + 1;
  for (;;) {
    const close = text.indexOf(quote, from);
    if (close < 0) return final ? { value: value + text.slice(from), end: text.length, unclosed: true } : undefined;
    if (close + 1 === text.length && !final) return undefined;
    if (text[close + 1] !== quote) return { value: value + text.slice(from, close), end: close + 1, unclosed: false };
    value += text.slice(from, close + 1);
    from = close + 2;
  }
}

function endOfBareField(text: string, from: number): number {
  let position = from;
  while (position < text.length) {
    const code = text.charCodeAt(position);
    if (code === comma || code === newline) break;
    position++;
  }
  return position;
}

function withoutCarriageReturn(text: string, start: number, end: number): number {
  return end > start && text[end - 1] === '\r' ? end - 1 : end;
}

function countLines(text: string, start: number, end: number): number {
  let lines = 1;
  for (let at = text.indexOf('\n', start); at >= 0 && at < end; at = text.indexOf('\n', at + 1)) lines++;
  return lines;
}
