import type { Context } from '../context';
import { buildResult } from '../documents';
import { ServiceError } from '../errors';
import { listed, type Answer, type Call, type Route } from '../http';
import { locations } from '../locations';
import type { StoredRun } from '../model';
import { bits, demand, demandOwnRun, demandPerson } from '../permissions';
import { anything, check, map, number, oneOf, optional, shape, text } from '../shape';
import { integer } from './values';

const largestPage = 5000;
const defaultPage = 1000;

const queueBody = shape({
  definition: shape({ id: number }),
  sourceBranch: optional(text),
  templateParameters: optional(map(anything)),
  parameters: optional(text),
});

const definitionBody = shape({
  name: text,
  process: shape({ yamlFilename: text }),
  repository: shape({ name: text, url: optional(text), defaultBranch: optional(text) }),
});

/** Builds: the list with its filters and pages, one build, cancelling, queueing; definitions. */
export function buildRoutes(context: Context): Route[] {
  const { collection, runs, documents } = context;
  return [
    {
      location: locations.builds,
      method: 'GET',
      handle: (call) => {
        if (call.params.buildId === undefined) return listBuilds(context, call);
        return { json: documents.run(runs.get(integer(call.params.buildId, 'buildId'))) };
      },
    },
    {
      location: locations.builds,
      method: 'PATCH',
      handle: (call) => {
        const run = runs.get(integer(call.params.buildId, 'buildId'));
        demandOwnRun(call.caller, run.id);
        check(shape({ status: oneOf('cancelling') }), call.json());
        demand(collection, call.caller, 'build', bits.build.stop, 'Stop builds');
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
          return { json: documents.definition(collection.definition(integer(definitionId, 'definitionId'))) };
        }
        const name = call.option('name');
        const found = collection.state.definitions.filter((one) => name === undefined || matches(one.name, name));
        return listed(found.map((one) => documents.definition(one)));
      },
    },
    {
      location: locations.definitions,
      method: 'POST',
      handle: (call) => {
        const { name, process, repository } = check(definitionBody, call.json());
        demandPerson(call.caller, 'create pipelines');
        demand(collection, call.caller, 'build', bits.build.editDefinition, 'Edit build pipeline');
        if (collection.state.definitions.some((one) => one.name.toLowerCase() === name.toLowerCase())) {
          throw new ServiceError(409, 'DefinitionExistsException', `A definition named ${name} already exists.`);
        }
        const { name: repositoryName, url, defaultBranch } = repository;
        const home = { name: repositoryName, url: url ?? '', branch: defaultBranch ?? 'refs/heads/main' };
        const created = collection.addDefinition(name, process.yamlFilename, home, call.caller.identity.id);
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
  const definition = context.collection.definition(definitionId);
  demand(context.collection, call.caller, 'build', bits.build.queue, 'Queue builds');
  if (!context.queue) {
    throw new ServiceError(
      400,
      'NoAgentFoundException',
      'No agent is here to take the run. Start the services with `mlops up`, or run the pipeline with `mlops run`.',
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

function listBuilds(context: Context, call: Call): Answer {
  const order = orderOf(call);
  const top = Math.min(largestPage, optionalInteger(call, '$top') ?? defaultPage);
  if (top < 1) throw new ServiceError(400, 'ArgumentException', "The value of '$top' must be at least 1.");
  const keep = filters(context, call, order);
  const found = context.runs
    .all()
    .filter((run) => keep.every((one) => one(run)))
    .sort((a, b) => order.compare(a, b));
  const capped = perDefinition(found, optionalInteger(call, 'maxBuildsPerDefinition'));
  const start = afterToken(capped, call.option('continuationToken'), order);
  const page = capped.slice(start, start + top);
  const next = capped[start + top];
  const names = call.option('properties')?.split(',');
  const value = page.map((run) => ({ ...context.documents.run(run), properties: propertiesOf(run, names) }));
  return listed(value, next ? { 'x-ms-continuationtoken': tokenOf(next, order) } : undefined);
}

interface Order {
  time(run: StoredRun): string;
  compare(a: StoredRun, b: StoredRun): number;
}

function orderOf(call: Call): Order {
  const words = [
    'queueTimeDescending',
    'queueTimeAscending',
    'startTimeDescending',
    'startTimeAscending',
    'finishTimeDescending',
    'finishTimeAscending',
  ] as const;
  const word = check(oneOf(...words), call.option('queryOrder') ?? 'finishTimeDescending', 'queryOrder');
  const sign = word.endsWith('Descending') ? -1 : 1;
  const field = word.startsWith('queue') ? 'queueTime' : word.startsWith('start') ? 'startTime' : 'finishTime';
  // What has no such time yet counts as now: it is the newest.
  const time = (run: StoredRun): string => run[field] ?? '9999-12-31T23:59:59.999Z';
  return { time, compare: (a, b) => sign * (time(a).localeCompare(time(b)) || a.id - b.id) };
}

/** The token is the time of the next build in the order, and its id against equal times. Opaque to clients. */
function tokenOf(run: StoredRun, order: Order): string {
  return `${order.time(run)}_${run.id}`;
}

function afterToken(runs: StoredRun[], token: string | undefined, order: Order): number {
  if (token === undefined) return 0;
  const exact = runs.findIndex((run) => tokenOf(run, order) === token);
  if (exact >= 0) return exact;
  const id = Number(token.split('_').at(-1));
  const same = runs.findIndex((run) => run.id === id);
  if (same < 0)
    throw new ServiceError(400, 'InvalidContinuationTokenException', `The continuation token '${token}' is not valid.`);
  return same;
}

type Filter = (run: StoredRun) => boolean;

function filters(context: Context, call: Call, order: Order): Filter[] {
  const kept: Filter[] = [];
  const add = (name: string, filter: (value: string) => Filter): void => {
    const value = call.option(name);
    if (value !== undefined) kept.push(filter(value));
  };
  add('definitions', (value) => within(numbers(value, 'definitions'), (run) => run.definitionId));
  add('buildIds', (value) => within(numbers(value, 'buildIds'), (run) => run.id));
  add('buildNumber', (value) => (run) => matches(run.number, value));
  add('branchName', (value) => (run) => run.repository.branch === value);
  add('statusFilter', (value) => (run) => value.toLowerCase() === 'all' || includesWord(value, run.state));
  add('resultFilter', (value) => (run) => run.state === 'completed' && includesWord(value, buildResult(run)));
  add('reasonFilter', (value) => (run) => value.toLowerCase() === 'all' || includesWord(value, run.reason));
  add('deletedFilter', (value) => () => value.toLowerCase() !== 'onlydeleted');
  add(
    'tagFilters',
    (value) => (run) =>
      value.split(',').every((tag) => run.tags.some((known) => known.toLowerCase() === tag.trim().toLowerCase())),
  );
  add('requestedFor', (value) => {
    const person = context.collection.findIdentity(value);
    return (run) => run.requestedFor === person?.id;
  });
  add('minTime', (value) => (run) => Date.parse(order.time(run)) >= moment(value, 'minTime'));
  add('maxTime', (value) => (run) => Date.parse(order.time(run)) <= moment(value, 'maxTime'));
  add('repositoryId', (value) => (run) => run.repository.name.toLowerCase() === value.toLowerCase());
  add('queues', (value) => () => numbers(value, 'queues').includes(1));
  return kept;
}

function perDefinition(runs: StoredRun[], most: number | undefined): StoredRun[] {
  if (most === undefined) return runs;
  const seen = new Map<number, number>();
  return runs.filter((run) => {
    const count = (seen.get(run.definitionId) ?? 0) + 1;
    seen.set(run.definitionId, count);
    return count <= most;
  });
}

function propertiesOf(run: StoredRun, names: string[] | undefined): Record<string, unknown> {
  if (!names) return {};
  const wanted = names.map((name) => name.trim().toLowerCase());
  return Object.fromEntries(Object.entries(run.properties).filter(([name]) => wanted.includes(name.toLowerCase())));
}

function within(values: number[], field: (run: StoredRun) => number): Filter {
  return (run) => values.includes(field(run));
}

/** Exact ignoring case, or by prefix when the pattern ends in `*`. */
function matches(value: string, pattern: string): boolean {
  const [left, right] = [value.toLowerCase(), pattern.toLowerCase()];
  return right.endsWith('*') ? left.startsWith(right.slice(0, -1)) : left === right;
}

function includesWord(value: string, word: string): boolean {
  return value.split(',').some((one) => one.trim().toLowerCase() === word.toLowerCase());
}

function numbers(value: string, name: string): number[] {
  return value.split(',').map((one) => integer(one.trim(), name));
}

function optionalInteger(call: Call, name: string): number | undefined {
  const value = call.option(name);
  return value === undefined ? undefined : integer(value, name);
}

function moment(value: string, name: string): number {
  const time = Date.parse(value);
  if (Number.isNaN(time))
    throw new ServiceError(400, 'ArgumentException', `The value '${value}' of '${name}' is not a time.`);
  return time;
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
