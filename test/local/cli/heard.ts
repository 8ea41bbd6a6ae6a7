import { Output } from '../../../local/cli/output';

/** Keeps what a command would have printed. */
export class Heard extends Output {
  readonly lines: string[] = [];

  override line(text = ''): void {
    this.lines.push(text);
  }
}
