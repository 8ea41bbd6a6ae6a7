import { component } from '../component/types';
import { pipelineInputs, type JobInput } from '../parts/inputs';
import { defaultExperiment, jobFields } from '../parts/job';
import { jobOutputs, outputsApiVersion } from '../parts/outputs';
import { componentUse } from '../pipeline/component-use';
import { checkComputes, checkEnds, filledInputs, filledOutputs, jobPorts } from '../pipeline/job';
import { finishedNodes, nodesWith } from '../pipeline/jobs';
import { nodesOf } from '../pipeline/component';
import { settings } from '../pipeline/settings';
import { optional, record, required, withDefault } from '../shape/record';
import { exactly } from '../shape/scalars';
import { refine } from '../shape/shape';
import { kind } from './kind';

const fields = record({
  ...jobFields,
  type: required(exactly('pipeline'), { as: '' }),
  settings: withDefault(settings, () => ({})),
  inputs: withDefault(pipelineInputs, () => ({})),
  outputs: withDefault(jobOutputs, () => ({})),
  jobs: optional(nodesWith(component)),
  component: optional(componentUse(component)),
});

const shape = refine(fields, ({ component: use, jobs: nodes = {}, settings: set, ...job }, at) => {
  if (use && Object.keys(nodes).length > 0) {
    throw at.required('component').error('a pipeline job has jobs or a component, not both', 'Keep one of them.', true);
  }
  const named = { ...set, _source: use ? 'REMOTE.WORKSPACE.JOB' : 'YAML.JOB' };
  const definition = use?.definition;
  if (definition && definition.type !== 'pipeline') {
    throw at
      .required('component')
      .error(
        `the component is of type ${definition.type}, and a pipeline job runs a pipeline`,
        'Put it into jobs, as a node.',
      );
  }
  const all = definition ? nodesOf(definition) : nodes;
  if (job.computeId === undefined && set.default_compute === undefined) checkComputes(all);
  checkEnds(at.optional('settings'), all);
  return {
    ...job,
    displayName: job.displayName ?? definition?.spec.display_name,
    description: job.description ?? definition?.description,
    inputs: present(definition ? filledInputs(job.inputs, definition, at) : job.inputs),
    outputs: definition ? filledOutputs(job.outputs, definition) : job.outputs,
    settings: named,
    componentId: use?.id,
    jobs: finishedNodes(nodes, { inputs: jobPorts(at.optional('inputs')), outputs: jobPorts(at.optional('outputs')) }),
  };
});

/** The service takes no empty value. */
function present(inputs: Record<string, JobInput>): Record<string, JobInput> {
  return Object.fromEntries(Object.entries(inputs).filter(([, input]) => !('value' in input && input.value === '')));
}

/** `az ml job create`, type pipeline. Body: Jobs_CreateOrUpdate, PipelineJob. */
export const pipelineJob = kind({
  name: 'pipeline job',
  schemas: ['pipelineJob.schema.json'],
  signs: { type: ['pipeline'], keys: ['settings', 'compute', 'experiment_name', 'component'] },
  shape,
  resource: ({ name: own, ...job }, scope, name) => ({
    path: `${scope.workspaceId}/jobs/${own ?? name}`,
    body: {
      properties: {
        jobType: 'Pipeline',
        ...job,
        displayName: job.displayName ?? own ?? name,
        experimentName: job.experimentName ?? defaultExperiment(scope.folder),
        isArchived: false,
      },
    },
    apiVersion: outputsApiVersion(job.outputs),
  }),
});
