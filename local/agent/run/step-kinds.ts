import { randomUUID } from 'node:crypto';
import { cp, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { holdsFile, refuseArtifactName } from '../commands/artifact';
import type { ProcessGroups } from '../process';
import type { Server } from '../server';
import type { StepContext } from '../task/context';
import { ownEnvironment, scriptEnvironment } from '../task/environment';
import { ExitCodeError, runChild, runTaskStep, withRetries } from '../task/run';
import type { StepPlan } from '../yaml/model';
import { copyRepository } from './git';
import type { JobFolders } from './predefined';
import type { PreparedTask } from './prepare';

/** What the steps of a job work with. */
export interface StepTools {
  server: Server;
  runId: number;
  jobRecordId: string;
  /** Name that an artifact without one gets. */
  defaultArtifact: string;
  repositoryRoot: string;
  workFolder: string;
  folders: JobFolders;
  groups: ProcessGroups;
  retryUnitMs: number;
  task: (plan: StepPlan) => PreparedTask | undefined;
}

/** Does the work of one step. */
export async function workStep(
  step: StepContext,
  plan: StepPlan,
  tools: StepTools,
  signal: AbortSignal,
): Promise<void> {
  switch (plan.kind) {
    case 'task':
      return workTask(step, plan, tools, signal);
    case 'script':
    case 'bash':
      return workScript(step, plan, tools, signal);
    case 'checkout':
      return workCheckout(step, plan, tools);
    case 'publish':
      return workPublish(step, plan, tools);
    case 'download':
      return workDownload(step, plan, tools);
  }
}

async function workTask(
  step: StepContext,
  plan: StepPlan & { kind: 'task' },
  tools: StepTools,
  signal: AbortSignal,
): Promise<void> {
  const task = tools.task(plan);
  if (!task) throw new Error(`The task ${plan.task} was not prepared.`);
  const { definition, inputs, node } = task;
  const line = '==============================================================================';
  for (const text of [line, `Task         : ${definition.name}`, `Version      : ${definition.version}`, line])
    step.write(text);
  const { groups, retryUnitMs } = tools;
  await runTaskStep(step, {
    definition,
    inputs,
    env: plan.env,
    node,
    signal,
    groups,
    retries: plan.retries,
    retryUnitMs,
  });
}

async function workScript(
  step: StepContext,
  plan: StepPlan & { kind: 'script' | 'bash' },
  tools: StepTools,
  signal: AbortSignal,
): Promise<void> {
  const { variables } = step.job;
  const cwd = path.resolve(step.job.repositoryDirectory, variables.expand(plan.workingDirectory.trim()));
  if (!(await stat(cwd).catch(() => undefined))?.isDirectory()) throw new Error(`Not found workingDirectory: ${cwd}`);
  const file = path.join(tools.folders.temp, `${randomUUID()}.sh`);
  const script = variables.expand(plan.script);
  await writeFile(file, script.endsWith('\n') ? script : `${script}\n`, { mode: 0o700 });
  step.write('Generating script.');
  if (plan.kind === 'script') {
    step.write('Script contents:');
    step.write(script.trimEnd());
  }
  step.write('========================== Starting Command Output ===========================');
  const env = {
    ...ownEnvironment(step.job, plan.kind === 'script' ? 'CmdLine' : 'Bash'),
    ...scriptEnvironment(step, plan.env),
  };
  await withRetries(step, { retries: plan.retries, retryUnitMs: tools.retryUnitMs, signal }, async () => {
    const seen = { stderr: 0 };
    const onStderr = (): void => {
      seen.stderr++;
    };
    const args = ['--noprofile', '--norc', file];
    try {
      await runChild(step, { file: 'bash', args, cwd, env, signal, groups: tools.groups, onStderr });
    } catch (error) {
      if (!(error instanceof ExitCodeError)) throw error;
      step.error(`Bash exited with code '${error.exitCode}'.`);
      step.mergeResult('Failed');
    }
    if (plan.failOnStderr && seen.stderr > 0) {
      step.error('Bash wrote one or more lines to the standard error stream.');
      step.mergeResult('Failed');
    }
    return 0;
  });
}

async function workCheckout(step: StepContext, plan: StepPlan & { kind: 'checkout' }, tools: StepTools): Promise<void> {
  if (plan.repository === 'none') {
    step.write('Nothing is checked out.');
    return;
  }
  const { sources } = tools.folders;
  await rm(sources, { recursive: true, force: true });
  await mkdir(sources, { recursive: true });
  const count = await copyRepository(tools.repositoryRoot, sources, tools.workFolder);
  step.write(`Copied ${count} files from ${tools.repositoryRoot} to ${sources}.`);
}

async function workPublish(step: StepContext, plan: StepPlan & { kind: 'publish' }, tools: StepTools): Promise<void> {
  const name = step.job.variables.expand(plan.artifact.trim());
  const source = path.resolve(step.job.repositoryDirectory, step.job.variables.expand(plan.path.trim()));
  await uploadPath(tools, name === '' ? tools.defaultArtifact : name, source);
  step.write(`Uploading pipeline artifact from ${source} for build #${tools.runId}`);
}

/**
 * Uploads a folder or a single file as an artifact.
 * @throws Error when it is not there or holds nothing.
 */
export async function uploadPath(tools: StepTools, name: string, source: string): Promise<void> {
  refuseArtifactName(name);
  const found = await stat(source).catch(() => undefined);
  if (!found) throw new Error(`Path does not exist: ${source}`);
  if (found.isDirectory()) {
    if (!holdsFile(source))
      throw new Error(`Directory '${source}' is empty. Nothing will be added to the artifact '${name}'.`);
    await tools.server.uploadArtifact(tools.runId, name, tools.jobRecordId, source);
    return;
  }
  const folder = path.join(tools.folders.temp, randomUUID());
  await mkdir(folder, { recursive: true });
  await cp(source, path.join(folder, path.basename(source)));
  await tools.server.uploadArtifact(tools.runId, name, tools.jobRecordId, folder);
}

async function workDownload(step: StepContext, plan: StepPlan & { kind: 'download' }, tools: StepTools): Promise<void> {
  if (plan.source === 'none') {
    step.write('Nothing is downloaded.');
    return;
  }
  const name = plan.artifact === undefined ? undefined : step.job.variables.expand(plan.artifact.trim());
  const wanted = name === '' ? undefined : name;
  const given = plan.path === undefined ? '' : step.job.variables.expand(plan.path.trim());
  if (given === '') {
    const downloaded = await tools.server.downloadArtifact(tools.runId, wanted, tools.folders.workspace);
    report(step, wanted, downloaded, tools.folders.workspace);
    return;
  }
  const target = path.resolve(tools.folders.workspace, given);
  const folder = wanted === undefined ? target : path.join(tools.folders.temp, randomUUID());
  const downloaded = await tools.server.downloadArtifact(tools.runId, wanted, folder);
  report(step, wanted, downloaded, target);
  // One artifact with a path of its own: its files go there, without a folder of its name.
  if (wanted !== undefined) await cp(path.join(folder, wanted), target, { recursive: true });
}

function report(step: StepContext, wanted: string | undefined, downloaded: string[], folder: string): void {
  if (wanted !== undefined && downloaded.length === 0) throw new Error(`Artifact ${wanted} was not found for build.`);
  step.write(
    downloaded.length === 0 ? 'This run has no artifacts yet.' : `Downloaded ${downloaded.join(', ')} to ${folder}.`,
  );
}
