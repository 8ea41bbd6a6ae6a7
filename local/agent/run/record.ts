import { randomUUID } from 'node:crypto';

import type { Server, TimelineRecord } from '../server';

const flushMs = 50;

/**
 * Writes timeline records and logs of one run to the server, in order and in few calls. The first failure is kept and thrown
 * by the next `flush`: a job whose records cannot be written must not look successful.
 */
export class Timeline {
  private readonly changes = new Map<string, TimelineRecord>();
  private readonly lines = new Map<string, string[]>();
  private timer: NodeJS.Timeout | undefined;
  private queue: Promise<void> = Promise.resolve();
  private failure: Error | undefined;

  constructor(
    private readonly server: Server,
    private readonly runId: number,
  ) {}

  record(record: TimelineRecord): void {
    this.changes.set(record.id, { ...this.changes.get(record.id), ...record });
    this.schedule();
  }

  line(recordId: string, text: string): void {
    const lines = this.lines.get(recordId) ?? [];
    lines.push(text);
    this.lines.set(recordId, lines);
    this.schedule();
  }

  /** @throws Error of the server, when something could not be written. */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.send();
    await this.queue;
    if (this.failure !== undefined) throw this.failure;
  }

  private schedule(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.send();
    }, flushMs);
  }

  private send(): void {
    const records = [...this.changes.values()].map((record) => ({ ...record }));
    const logs = [...this.lines];
    this.changes.clear();
    this.lines.clear();
    if (records.length === 0 && logs.length === 0) return;
    this.queue = this.queue
      .then(() => this.write(records, logs))
      .catch((error: unknown) => {
        this.failure ??= error instanceof Error ? error : new Error(String(error));
      });
  }

  private async write(records: TimelineRecord[], logs: [string, string[]][]): Promise<void> {
    if (records.length > 0) await this.server.updateTimeline(this.runId, records);
    for (const [recordId, lines] of logs) await this.server.appendLog(this.runId, recordId, lines);
  }
}

/** One record of the timeline: keeps its identity so that every update carries it. */
export class RecordWriter {
  readonly id = randomUUID();

  constructor(
    private readonly timeline: Timeline,
    private readonly base: Omit<TimelineRecord, 'id'>,
  ) {
    this.update({ state: 'pending' });
  }

  update(change: Partial<Omit<TimelineRecord, 'id' | 'type'>>): void {
    this.timeline.record({ ...this.base, ...change, id: this.id });
  }

  line(text: string): void {
    this.timeline.line(this.id, text);
  }
}
