import assert from 'node:assert/strict';
import { cpSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { StepResult } from '../../local/agent/run-task';
import { repository, shown, type RunOptions, type StandIns } from './stand-ins';

const fixture = path.join(repository, 'test', 'e2e', 'fixtures', 'scorer');

export const modelName = 'scorer';

/** A copy of the small project, a line of its scoring script put in front of `init`'s body where a test asks for it. */
export function scorerProject(standIns: StandIns, name: string, init?: string): string {
  const folder = standIns.folder(`projects/${name}`);
  cpSync(fixture, folder, { recursive: true });
  if (init !== undefined) {
    const script = `import time\n\n\ndef init():\n    print("warming up", flush=True)\n    ${init}\n\n\ndef run(raw):\n    return raw\n`;
    writeFileSync(path.join(folder, 'serving', 'score.py'), script);
  }
  return folder;
}

/** Trains and registers a version of the small model that multiplies by `slope`; gives its number. */
export async function registerScorer(standIns: StandIns, slope: number, options: RunOptions = {}): Promise<string> {
  const sourcesDirectory = fixture;
  const inputs = { jobFile: 'job.yml', set: `inputs.slope=${slope}` };
  const trained = succeeded(await standIns.run('SubmitAmlTraining', inputs, { sourcesDirectory, ...options }));
  const model = { modelName, job: output(trained, 'jobName'), path: 'outputs/model', modelType: 'custom_model' };
  return output(
    succeeded(await standIns.run('RegisterModel', model, { sourcesDirectory, ...options })),
    'modelVersion',
  );
}

/** The step, when it succeeded. */
export function succeeded(step: StepResult): StepResult {
  assert.equal(step.result, 'Succeeded', shown(step));
  assert.equal(step.exitCode, 0, shown(step));
  return step;
}

/** Asserts that a step failed as tasks do, and with this message. */
export function assertFailed(step: StepResult, message: RegExp): void {
  assert.equal(step.result, 'Failed', shown(step));
  assert.equal(step.exitCode, 0, shown(step));
  assert.match(step.issues.map((issue) => issue.message).join('\n'), message, shown(step));
}

/** An output that must be there. */
export function output(step: StepResult, name: string): string {
  const value = step.outputs[name];
  assert.ok(value !== undefined && value !== '', `no output ${name}\n${shown(step)}`);
  return value;
}

/** The evidence of a kind that a step left behind. */
export function evidenceOf(step: StepResult, type: string): Record<string, unknown> {
  const found = step.attachments.filter((attachment) => attachment.type === type);
  assert.equal(found.length, 1, shown(step));
  return JSON.parse(found[0]?.content ?? '') as Record<string, unknown>;
}
