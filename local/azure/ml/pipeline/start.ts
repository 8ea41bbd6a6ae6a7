import { attempt, parentage, startCommand } from '../job-children';
import type { JobControl, JobEnd } from '../job-control';
import type { JobHost } from '../job-host';
import { jobResource, readInputs, readOutputs } from '../job-parts';
import { recordJob } from '../job-record';
import { newSweepJob } from '../sweep/document';
import { sweepMembers } from '../sweep/rest';
import type { Json } from '../wire';
import type { Bound } from './bind';
import type { CommandNode, Node, ParallelNode, PipelineNode, SweepNode } from './model';
import { parallelCommand } from './parallel';
import { PipelineRun } from './run';

/** The child of a pipeline that a node becomes. */
interface Child<N extends Node> {
  host: JobHost;
  control: JobControl;
  node: N;
  name: string;
  bound: Bound;
}

/** Starts the job of a node; settles when it has ended. */
export function startNode(host: JobHost, node: Node, name: string, bound: Bound, control: JobControl): Promise<JobEnd> {
  const child = { host, control, name, bound };
  switch (node.type) {
    case 'command':
      return startCommandNode({ ...child, node });
    case 'parallel':
      return startParallelNode({ ...child, node });
    case 'sweep':
      return attempt(() => startSweepNode({ ...child, node }));
    case 'pipeline':
      return attempt(() => startPipelineNode({ ...child, node }));
  }
}

/** What the jobs of all kinds of nodes have. */
function members({ control, node, bound }: Child<Node>): Json {
  return {
    displayName: node.displayName,
    inputs: bound.inputs,
    outputs: bound.outputs,
    ...(bound.computeId === undefined ? {} : { computeId: bound.computeId }),
    properties: {
      'azureml.runsource': 'azureml.StepRun',
      'azureml.nodeid': node.name,
      'azureml.pipelinerunid': control.name,
    },
  };
}

function startCommandNode(child: Child<CommandNode>): Promise<JobEnd> {
  const { component, environmentVariables, timeout } = child.node;
  return startCommand(child.host, child.control, {
    name: child.name,
    componentId: child.node.componentId,
    properties: {
      ...members(child),
      command: component.command,
      environmentId: component.environment,
      ...(component.code === undefined ? {} : { codeId: component.code }),
      environmentVariables,
      ...(timeout === undefined ? {} : { limits: { jobLimitsType: 'Command', timeout } }),
    },
  });
}

function startParallelNode(child: Child<ParallelNode>): Promise<JobEnd> {
  const { task, environmentVariables, componentId } = child.node;
  const places = Object.entries(child.bound.places);
  const kinds = Object.fromEntries(places.map(([name, { kind }]) => [name, kind]));
  return startCommand(child.host, child.control, {
    name: child.name,
    componentId,
    properties: {
      ...members(child),
      command: `python ${task.entryScript} ${task.programArguments}`.trim(),
      environmentId: task.environment,
      ...(task.code === undefined ? {} : { codeId: task.code }),
      environmentVariables,
    },
    command: (bindings, folder) => parallelCommand(task, kinds, bindings, folder),
  });
}

/** A sweep node is a sweep job whose trials get the hyperparameters in the place of inputs. */
function startSweepNode(child: Child<SweepNode>): Promise<JobEnd> {
  const { component, environmentVariables, sweep, componentId } = child.node;
  const command = component.command.replaceAll(/\$\{\{\s*inputs\.([\w.-]+)\s*\}\}/g, (whole, key: string) =>
    sweep.space[key] === undefined ? whole : `\${{search_space.${key}}}`,
  );
  const { userId, experimentName, computeId } = parentage(child.host, child.control);
  const trial = {
    command,
    environmentId: component.environment,
    ...(component.code === undefined ? {} : { codeId: component.code }),
    environmentVariables,
  };
  const asked = { experimentName, computeId, ...members(child), ...sweepMembers(sweep), componentId, trial };
  const { document, work } = newSweepJob(child.host, child.control.workspace, child.name, asked, userId);
  return begin(child, document, work, userId);
}

function startPipelineNode(child: Child<PipelineNode>): Promise<JobEnd> {
  const { host, control, node } = child;
  const { userId, experimentName, computeId } = parentage(host, control);
  const asked = { experimentName, computeId, ...members(child), componentId: node.componentId };
  const document = jobResource(host.core, control.workspace, child.name, asked, {
    createdBy: userId,
    status: 'NotStarted',
    specific: {
      jobType: 'Pipeline',
      settings: {},
      jobs: node.graph.jobs,
      inputs: readInputs(child.bound.inputs),
      outputs: readOutputs(child.bound.outputs, child.name),
    },
  });
  const start = (inner: Node, name: string, bound: Bound, parent: JobControl): Promise<JobEnd> =>
    startNode(host, inner, name, bound, parent);
  return begin(child, document, () => (own) => new PipelineRun(host, own, node.graph, start).run(), userId);
}

function begin(
  { host, control, name }: Child<Node>,
  document: Json,
  work: (id: string) => Parameters<JobHost['runner']['start']>[1],
  userId: string,
): Promise<JobEnd> {
  const id = `${control.workspace}/jobs/${name}`;
  recordJob(host.core, control.workspace, document, { userId, parent: control.name });
  return host.runner.start(id, work(id));
}
