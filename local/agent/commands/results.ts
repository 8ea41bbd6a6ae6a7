import { readFileSync } from 'node:fs';
import path from 'node:path';

import type { Command } from '../command';
import { readJUnit } from '../junit';
import type { TestRun } from '../server';
import type { StepContext } from '../task/context';
import type { CommandEntry } from './entry';
import { booleanProperty, property } from './fields';

/** Commands of the area `results` (agent source `ResultsCommandExtension.cs`); JUnit files only. */
export const resultsCommands: ReadonlyMap<string, CommandEntry> = new Map<string, CommandEntry>([
  ['publish', { run: publish }],
]);

function publish(step: StepContext, command: Command): void {
  const listed = command.data.trim() === '' ? property(command, 'resultfiles') : command.data;
  const files = listed
    .split(',')
    .map((file) => file.trim())
    .filter((file) => file !== '');
  if (files.length === 0) throw new Error('Argument TestResults is missing in ##vso[results.publish] command.');
  const type = property(command, 'type');
  if (type === '') throw new Error('Argument Testrunner is missing in ##vso[results.publish] command.');
  if (type.toLowerCase() !== 'junit') throw new Error(`The local agent publishes JUnit results only, not ${type}.`);
  const title = property(command, 'runtitle');
  const merge = property(command, 'mergeresults').toLowerCase() !== 'false';
  const runs = files.map((file) => ({ file, tests: readResults(step, file) }));
  const buildId = step.job.variables.get('Build.BuildId') ?? '0';
  const name = title === '' ? `${type}_TestResults_${buildId}` : title;
  const failed = runs.flatMap(({ tests }) => tests).filter((test) => test.outcome === 'Failed').length;
  const published: Omit<TestRun, 'recordId'>[] = merge
    ? [{ title: name, tests: runs.flatMap(({ tests }) => tests) }]
    : runs.map(({ file, tests }) => ({ title: `${name} ${path.basename(file)}`, tests }));
  for (const run of published) step.background('Publish test results', step.sink.publishTests(run));
  if (failed > 0 && booleanProperty(command, 'failtaskonfailedtests')) {
    step.background('Publish test results', Promise.reject(new Error(`There are ${failed} failed tests.`)));
  }
}

/** An unreadable file is a warning, as in the agent; the other files are still published. */
function readResults(step: StepContext, file: string): TestRun['tests'] {
  try {
    return readJUnit(readFileSync(file, 'utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    step.warning(
      `Invalid results file. Make sure the result format of the file '${file}' matches 'JUnit' test results format. ${reason}`,
    );
    return [];
  }
}
