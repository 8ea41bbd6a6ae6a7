import { statSync } from 'node:fs';
import path from 'node:path';

import type { Command } from '../command';
import type { StepContext } from '../task/context';
import type { CommandEntry } from './entry';

/** Commands of the area `build` (agent source `BuildCommandExtension.cs`). */
export const buildCommands: ReadonlyMap<string, CommandEntry> = new Map<string, CommandEntry>([
  ['uploadlog', { run: uploadLog }],
  ['uploadsummary', { run: uploadSummary }],
  ['updatebuildnumber', { run: updateBuildNumber }],
  ['addbuildtag', { run: addBuildTag }],
]);

function uploadLog(step: StepContext, command: Command): void {
  const file = requireFile(command.data, 'Log file');
  step.background('Upload log', step.sink.attach('DistributedTask.Core.Log', 'CustomToolLog', file));
}

function uploadSummary(step: StepContext, command: Command): void {
  const file = requireFile(command.data, 'Markdown summary file');
  const name = `CustomMarkDownSummary-${path.basename(file)}`;
  step.background('Upload summary', step.sink.attach('Distributedtask.Core.Summary', name, file));
}

function updateBuildNumber(step: StepContext, command: Command): void {
  const number = command.data;
  if (number === '') throw new Error('Build number is required.');
  step.job.variables.set('Build.BuildNumber', number);
  step.background('Update Build Number', step.sink.updateBuildNumber(number));
}

function addBuildTag(step: StepContext, command: Command): void {
  const tag = command.data.trim();
  if (tag === '') throw new Error('Build tag is required.');
  step.tags.push(tag);
  step.background('Add Build Tag', step.sink.addTag(tag));
}

function requireFile(file: string, what: string): string {
  if (file === '' || !(statSync(file, { throwIfNoEntry: false })?.isFile() ?? false)) {
    throw new Error(`${what} '${file}' does not exist.`);
  }
  return file;
}
