import { existsSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';

import { checkPipeline, PipelineError } from '../agent';
import type { Approval, DevOpsClient } from './devops-client';
import { Failure } from './errors';
import { follow, type Followed } from './follow';
import type { Output } from './output';

export interface PipelineFile {
  /** Name of the pipeline in Azure DevOps. */
  name: string;
  root: string;
  /** Relative to the root, with forward slashes. */
  file: string;
}

/** The pipeline of a YAML file. The repository is the folder of the file unless another one above it is named. */
export function pipelineFile(file: string, repository?: string): PipelineFile {
  const path = resolve(file);
  if (!existsSync(path) || !statSync(path).isFile()) throw new Failure(`There is no pipeline file ${path}.`);
  const root = realpathSync(repository === undefined ? dirname(path) : resolve(repository));
  const inside = relative(root, realpathSync(path)).split(sep).join('/');
  if (inside.startsWith('../')) throw new Failure(`The pipeline file ${path} is not in the repository ${root}.`);
  const plain = basename(path).replace(/\.ya?ml$/i, '');
  const name = plain === 'azure-pipelines' ? basename(root) : `${basename(root)}-${plain}`;
  return { name, root, file: inside };
}

export interface ExecuteOptions {
  pipeline: PipelineFile;
  parameters: Record<string, string>;
  variables: Record<string, string>;
  output: Output;
  signal: AbortSignal;
  onQueued?: (runId: number) => void;
  onApproval?: (approval: Approval) => Promise<void>;
}

/** Queues a run of the pipeline in the client's name and follows it to its end. */
export async function execute(client: DevOpsClient, options: ExecuteOptions): Promise<Followed> {
  const { pipeline, parameters, variables, output, signal } = options;
  const repository = {
    name: basename(pipeline.root),
    url: pathToFileURL(join(pipeline.root, '/')).href,
    branch: 'refs/heads/main',
  };
  for (const note of await notes(pipeline, parameters)) output.note(`Note: ${note}`);
  const definition = await client.definition(pipeline.name, pipeline.file, repository);
  if (signal.aborted) throw new Failure('Cancelled before the run began.');
  const build = await client.queue(definition, parameters, variables);
  output.note(
    `Run ${build.buildNumber} of ${build.definition.name} for ${build.requestedFor.displayName}: ${build._links.web.href}`,
  );
  options.onQueued?.(build.id);
  return follow(client, build.id, { output, signal, onApproval: options.onApproval });
}

/** What the file says and the agent does without effect. A file that is wrong is refused by the run, with every place. */
async function notes(pipeline: PipelineFile, parameters: Record<string, string>): Promise<string[]> {
  try {
    const yamlFile = pipeline.file;
    return (await checkPipeline({ yamlFile, repositoryRoot: pipeline.root, parameters })).notes;
  } catch (error) {
    if (error instanceof PipelineError) return [];
    throw error;
  }
}

/** The last lines of the logs of tasks that failed, for the person who wants to know why. */
export async function failureLogs(client: DevOpsClient, { build, timeline }: Followed, most = 25): Promise<string[]> {
  const failed = timeline.records.filter((one) => one.type === 'Task' && one.result === 'failed' && one.log);
  const lines: string[] = [];
  for (const record of failed) {
    const log = await client.log(build.id, record.log?.id ?? 0);
    const shown = log.slice(-most);
    lines.push(
      '',
      `Log of ${record.name}${log.length > shown.length ? ` (last ${most} of ${log.length} lines)` : ''}:`,
      ...shown.map((line) => `  ${line}`),
    );
  }
  return lines;
}
