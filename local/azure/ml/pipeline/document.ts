import type { JobHost, NewJob } from '../job-host';
import { checkCompute, jobResource, readInputs, readOutputs } from '../job-parts';
import { invalid, isObject, optionalObject, optionalText, type Json } from '../wire';
import type { InputPort, PipelineComponent } from './component';
import { readGraph, readSettings } from './graph';
import { givenInput, givenOutput, Lookup } from './lookup';
import type { Graph } from './model';
import { PipelineRun } from './run';
import { startNode } from './start';

/** Checks a request for a pipeline job (swagger: `PipelineJob`) with all its nodes. @throws ArmFault 400 naming the place. */
export function newPipelineJob(host: JobHost, workspace: string, name: string, asked: Json, createdBy: string): NewJob {
  const { core } = host;
  const lookup = new Lookup(core, workspace);
  const computeId = optionalText(asked, 'computeId', 'properties');
  checkCompute(core, workspace, computeId ?? null);
  const settings = readSettings(lookup, asked['settings'], computeId, 'properties.settings');
  const template = templateOf(lookup, asked);
  const inputs = withDefaults(readInputs(asked['inputs']), template?.inputs ?? {});
  const outputs = readOutputs(withPorts(asked['outputs'], template), name, settings.datastore);
  const named = Object.fromEntries(Object.entries(outputs).filter(([key]) => key !== 'default'));
  const graph = readGraph(lookup, {
    jobs: template?.jobs ?? optionalObject(asked['jobs'], 'properties.jobs'),
    inputs: ports(inputs, template, givenInput),
    outputs: ports(named, undefined, givenOutput),
    settings,
    where: 'properties.jobs',
  });
  const document = jobResource(core, workspace, name, asked, {
    createdBy,
    status: 'NotStarted',
    properties: { 'azureml.runsource': 'azureml.PipelineRun', 'azureml.pipelineComponent': 'pipelinerun' },
    specific: {
      jobType: 'Pipeline',
      settings: optionalObject(asked['settings'], 'properties.settings'),
      jobs: graph.jobs,
      inputs,
      outputs,
      sourceJobId: optionalText(asked, 'sourceJobId', 'properties') ?? null,
    },
  });
  return { document, work: () => (control) => pipelineRun(host, graph, control).run() };
}

function pipelineRun(host: JobHost, graph: Graph, control: ConstructorParameters<typeof PipelineRun>[1]): PipelineRun {
  return new PipelineRun(host, control, graph, (node, child, bound, parent) =>
    startNode(host, node, child, bound, parent),
  );
}

/** A job without nodes of its own has those of a component or of an earlier job. */
function templateOf(lookup: Lookup, asked: Json): PipelineComponent | undefined {
  if (Object.keys(optionalObject(asked['jobs'], 'properties.jobs')).length > 0) return undefined;
  const componentId = optionalText(asked, 'componentId', 'properties');
  const sourceJob = optionalText(asked, 'sourceJobId', 'properties');
  if (componentId === undefined)
    return sourceJob === undefined ? undefined : lookup.sourceJob(sourceJob, 'properties.sourceJobId');
  const { component } = lookup.component(componentId, 'properties.componentId');
  if (component.type === 'pipeline') return component;
  throw invalid('The component is not a pipeline.', 'ValidationError', 'properties.componentId');
}

/** Inputs that were not given have the defaults of the component. */
function withDefaults(given: Json, declared: Record<string, InputPort>): Json {
  const inputs: Json = {};
  for (const [name, port] of Object.entries(declared)) {
    if (given[name] !== undefined) continue;
    const isAsset = /^(uri_|mltable|\w+_model)/.test(port.type);
    if (port.default !== undefined)
      inputs[name] = isAsset
        ? { jobInputType: port.type, uri: port.default, mode: 'ReadOnlyMount' }
        : { jobInputType: 'literal', value: port.default };
    else if (!port.isOptional)
      throw invalid(
        `The input '${name}' is required and was not given.`,
        'ValidationError',
        `properties.inputs.${name}`,
      );
  }
  return { ...readInputs(inputs), ...given };
}

function withPorts(given: unknown, template: PipelineComponent | undefined): Json {
  const declared = Object.entries(template?.outputs ?? {});
  return {
    ...Object.fromEntries(declared.map(([name, port]) => [name, { jobOutputType: port.type }])),
    ...optionalObject(given, 'properties.outputs'),
  };
}

function ports<T>(
  members: Json,
  template: PipelineComponent | undefined,
  read: (member: Json) => T,
): Record<string, T> {
  const named = [...Object.keys(members), ...Object.keys(template?.inputs ?? {})];
  return Object.fromEntries(
    [...new Set(named)].map((name) => {
      const member = members[name];
      return [name, read(isObject(member) ? member : {})];
    }),
  );
}
