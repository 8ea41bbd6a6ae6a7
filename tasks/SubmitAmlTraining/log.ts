import type { Agent } from '../../lib/agent/agent';
import { errorText } from '../../lib/agent/errors';
import type { Azure } from '../../lib/azure/azure';
import { protectSas } from '../../lib/azure/blob';
import { AzureError } from '../../lib/azure/errors';
import { runDetails } from '../../lib/azure/runs';

/** The log of the job's own command: on the first node, in the first process (azure-ai-ml, `_stream_logs_until_completed`). */
const commandLog = /^user_logs\/std_log\D*0*(?:_ps)?\.txt$/;

/** Bytes asked for at once; a longer log comes in several parts. */
const partSize = 1024 * 1024;

/** A line without an end is shown from this length on. */
const longestLine = 64 * 1024;

const keptLines = 40;

interface LogFile {
  /** Address with a signature that expires. */
  url: string;
  /** Bytes read so far. */
  offset: number;
  /** The start of a line whose end has not come yet. */
  rest: Buffer;
}

/** Prints what is new in a job's log, a whole line at a time; foreign text goes through `agent.print`, which neutralises it. */
export class JobLog {
  /** The last lines, for the report of a failure. */
  readonly lastLines: string[] = [];
  private readonly files = new Map<string, LogFile>();
  private hasComplained = false;

  constructor(
    private readonly azure: Azure,
    private readonly agent: Agent,
    private readonly jobName: string,
    /** Stands in front of every line: which node of a pipeline it is from. `null`: nothing is printed. */
    private readonly prefix: string | null = '',
  ) {}

  /** Has the job a log of its own? */
  get isFound(): boolean {
    return this.files.size > 0;
  }

  /** Reads and prints what is new. Trouble with a log is said once and never fails the step. */
  async pump(): Promise<void> {
    try {
      if (this.files.size === 0) await this.locate();
      for (const [name, file] of this.files) await this.read(name, file);
    } catch (error) {
      if (this.hasComplained) return;
      this.hasComplained = true;
      this.agent.warn(`The log of job ${this.jobName} cannot be shown: ${errorText(error)}`);
    }
  }

  /** Reads to the end and prints a last line that has no end. */
  async finish(): Promise<void> {
    await this.pump();
    for (const file of this.files.values()) {
      if (file.rest.length > 0) this.show(file.rest);
      file.rest = Buffer.alloc(0);
    }
  }

  /** Run history names the logs once the run has started; before that it may not know the run at all. */
  private async locate(): Promise<void> {
    try {
      const { logFiles } = await runDetails(this.azure, this.jobName);
      for (const [name, url] of Object.entries(logFiles)) {
        if (!commandLog.test(name)) continue;
        protectSas(this.agent, url);
        const known = this.files.get(name);
        this.files.set(name, { offset: known?.offset ?? 0, rest: known?.rest ?? Buffer.alloc(0), url });
      }
    } catch (error) {
      if (!(error instanceof AzureError && error.status === 404)) throw error;
    }
  }

  private async read(name: string, file: LogFile, isRenewed = false): Promise<void> {
    for (;;) {
      const answer = await this.azure.http.send({
        method: 'GET',
        url: file.url,
        headers: { range: `bytes=${file.offset}-${file.offset + partSize - 1}` },
        accept: [403, 404, 416],
        as: 'buffer',
      });
      if (answer.status === 403 && !isRenewed) {
        await this.locate();
        const renewed = this.files.get(name);
        if (renewed) await this.read(name, renewed, true);
        return;
      }
      if (answer.status >= 400 || !Buffer.isBuffer(answer.body)) return;
      // 200 is the whole log: the other side took no notice of the range.
      const isWhole = answer.status === 200;
      const fresh = isWhole ? answer.body.subarray(file.offset) : answer.body;
      file.offset += fresh.length;
      this.take(file, fresh);
      if (isWhole || fresh.length < partSize) return;
    }
  }

  private take(file: LogFile, fresh: Buffer): void {
    const all = file.rest.length > 0 ? Buffer.concat([file.rest, fresh]) : fresh;
    const end = all.length > longestLine && !all.includes(10) ? all.length : all.lastIndexOf(10) + 1;
    if (end > 0) this.show(all.subarray(0, end));
    file.rest = Buffer.from(all.subarray(end));
  }

  private show(bytes: Buffer): void {
    const text = bytes.toString('utf8').replace(/\r?\n$/, '');
    const lines = text.split('\n');
    const { prefix } = this;
    if (prefix !== null) this.agent.print(lines.map((line) => prefix + line).join('\n'));
    this.lastLines.push(...lines);
    this.lastLines.splice(0, Math.max(0, this.lastLines.length - keptLines));
  }
}
