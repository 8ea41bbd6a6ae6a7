import { plain } from '../expressions/values';
import { checkGraph, jobOfSteps, readJobs, readPool, readVariables } from './jobs';
import type { PipelinePlan, StagePlan } from './model';
import { isEmpty, type MapNode, type YamlNode } from './nodes';
import { MapReader, Problems } from './reader';
import { nonEmpty } from './steps';
import { PipelineReader } from './templates';
import { checkExpressions } from './check-expressions';

export interface PipelineSource {
  /** Path of the pipeline file, relative to the repository or absolute. */
  yamlFile: string;
  repositoryRoot: string;
  parameters: Record<string, string>;
  predefined: Record<string, string>;
}

/** Keys of a pipeline that start runs, or belong to an organization: a run here is started by hand. */
const harmless = {
  trigger: 'has no effect: a run is started by hand.',
  pr: 'has no effect: a run is started by hand.',
  schedules: 'has no effect: a run is started by hand.',
  resources:
    'has no effect: only the repository itself is there; a use of another resource is refused where it stands.',
  appendCommitMessageToRunName: 'has no effect on the name of a run.',
  lockBehavior: 'has no effect: runs do not wait for each other.',
};

/** What the service knows inside them (azure-pipelines YAML schema). */
const inside = {
  trigger: ['batch', 'branches', 'paths', 'tags'],
  pr: ['autoCancel', 'branches', 'paths', 'drafts'],
  schedules: ['cron', 'displayName', 'branches', 'batch', 'always'],
  resources: [
    'repositories',
    'pipelines',
    'builds',
    'containers',
    'packages',
    'webhooks',
    'repo',
    'clean',
    'fetchDepth',
    'lfs',
  ],
};

/**
 * Reads a pipeline file, expands its templates and checks it.
 * @throws PipelineError with every problem found and its place; nothing has run then.
 */
export function readPipeline(source: PipelineSource): PipelinePlan {
  const reader = new PipelineReader(source.repositoryRoot, source.predefined);
  const { root, parameters } = reader.read(source.yamlFile, source.parameters);
  const problems = new Problems();
  const pipeline = new MapReader(root, 'a pipeline', problems);
  pipeline.harmless(harmless, inside);
  readPool(pipeline, problems);
  const plan: PipelinePlan = {
    name: nonEmpty(pipeline.text('name')),
    variables: readVariables(pipeline.take('variables'), problems),
    stages: readBody(pipeline, problems),
    notes: problems.notes,
    parameters: Object.fromEntries(parameters.entries().map(({ name, value }) => [name, plain(value)])),
  };
  pipeline.done();
  checkExpressions(plan, problems);
  problems.throwIfAny();
  return plan;
}

function readBody(pipeline: MapReader, problems: Problems): StagePlan[] {
  const present = ['stages', 'jobs', 'steps'].filter((name) => pipeline.has(name));
  if (present.length !== 1) {
    const found = present.length === 0 ? 'there is none' : `there are ${present.join(' and ')}`;
    problems.add(pipeline.at, `A pipeline has one of stages, jobs or steps; ${found}.`);
  }
  const stages = pipeline.take('stages');
  const jobs = pipeline.take('jobs');
  const steps = pipeline.take('steps');
  if (stages) return readStages(stages, problems);
  if (jobs) return [defaultStage(jobs, readJobs(jobs, problems))];
  return steps ? [defaultStage(steps, [jobOfSteps(steps, problems)])] : [];
}

function defaultStage(node: YamlNode, jobs: StagePlan['jobs']): StagePlan {
  return {
    name: '__default',
    displayName: '__default',
    dependsOn: [],
    condition: undefined,
    variables: [],
    jobs,
    at: node.at,
  };
}

function readStages(node: YamlNode, problems: Problems): StagePlan[] {
  if (node.kind !== 'list') {
    problems.add(node.at, 'stages must be a list.');
    return [];
  }
  const stages: StagePlan[] = [];
  for (const item of node.items) {
    if (item.kind === 'map') stages.push(readStage(item, stages, problems));
    else problems.add(item.at, 'A stage must be a mapping.');
  }
  if (stages.length === 0) problems.add(node.at, 'A pipeline needs at least one stage.');
  checkGraph(stages, 'stage', problems);
  return stages;
}

/** Without `dependsOn` a stage follows the one before it in the file. */
function readStage(node: MapNode, before: StagePlan[], problems: Problems): StagePlan {
  const reader = new MapReader(node, 'a stage', problems);
  const given = reader.text('stage');
  const name = given && given.text !== '' ? given.text : `Stage${before.length + 1}`;
  if (!reader.has('stage')) problems.add(node.at, 'A stage is one of stage or template.');
  if (!/^[A-Za-z_]\w*$/.test(name)) {
    problems.add(given?.at ?? node.at, `The stage name '${name}' is not valid: letters, digits and underscores only.`);
  }
  const previous = before.at(-1);
  readPool(reader, problems);
  reader.harmless({
    lockBehavior: 'has no effect: runs do not wait for each other.',
    isSkippable: 'has no effect: stages are not skipped by hand.',
    templateContext: 'is for templates of an organization.',
    group: 'has no effect on the order of stages.',
  });
  reader.refused({ trigger: 'stages start by themselves.', checks: 'checks belong to environments.' });
  const jobs = reader.take('jobs');
  const stage: StagePlan = {
    name,
    displayName: reader.string('displayName', name),
    dependsOn: reader.textOrList('dependsOn') ?? (previous ? [{ text: previous.name, at: node.at }] : []),
    condition: nonEmpty(reader.text('condition')),
    variables: readVariables(reader.take('variables'), problems),
    jobs: jobs === undefined || isEmpty(jobs) ? [] : readJobs(jobs, problems),
    at: node.at,
  };
  reader.done();
  return stage;
}
