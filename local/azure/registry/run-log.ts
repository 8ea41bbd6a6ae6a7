import type { Blobs } from '../service';

/** How a run ended, as the log blob's metadata `complete` says it. */
export type LogEnd = 'successful' | 'failed' | 'canceled' | 'timedout' | 'internalerror';

/**
 * The log of a run: an append blob that grows while the run goes on and gets metadata `complete` at its end. Lines are
 * gathered for a moment, so that a chatty installer does not mean one append a line.
 */
export class RunLog {
  private pending = '';
  private writing: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly blobs: Blobs,
    private readonly container: string,
    private readonly blob: string,
    /** Values of secret build arguments: they never reach the log, whoever writes them. */
    private readonly secrets: string[],
    private readonly failed: (error: unknown) => void,
  ) {}

  /** A line of what runs in a step, as it is. */
  readonly line = (text: string): void => {
    const shown = this.secrets.reduce((line, secret) => (secret === '' ? line : line.replaceAll(secret, '***')), text);
    this.pending += `${shown}\n`;
    this.timer ??= setTimeout(() => this.flush(), 200);
  };

  /** A line of the builder itself, with its time: `2026/02/17 23:39:55 text`. */
  readonly note = (text: string): void => {
    this.line(`${new Date().toISOString().slice(0, 19).replaceAll('-', '/').replace('T', ' ')} ${text}`);
  };

  async end(how: LogEnd): Promise<void> {
    this.flush();
    await this.writing;
    await this.blobs.setMetadata(this.container, this.blob, { Complete: how });
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const content = Buffer.from(this.pending);
    this.pending = '';
    if (content.length === 0) return;
    this.writing = this.writing.then(() => this.blobs.append(this.container, this.blob, content)).catch(this.failed);
  }
}
