import type { TimelineRecord } from './devops-client';
import type { Output } from './output';

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const marks: Record<string, string> = {
  succeeded: '✔',
  succeededWithIssues: '!',
  failed: '✘',
  canceled: '■',
  abandoned: '✘',
  skipped: '–',
};

/** Shows a run as it goes: in a terminal the open stages are redrawn below the finished ones, in a pipe a line for each change. */
export class Progress {
  private readonly told = new Map<string, string>();
  private frame = 0;

  constructor(private readonly output: Output) {}

  update(records: TimelineRecord[]): void {
    const shown = inOrder(records);
    for (const record of shown) this.tell(record, records);
    if (this.output.isTerminal) this.draw(records);
  }

  end(): void {
    this.output.clear();
  }

  /** A line when a record begins or ends; tasks are indented below their stage. */
  private tell(record: TimelineRecord, records: TimelineRecord[]): void {
    const state = record.state === 'completed' ? `completed:${record.result ?? ''}` : record.state;
    if (this.told.get(record.id) === state) return;
    this.told.set(record.id, state);
    const live = this.output.isTerminal;
    if (record.type === 'Checkpoint.Approval') {
      const stage = stageOf(record, records)?.name ?? '';
      this.output.note(
        `  ${stage}: approval ${record.state === 'completed' ? (record.result === 'succeeded' ? 'given' : (record.result ?? '')) : 'awaited'}`,
      );
      return;
    }
    if (record.type === 'Stage') {
      if (record.state === 'completed') this.output.note(lineOf(record));
      else if (record.state === 'inProgress' && !live) this.output.note(`${titleOf(record)} …`);
      return;
    }
    if (record.state !== 'completed' || record.result === 'skipped') return;
    this.output.note(`  ${lineOf(record)}`);
    for (const issue of record.issues ?? []) this.output.note(`      ${issue.type}: ${issue.message}`);
  }

  private draw(records: TimelineRecord[]): void {
    this.frame = (this.frame + 1) % frames.length;
    const open = records.filter((one) => one.type === 'Task' && one.state === 'inProgress');
    const lines = open.map((one) => {
      const percent = one.percentComplete === undefined || one.percentComplete === 0 ? '' : ` ${one.percentComplete} %`;
      const doing = one.currentOperation === undefined ? '' : `: ${one.currentOperation}`;
      return `${frames[this.frame] ?? ''} ${stageOf(one, records)?.name ?? ''} › ${one.name}${percent}${doing} ${duration(one)}`;
    });
    const waiting = records.filter((one) => one.type === 'Checkpoint.Approval' && one.state !== 'completed');
    lines.push(
      ...waiting.map(
        (one) =>
          `${frames[this.frame] ?? ''} ${stageOf(one, records)?.name ?? ''} waits for an approval ${duration(one)}`,
      ),
    );
    this.output.redraw(lines);
  }
}

/** Stages, and what a person follows in them (tasks and approvals), by when they changed; what was skipped comes after. */
function inOrder(records: TimelineRecord[]): TimelineRecord[] {
  const wanted = records.filter((one) => ['Stage', 'Task', 'Checkpoint.Approval'].includes(one.type));
  const moment = (one: TimelineRecord): string =>
    one.state === 'completed' ? (one.finishTime ?? '8') : (one.startTime ?? '9');
  return wanted.sort((a, b) => moment(a).localeCompare(moment(b)) || rank(a) - rank(b));
}

function rank(record: TimelineRecord): number {
  return record.type === 'Stage' ? 1 : 0;
}

export function stageOf(record: TimelineRecord, records: TimelineRecord[]): TimelineRecord | undefined {
  let current: TimelineRecord | undefined = record;
  for (let depth = 0; current && depth < 10; depth += 1) {
    if (current.type === 'Stage') return current;
    const parent: string | undefined = current.parentId;
    current = records.find((one) => one.id === parent);
  }
  return undefined;
}

/** A pipeline without stages has one that the service calls so. */
export function titleOf(record: TimelineRecord): string {
  return record.name === '__default' ? 'Run' : record.name;
}

function lineOf(record: TimelineRecord): string {
  const result = record.result ?? 'succeeded';
  const word = result === 'succeeded' ? '' : ` ${result}`;
  return `${marks[result] ?? '?'} ${titleOf(record)}${word} ${duration(record)}`.trimEnd();
}

/** How long a record took, or has been taking. */
export function duration(record: { startTime?: string; finishTime?: string }): string {
  if (record.startTime === undefined) return '';
  const end = record.finishTime === undefined ? Date.now() : Date.parse(record.finishTime);
  return seconds((end - Date.parse(record.startTime)) / 1000);
}

export function seconds(value: number): string {
  if (value < 10) return `${Math.max(0, value).toFixed(1)} s`;
  if (value < 60) return `${Math.round(value)} s`;
  return `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;
}

export function mark(result: string | undefined): string {
  return marks[result ?? ''] ?? '?';
}
