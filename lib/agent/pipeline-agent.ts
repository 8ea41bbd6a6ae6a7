import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as tl from 'azure-pipelines-task-lib/task';
import type { Agent, Outcome } from './agent';
import { environmentName, refuseStandIn } from './hygiene';
import { TaskError } from './errors';
import { neutralLine, neutralLines } from './neutralise';
import type { Redactor } from './redactor';

/**
 * The agent behind azure-pipelines-task-lib. Everything a task says passes the neutraliser and `redactor`; only
 * `task.setsecret` carries a secret, as the agent's protocol demands.
 */
export class PipelineAgent implements Agent {
  private lastPercent = -1;

  constructor(
    private readonly redactor: Redactor,
    readonly cancelled: AbortSignal,
  ) {}

  get temporaryFolder(): string {
    const folder = this.variable('Agent.TempDirectory');
    if (!folder)
      throw new TaskError(
        'The agent gave no temporary folder (variable Agent.TempDirectory).',
        'Run this task on an Azure Pipelines agent.',
      );
    return folder;
  }

  input(name: string): string | undefined {
    refuseStandIn(environmentName(`input_${name}`));
    return tl.getInput(name) ?? undefined;
  }

  requiredInput(name: string): string {
    const value = this.input(name);
    if (value === undefined) throw new TaskError(`Input "${name}" is missing.`, `Give the step an input "${name}".`);
    return value;
  }

  booleanInput(name: string): boolean {
    const value = this.input(name)?.toLowerCase() ?? 'false';
    if (value !== 'true' && value !== 'false') {
      throw new TaskError(`Input "${name}" is "${value}".`, 'Write true or false.');
    }
    return value === 'true';
  }

  pathInput(name: string): string | undefined {
    refuseStandIn(environmentName(`input_${name}`));
    return tl.filePathSupplied(name) ? tl.getPathInput(name) : undefined;
  }

  variable(name: string): string | undefined {
    if (/^system\./i.test(name)) refuseStandIn(environmentName(name), name);
    return tl.getVariable(name) ?? undefined;
  }

  print(text: string): void {
    process.stdout.write(`${this.safe(text)}\n`);
  }

  warn(text: string): void {
    tl.warning(this.safe(text));
  }

  error(text: string): void {
    tl.error(this.safe(text));
  }

  progress(percent: number, text: string): void {
    const whole = Math.max(0, Math.min(100, Math.round(percent)));
    if (whole <= this.lastPercent) return;
    this.lastPercent = whole;
    tl.setProgress(whole, this.safe(text));
  }

  output(name: string, value: string): void {
    if (this.redactor.redact(value) !== value) {
      throw new TaskError(`Output "${name}" would carry a secret.`, 'This is a fault of the task: please report it.');
    }
    tl.setVariable(name, neutralLine(value), false, true);
  }

  secret(value: string): void {
    for (const form of this.redactor.add(value)) {
      process.stdout.write(`##vso[task.setsecret]${form.replace(/%/g, '%AZP25')}\n`);
    }
  }

  attach(type: string, name: string, content: string): string {
    const file = this.writeFile(path.join('attachments', type), name, content);
    tl.addAttachment(type, name, file);
    return file;
  }

  summary(name: string, markdown: string): void {
    tl.uploadSummary(this.writeFile('summaries', `${name}.md`, markdown));
  }

  publishTests(junitFile: string, title: string): void {
    const properties = { type: 'JUnit', resultFiles: junitFile, runTitle: title, mergeResults: 'false' };
    tl.command('results.publish', properties, '');
  }

  tag(tag: string): void {
    tl.addBuildTag(this.safe(tag));
  }

  complete(outcome: Outcome): void {
    const results = {
      succeeded: tl.TaskResult.Succeeded,
      succeededWithIssues: tl.TaskResult.SucceededWithIssues,
      failed: tl.TaskResult.Failed,
    } as const;
    const message = outcome.message ? this.safe(outcome.message) : '';
    if (outcome.result === 'failed') tl.error(message);
    else if (outcome.result === 'succeededWithIssues') tl.warning(message);
    else if (message) this.print(message);
    tl.command('task.complete', { result: tl.TaskResult[results[outcome.result]] }, message);
  }

  private safe(text: string): string {
    // Twice: a secret may span lines, and one that was cut by control characters is whole only without them.
    return this.redactor.redact(neutralLines(this.redactor.redact(text)).join('\n'));
  }

  /** One file a step: the folder of the step's record keeps two steps of a job apart. */
  private writeFile(folder: string, name: string, content: string): string {
    const step = this.variable('System.TaskInstanceId') ?? String(process.pid);
    const file = path.join(this.temporaryFolder, 'mlops', step, folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, this.redactor.redact(content));
    return file;
  }
}
