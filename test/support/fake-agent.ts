import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Agent } from '../../lib/agent/agent';
import { TaskError } from '../../lib/agent/errors';

export interface FakeAgentOptions {
  inputs?: Record<string, string>;
  variables?: Record<string, string>;
}

/** An agent in memory: takes inputs and variables, records what the task says. */
export class FakeAgent implements Agent {
  readonly lines: string[] = [];
  readonly warnings: string[] = [];
  readonly errors: string[] = [];
  readonly progressed: { percent: number; text: string }[] = [];
  readonly outputs: Record<string, string> = {};
  readonly secrets: string[] = [];
  readonly attachments: { type: string; name: string; content: string; file: string }[] = [];
  readonly summaries: { name: string; markdown: string }[] = [];
  readonly testRuns: { file: string; title: string }[] = [];
  readonly tags: string[] = [];
  readonly cancellation = new AbortController();
  private folder: string | undefined;

  constructor(private readonly options: FakeAgentOptions = {}) {}

  /** Everything that was printed, one text. */
  get log(): string {
    return this.lines.join('\n');
  }

  /** Everything the task said anywhere: log, issues, outputs, attachments, summaries. For "never prints" tests. */
  get everything(): string {
    return [
      this.log,
      ...this.warnings,
      ...this.errors,
      ...this.progressed.map((entry) => entry.text),
      ...Object.values(this.outputs),
      ...this.attachments.map((entry) => entry.content),
      ...this.summaries.map((entry) => entry.markdown),
      ...this.tags,
    ].join('\n');
  }

  get cancelled(): AbortSignal {
    return this.cancellation.signal;
  }

  get temporaryFolder(): string {
    this.folder ??= mkdtempSync(path.join(tmpdir(), 'fake-agent-'));
    return this.folder;
  }

  input(name: string): string | undefined {
    const value = this.options.inputs?.[name];
    return value === undefined || value === '' ? undefined : value;
  }

  requiredInput(name: string): string {
    const value = this.input(name);
    if (value === undefined) throw new TaskError(`Input "${name}" is missing.`);
    return value;
  }

  booleanInput(name: string): boolean {
    const value = this.input(name)?.toLowerCase() ?? 'false';
    if (value !== 'true' && value !== 'false') throw new TaskError(`Input "${name}" is "${value}".`);
    return value === 'true';
  }

  pathInput(name: string): string | undefined {
    const value = this.input(name);
    return value === undefined ? undefined : path.resolve(value);
  }

  variable(name: string): string | undefined {
    return this.options.variables?.[name];
  }

  print(text: string): void {
    this.lines.push(...text.split('\n'));
  }

  warn(text: string): void {
    this.warnings.push(text);
  }

  error(text: string): void {
    this.errors.push(text);
  }

  progress(percent: number, text: string): void {
    this.progressed.push({ percent, text });
  }

  output(name: string, value: string): void {
    this.outputs[name] = value;
  }

  secret(value: string): void {
    this.secrets.push(value);
  }

  attach(type: string, name: string, content: string): string {
    const folder = path.join(this.temporaryFolder, type);
    const file = path.join(folder, name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, content);
    this.attachments.push({ type, name, content, file });
    return file;
  }

  summary(name: string, markdown: string): void {
    this.summaries.push({ name, markdown });
  }

  publishTests(junitFile: string, title: string): void {
    this.testRuns.push({ file: junitFile, title });
  }

  tag(tag: string): void {
    this.tags.push(tag);
  }
}
