import type { Context } from '../context';
import { buildResult } from '../documents';
import { ServiceError } from '../errors';
import { listed, type Route } from '../http';
import { locations } from '../locations';
import type { Definition, StoredRun } from '../model';
import { mayView, mayViewDefinition, visibleDefinition, visibleRun } from '../permissions';
import { anything, check, flag, map, optional, shape, text } from '../shape';
import { queueRun } from './builds';
import { integer } from './values';

/** The service lists at most this many runs of a pipeline. */
const mostRuns = 10_000;

const runBody = shape({
  previewRun: optional(flag),
  templateParameters: optional(map(anything)),
  variables: optional(map(shape({ value: text, isSecret: optional(flag) }))),
  resources: optional(shape({ repositories: optional(shape({ self: optional(shape({ refName: optional(text) })) })) })),
});

/** Pipelines and their runs, the newer face of definitions and builds. */
export function pipelineRoutes(context: Context): Route[] {
  const { collection, runs } = context;
  const runsOf = (definition: Definition): StoredRun[] =>
    runs
      .all()
      .filter((run) => run.definitionId === definition.id)
      .sort((a, b) => b.id - a.id);
  return [
    {
      location: locations.pipelines,
      method: 'GET',
      handle: (call) => {
        const { pipelineId } = call.params;
        if (pipelineId === undefined) {
          const visible = collection.state.definitions.filter((one) => mayViewDefinition(collection, call.caller, one));
          return listed(visible.map((one) => pipeline(context, one)));
        }
        const found = visibleDefinition(collection, call.caller, integer(pipelineId, 'pipelineId'));
        return {
          json: {
            ...pipeline(context, found),
            configuration: {
              type: 'yaml',
              path: found.yamlFile,
              repository: { id: found.repository.name, type: 'azureReposGit' },
            },
          },
        };
      },
    },
    {
      location: locations.pipelineRuns,
      method: 'GET',
      handle: (call) => {
        const definition = visibleDefinition(collection, call.caller, integer(call.params.pipelineId, 'pipelineId'));
        if (call.params.runId === undefined) {
          return listed(
            runsOf(definition)
              .filter((run) => mayView(collection, call.caller, run))
              .slice(0, mostRuns)
              .map((run) => document(context, definition, run)),
          );
        }
        const run = visibleRun(collection, call.caller, runs.get(integer(call.params.runId, 'runId')));
        if (run.definitionId !== definition.id)
          throw new ServiceError(
            404,
            'PipelineRunNotFoundException',
            `Pipeline ${definition.id} has no run ${run.id}.`,
          );
        return { json: document(context, definition, run) };
      },
    },
    {
      location: locations.pipelineRuns,
      method: 'POST',
      handle: async (call) => {
        const definition = visibleDefinition(collection, call.caller, integer(call.params.pipelineId, 'pipelineId'));
        const body = check(runBody, call.json());
        if (body.previewRun)
          throw new ServiceError(400, 'PreviewNotSupportedException', 'A preview run is not supported here.');
        const variables = Object.entries(body.variables ?? {});
        const secret = variables.find(([, one]) => one.isSecret);
        if (secret)
          throw new ServiceError(
            400,
            'SecretVariableNotSupportedException',
            `The secret variable '${secret[0]}' cannot be given to a run here; use a variable group.`,
          );
        const id = await queueRun(context, call, definition.id, {
          branch: body.resources?.repositories?.self?.refName,
          templateParameters: body.templateParameters ?? {},
          variables: Object.fromEntries(variables.map(([name, { value }]) => [name, value])),
        });
        return { json: document(context, definition, runs.get(id)) };
      },
    },
  ];
}

function pipeline(context: Context, definition: Definition): Record<string, unknown> {
  const reference = pipelineReference(context, definition);
  return { _links: { self: { href: reference.url }, web: { href: webOf(context, definition) } }, ...reference };
}

function pipelineReference(context: Context, definition: Definition): { url: string } & Record<string, unknown> {
  const url = `${context.collection.projectUrl}/_apis/pipelines/${definition.id}?revision=${definition.revision}`;
  return { url, id: definition.id, revision: definition.revision, name: definition.name, folder: definition.path };
}

function webOf(context: Context, definition: Definition): string {
  return `${context.collection.projectUrl}/_build/definition?definitionId=${definition.id}`;
}

function document(context: Context, definition: Definition, run: StoredRun): Record<string, unknown> {
  const url = `${context.collection.projectUrl}/_apis/pipelines/${definition.id}/runs/${run.id}`;
  const reference = pipelineReference(context, definition);
  const states = {
    notStarted: 'inProgress',
    inProgress: 'inProgress',
    cancelling: 'canceling',
    completed: 'completed',
  };
  return {
    _links: {
      self: { href: url },
      web: { href: context.runs.webUrl(run) },
      pipeline: { href: reference.url },
      'pipeline.web': { href: webOf(context, definition) },
    },
    templateParameters: run.templateParameters,
    pipeline: reference,
    state: states[run.state],
    ...(run.state === 'completed'
      ? { result: buildResult(run) === 'partiallySucceeded' ? 'succeeded' : buildResult(run) }
      : {}),
    createdDate: run.queueTime,
    finishedDate: run.finishTime,
    url,
    resources: {
      repositories: {
        self: {
          repository: { id: run.repository.name, type: 'azureReposGit' },
          refName: run.repository.branch,
          version: run.repository.commit,
        },
      },
    },
    id: run.id,
    name: run.number,
  };
}
