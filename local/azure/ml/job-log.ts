import type { Core } from '../service';
import { artifactPlace } from './assets';

/** A log that grows in the run's artifacts while it is written: an append blob, so that readers may follow it. */
export class JobLog {
  private waiting: Buffer[] = [];
  private writing: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;
  private failure: unknown;
  /** The end of what was written, for error messages. */
  private tail = '';

  constructor(
    private readonly core: Core,
    private readonly runId: string,
    private readonly path: string,
  ) {}

  write(chunk: Buffer | string): void {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    this.waiting.push(bytes);
    this.tail = (this.tail + bytes.toString('utf8')).slice(-2_000);
    // Small writes are gathered: a program that prints character by character must not make one request each.
    this.timer ??= setTimeout(() => this.send(), 100);
  }

  line(text: string): void {
    this.write(`${text}\n`);
  }

  /** The last lines, at most `count`. */
  lastLines(count: number): string {
    return this.tail.trimEnd().split('\n').slice(-count).join('\n');
  }

  /** Settles when everything written so far can be read. @throws Error when storage refused it. */
  async flush(): Promise<void> {
    this.send();
    await this.writing;
    if (this.failure !== undefined) throw new Error('The log could not be stored.', { cause: this.failure });
  }

  private send(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.waiting.length === 0) return;
    const content = Buffer.concat(this.waiting);
    this.waiting = [];
    const place = artifactPlace(this.runId, this.path);
    this.writing = this.writing
      .then(() => this.core.blobs.append(place.container, place.blob, content))
      .catch((error: unknown) => (this.failure ??= error))
      .then(() => undefined);
  }
}
