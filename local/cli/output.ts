/** Where the command writes. Results go to stdout, progress and errors to stderr when stdout carries JSON. */
export class Output {
  private drawn = 0;

  constructor(
    private readonly out: NodeJS.WriteStream = process.stdout,
    private readonly err: NodeJS.WriteStream = process.stderr,
    /** `--json`: stdout carries one JSON document and nothing else. */
    public json = false,
  ) {}

  get isTerminal(): boolean {
    return this.progress.isTTY && process.env.TERM !== 'dumb';
  }

  get width(): number {
    return this.progress.columns || 100;
  }

  /** A line of the result. Not shown with `--json`. */
  line(text = ''): void {
    if (this.json) return;
    this.clear();
    this.out.write(`${text}\n`);
  }

  /** A line of progress that stays. */
  note(text: string): void {
    this.clear();
    this.progress.write(`${text}\n`);
  }

  error(text: string): void {
    this.clear();
    this.err.write(`${text}\n`);
  }

  /** The one JSON document of `--json`. */
  document(value: unknown): void {
    this.clear();
    this.out.write(`${JSON.stringify(value, null, 2)}\n`);
  }

  /** Text for stdout as it is, for other programs. */
  raw(text: string): void {
    this.out.write(text);
  }

  /** Draws these lines over those of the last call, in a terminal. */
  redraw(lines: string[]): void {
    if (!this.isTerminal) return;
    this.clear();
    const cut = lines.map((line) => (line.length >= this.width ? `${line.slice(0, this.width - 2)}…` : line));
    this.progress.write(cut.map((line) => `${line}\n`).join(''));
    this.drawn = cut.length;
  }

  /** Removes what `redraw` has drawn. */
  clear(): void {
    if (this.drawn === 0) return;
    this.progress.write(`\u001b[${this.drawn}A\u001b[0J`);
    this.drawn = 0;
  }

  private get progress(): NodeJS.WriteStream {
    return this.json ? this.err : this.out;
  }
}
