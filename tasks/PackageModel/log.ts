import type { Agent } from '../../lib/agent/agent';
import { TaskError } from '../../lib/agent/errors';
import type { Azure } from '../../lib/azure/azure';
import { blobVersion, protectSas } from '../../lib/azure/blob';
import { textAt } from '../../lib/agent/json';

const keptLines = 40;

/** The log of a registry's run: an append blob that grows while the run goes on. Prints what is new, line by line. */
export class BuildLog {
  /** The last lines that were printed. */
  readonly lastLines: string[] = [];
  private link: string | undefined;
  private offset = 0;
  private rest = '';

  constructor(
    private readonly azure: Azure,
    private readonly agent: Agent,
    /** ARM path of the run. */
    private readonly run: string,
    private readonly apiVersion: string,
  ) {}

  /** Reads on from where the last call ended. A log that is not there yet, or has nothing new, prints nothing. */
  async read(): Promise<void> {
    for (let renewed = false; ; renewed = true) {
      this.link ??= await this.requestLink();
      const answer = await this.azure.http.send({
        method: 'GET',
        url: this.link,
        headers: { 'x-ms-version': blobVersion, 'x-ms-range': `bytes=${this.offset}-` },
        accept: [403, 404, 416],
        as: 'buffer',
      });
      if (answer.status === 404 || answer.status === 416) return;
      if (answer.status === 403 && !renewed) {
        // The signature lives about an hour; a build may take longer.
        this.link = undefined;
        continue;
      }
      if (answer.status === 403) throw new TaskError(`The log of the build cannot be read (403).`);
      if (Buffer.isBuffer(answer.body))
        this.take(answer.status === 200 ? answer.body.subarray(this.offset) : answer.body);
      return;
    }
  }

  /** Prints the last line, which has no end yet. */
  finish(): void {
    if (this.rest !== '') this.print(this.rest);
    this.rest = '';
  }

  private take(bytes: Buffer): void {
    // A character may be cut at the end of what is there: its bytes are read again next time.
    const whole = bytes.subarray(0, wholeCharacters(bytes));
    this.offset += whole.length;
    const lines = (this.rest + whole.toString('utf8')).split(/\r?\n/);
    this.rest = lines.pop() ?? '';
    for (const line of lines) this.print(line);
  }

  private print(line: string): void {
    this.agent.print(line);
    if (line.trim() === '') return;
    this.lastLines.push(line);
    if (this.lastLines.length > keptLines) this.lastLines.shift();
  }

  /** Operation: Runs_GetLogSasUrl. */
  private async requestLink(): Promise<string> {
    const { body } = await this.azure.arm.post(`${this.run}/listLogSasUrl`, this.apiVersion, undefined, {
      idempotent: true,
    });
    const link = textAt(body, 'logLink');
    if (link === undefined || !URL.canParse(link)) {
      throw new TaskError('The registry gave no address for the log of the build.');
    }
    protectSas(this.agent, link);
    return link;
  }
}

/** Bytes up to the end of the last whole UTF-8 character. */
export function wholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(4, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0b1100_0000) === 0b1000_0000) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}
