import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Store } from './service';

interface Line {
  key: string;
  text: string;
}

/**
 * Documents in a journal of JSON lines (`["key", value]`, or `["key"]` for a deletion): a write is one append, so a crash
 * loses at most the line being written, and reading at start is one pass.
 */
export class JournalStore implements Store {
  private readonly documents = new Map<string, Line>();
  private journalBytes = 0;

  constructor(private readonly file: string) {
    mkdirSync(dirname(file), { recursive: true });
    if (existsSync(file)) this.replay(readFileSync(file, 'utf8'));
    this.compact();
  }

  get(key: string): unknown {
    // Parsed at each read: a caller that changes what it got does not change what is stored.
    const found = this.documents.get(key.toLowerCase());
    return found === undefined ? undefined : JSON.parse(found.text);
  }

  set(key: string, value: unknown): void {
    const text = JSON.stringify(value);
    this.keep(key, text);
    this.append(`[${JSON.stringify(key)},${text}]\n`);
  }

  delete(key: string): void {
    if (this.documents.delete(key.toLowerCase())) this.append(`[${JSON.stringify(key)}]\n`);
  }

  keys(prefix: string): string[] {
    const lower = prefix.toLowerCase();
    return [...this.documents]
      .filter(([key]) => key.startsWith(lower))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, line]) => line.key);
  }

  private keep(key: string, text: string): void {
    // A document keeps the spelling it was created with, as ARM ids do.
    const spelling = this.documents.get(key.toLowerCase())?.key ?? key;
    this.documents.set(key.toLowerCase(), { key: spelling, text });
  }

  private append(line: string): void {
    appendFileSync(this.file, line);
    this.journalBytes += line.length;
    if (this.journalBytes > 32 * 1024 * 1024) this.compact();
  }

  private replay(journal: string): void {
    const lines = journal.split('\n').filter((line) => line !== '');
    for (const [index, line] of lines.entries()) {
      const entry = this.parse(line, index === lines.length - 1);
      if (entry === undefined) continue;
      const [key, value] = entry;
      if (entry.length === 1) this.documents.delete(key.toLowerCase());
      else this.keep(key, JSON.stringify(value));
    }
  }

  private parse(line: string, last: boolean): [string] | [string, unknown] | undefined {
    try {
      const entry: unknown = JSON.parse(line);
      if (Array.isArray(entry) && typeof entry[0] === 'string') {
        return entry.length === 1 ? [entry[0]] : [entry[0], entry[1]];
      }
    } catch (error) {
      // Only the last line can be half-written.
      if (last) return undefined;
      throw new Error(`The state file ${this.file} is damaged; remove its folder to start anew.`, { cause: error });
    }
    throw new Error(
      `The state file ${this.file} holds a line that is not a document; remove its folder to start anew.`,
    );
  }

  private compact(): void {
    const text = [...this.documents.values()].map((line) => `[${JSON.stringify(line.key)},${line.text}]\n`).join('');
    writeFileSync(`${this.file}.new`, text);
    renameSync(`${this.file}.new`, this.file);
    this.journalBytes = text.length;
  }
}
