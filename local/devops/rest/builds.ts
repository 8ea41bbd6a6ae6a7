import type { Context } from '../context';
import { ServiceError } from '../errors';
import { folderPath } from '../folders';
import { listed, type Call, type Route } from '../http';
import { locations } from '../locations';
import type { StoredRun } from '../model';
import {
  bits,
  demand,
  demandOn,
  demandOwnRun,
  demandPerson,
  folderToken,
  mayViewDefinition,
  visibleDefinition,
  visibleRun,
} from '../permissions';
import { anything, check, map, number, oneOf, optional, shape, text } from '../shape';
import { document, listBuilds, matches } from './build-list';
import { refuseTaken } from './folders';
import { integer } from './values';

const queueBody = shape({
  definition: shape({ id: number }),
  sourceBranch: optional(text),
  templateParameters: optional(map(anything)),
  parameters: optional(text),
});

const definitionBody = shape({
  name: text,
  path: optional(text),
  process: shape({ yamlFilename: text }),
  repository: shape({ name: text, url: optional(text), defaultBranch: optional(text) }),
});

/** Builds: the list with its filters and pages, one build, cancelling, queueing; definitions. */
export function buildRoutes(context: Context): Route[] {
  const { collection, runs, documents } = context;
  const runOf = (call: Call): StoredRun =>
    visibleRun(collection, call.caller, runs.get(integer(call.params.buildId, 'buildId')));
  return [
    {
      location: locations.builds,
      method: 'GET',
      handle: (call) => {
        if (call.params.buildId === undefined) return listBuilds(context, call);
        const run = runOf(call);
        // Without the filter all of them, as far as recordings tell.
        const names = call.option('propertyFilters') ?? Object.keys(run.properties).join(',');
        return { json: document(context, run, names) };
      },
    },
    {
      location: locations.builds,
      method: 'DELETE',
      handle: (call) => {
        const run = runOf(call);
        demandPerson(call.caller, 'delete builds');
        demandOn(collection, call.caller, collection.definition(run.definitionId), bits.build.delete, 'Delete builds');
        runs.delete(run, call.caller.identity.id);
        return { status: 204 };
      },
    },
    {
      location: locations.builds,
      method: 'PATCH',
      handle: (call) => {
        const run = runOf(call);
        demandOwnRun(call.caller, run.id);
        check(shape({ status: oneOf('cancelling') }), call.json());
        demandOn(collection, call.caller, collection.definition(run.definitionId), bits.build.stop, 'Stop builds');
        runs.requestCancel(run, call.caller.identity.id);
        return { json: documents.run(run) };
      },
    },
    {
      location: locations.builds,
      method: 'POST',
      handle: async (call) => {
        const body = check(queueBody, call.json());
        const variables = body.parameters === undefined ? {} : check(map(text), parseParameters(body.parameters));
        const id = await queueRun(context, call, body.definition.id, {
          branch: body.sourceBranch,
          templateParameters: body.templateParameters ?? {},
          variables,
        });
        return { json: documents.run(runs.get(id)) };
      },
    },
    {
      location: locations.definitions,
      method: 'GET',
      handle: (call) => {
        const { definitionId } = call.params;
        if (definitionId !== undefined) {
          const id = integer(definitionId, 'definitionId');
          return { json: documents.definition(visibleDefinition(collection, call.caller, id)) };
        }
        const name = call.option('name');
        const path = call.option('path');
        const found = collection.state.definitions.filter(
          (one) =>
            (name === undefined || matches(one.name, name)) &&
            (path === undefined || matches(one.path, path)) &&
            mayViewDefinition(collection, call.caller, one),
        );
        return listed(found.map((one) => documents.definition(one)));
      },
    },
    {
      location: locations.definitions,
      method: 'POST',
      handle: (call) => {
        const { name, process, repository, ...place } = check(definitionBody, call.json());
        const path = folderPath(place.path);
        demandPerson(call.caller, 'create pipelines');
        const token = folderToken(collection, path);
        demand(collection, call.caller, 'build', bits.build.editDefinition, 'Edit build pipeline', token);
        refuseTaken(context, name, path);
        const { name: repositoryName, url, defaultBranch } = repository;
        const home = { name: repositoryName, url: url ?? '', branch: defaultBranch ?? 'refs/heads/main' };
        const created = collection.addDefinition(name, process.yamlFilename, home, call.caller.identity.id, path);
        return { json: documents.definition(created) };
      },
    },
  ];
}

/** Hands a run to the agent, in the caller's name. */
export async function queueRun(
  context: Context,
  call: Call,
  definitionId: number,
  more: { branch?: string; templateParameters: Record<string, unknown>; variables: Record<string, string> },
): Promise<number> {
  const definition = visibleDefinition(context.collection, call.caller, definitionId);
  demandOn(context.collection, call.caller, definition, bits.build.queue, 'Queue builds');
  if (!context.queue) {
    throw new ServiceError(
      400,
      'NoAgentFoundException',
      context === context.projects[0]
        ? 'No agent is here to take the run. Start the services with `mlops up`, or run the pipeline with `mlops run`.'
        : `No agent takes runs of project ${context.collection.state.projectName} here; only those of the first project have one.`,
    );
  }
  const request = {
    definition,
    branch: more.branch ?? definition.repository.branch,
    templateParameters: more.templateParameters,
    variables: more.variables,
    requestedFor: call.caller.identity.id,
  };
  try {
    return await context.queue(request);
  } catch (error) {
    // The pipeline is at fault (its file, a parameter, a resource that is missing), not the service.
    const message = error instanceof Error ? error.message : String(error);
    throw new ServiceError(400, 'PipelineValidationException', message);
  }
}

function parseParameters(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    throw new ServiceError(
      400,
      'BuildRequestValidationFailedException',
      "'parameters' must be a JSON object in a string.",
    );
  }
}
