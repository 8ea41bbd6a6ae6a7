import type { TimelineRecord, TestRun } from '../server';
import type { StepContext, StepSink } from '../task/context';
import type { AgentEvent, Place } from './events';
import type { RecordWriter } from './record';
import { uploadPath, type StepTools } from './step-kinds';

/** Sends what a step does to the server and to whoever watches the run. */
export class ServerSink implements StepSink {
  private reported = 0;

  constructor(
    private readonly record: RecordWriter,
    private readonly tools: StepTools,
    private readonly place: Place,
    private readonly emit: (event: AgentEvent) => void,
    private readonly renumber: (number: string) => Promise<void>,
  ) {}

  line(text: string): void {
    this.record.line(text);
    this.emit({ type: 'line', place: this.place, text });
  }

  attach(type: string, name: string, file: string): Promise<void> {
    return this.tools.server.addAttachment(this.tools.runId, this.record.id, type, name, file);
  }

  addTag(tag: string): Promise<void> {
    return this.tools.server.addTag(this.tools.runId, tag);
  }

  updateBuildNumber(number: string): Promise<void> {
    return this.renumber(number);
  }

  uploadArtifact(name: string, source: string): Promise<void> {
    return uploadPath(this.tools, name, source);
  }

  publishTests(run: Omit<TestRun, 'recordId'>): Promise<void> {
    return this.tools.server.publishTestRun(this.tools.runId, { ...run, recordId: this.record.id });
  }

  changed(step: StepContext): void {
    this.record.update({ state: 'inProgress', ...stepFields(step) });
    const latest = step.progress.at(-1);
    if (!latest || step.progress.length === this.reported) return;
    this.reported = step.progress.length;
    this.emit({ type: 'progress', place: this.place, percent: latest.value, text: latest.text });
  }
}

/** What a timeline record shows of a step. A secret output is listed without its value. */
export function stepFields(step: StepContext): Partial<TimelineRecord> {
  const variables: NonNullable<TimelineRecord['variables']> = {};
  for (const [name, { value, secret }] of step.outputs)
    variables[name] = { value: secret ? '' : value, isSecret: secret };
  return {
    issues: step.issues,
    errorCount: step.errorCount,
    warningCount: step.warningCount,
    percentComplete: step.percentComplete,
    ...(step.currentOperation === undefined ? {} : { currentOperation: step.currentOperation }),
    ...(step.outputs.size === 0 ? {} : { variables }),
  };
}
