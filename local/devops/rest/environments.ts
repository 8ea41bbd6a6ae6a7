import type { Context } from '../context';
import { ServiceError } from '../errors';
import { listed, type Answer, type Call, type Route } from '../http';
import { locations, type Location } from '../locations';
import type { Deployment, Environment } from '../model';
import {
  bits,
  demand,
  demandPerson,
  dropLists,
  environmentToken,
  mayViewEnvironment,
  visibleEnvironment,
} from '../permissions';
import { check, optional, shape, text } from '../shape';
import { integer } from './values';

const body = shape({ name: optional(text), description: optional(text) });

/** Environments and what was deployed to them, at the present address and at the older one. */
export function environmentRoutes(context: Context): Route[] {
  return [
    ...routesAt(context, locations.environments, locations.environmentRecords),
    ...routesAt(context, locations.oldEnvironments, locations.oldEnvironmentRecords),
  ];
}

function routesAt(context: Context, location: Location, records: Location): Route[] {
  const { collection } = context;
  const one = (call: Call): Environment =>
    visibleEnvironment(collection, call.caller, integer(call.params.environmentId, 'environmentId'));
  return [
    {
      location,
      method: 'GET',
      handle: (call) => {
        if (call.params.environmentId !== undefined)
          return { json: { ...document(context, one(call)), resources: [] } };
        const name = call.option('name')?.toLowerCase();
        const found = collection.state.environments
          .filter((environment) => name === undefined || nameMatches(environment.name, name))
          .filter((environment) => mayViewEnvironment(collection, call.caller, environment.id))
          .sort((a, b) => a.id - b.id);
        return paged(call, found, call.option('$top'), (environment) => document(context, environment));
      },
    },
    {
      location,
      method: 'POST',
      handle: (call) => {
        const { name = '', description = '' } = check(body, call.json());
        demandPerson(call.caller, 'create environments');
        demand(collection, call.caller, 'environment', bits.environment.create, 'Create environment');
        if (name.trim() === '') throw new ServiceError(400, 'ArgumentException', 'An environment needs a name.');
        if (collection.state.environments.some((known) => known.name.toLowerCase() === name.toLowerCase())) {
          throw new ServiceError(409, 'EnvironmentExistsException', `Environment with name ${name} already exists.`);
        }
        return {
          json: {
            ...document(context, collection.addEnvironment(name, description, call.caller.identity.id)),
            resources: [],
          },
        };
      },
    },
    {
      location,
      method: 'PATCH',
      handle: (call) => {
        const environment = one(call);
        const change = check(body, call.json());
        demand(collection, call.caller, 'environment', bits.environment.manage, 'Manage environment', environment.id);
        environment.name = change.name ?? environment.name;
        environment.description = change.description ?? environment.description;
        environment.lastModifiedBy = call.caller.identity.id;
        environment.lastModifiedOn = new Date().toISOString();
        collection.save();
        return { json: document(context, environment) };
      },
    },
    {
      location,
      method: 'DELETE',
      handle: (call) => {
        const environment = one(call);
        const { state } = collection;
        demand(
          collection,
          call.caller,
          'environment',
          bits.environment.administer,
          'Administer environment',
          environment.id,
        );
        state.environments = state.environments.filter((known) => known !== environment);
        state.checks = state.checks.filter((known) => known.resource.id !== String(environment.id));
        dropLists(collection, 'environment', environmentToken(collection, environment.id));
        collection.save();
        return { status: 204 };
      },
    },
    {
      location: records,
      method: 'GET',
      handle: (call) => {
        const { id } = one(call);
        const found = collection.state.deployments
          .filter((known) => known.environmentId === id)
          .sort((a, b) => b.id - a.id);
        return paged(call, found, call.option('top') ?? call.option('$top'), (deployment) =>
          record(context, deployment),
        );
      },
    },
  ];
}

/** The token is the id with which the next page begins. */
function paged<T extends { id: number }>(
  call: Call,
  all: T[],
  top: string | undefined,
  document: (one: T) => unknown,
): Answer {
  const token = call.option('continuationToken');
  const start = token === undefined ? 0 : all.findIndex((one) => one.id === integer(token, 'continuationToken'));
  if (start < 0)
    throw new ServiceError(
      400,
      'InvalidContinuationTokenException',
      `The continuation token '${token ?? ''}' is not valid.`,
    );
  const end = top === undefined ? all.length : start + integer(top, 'top');
  const next = all[end];
  return listed(all.slice(start, end).map(document), next ? { 'x-ms-continuationtoken': String(next.id) } : undefined);
}

function nameMatches(name: string, pattern: string): boolean {
  return pattern.endsWith('*') ? name.toLowerCase().startsWith(pattern.slice(0, -1)) : name.toLowerCase() === pattern;
}

function document(context: Context, environment: Environment): Record<string, unknown> {
  const { projectId, projectName } = context.collection.state;
  return {
    id: environment.id,
    name: environment.name,
    description: environment.description,
    createdBy: context.documents.identity(environment.createdBy),
    createdOn: environment.createdOn,
    lastModifiedBy: context.documents.identity(environment.lastModifiedBy),
    lastModifiedOn: environment.lastModifiedOn,
    project: { id: projectId, name: projectName },
  };
}

function record(context: Context, deployment: Deployment): Record<string, unknown> {
  const { collection, runs } = context;
  const run = runs.get(deployment.runId);
  const definition = collection.definition(run.definitionId);
  const web = { href: runs.webUrl(run) };
  return {
    id: deployment.id,
    environmentId: deployment.environmentId,
    requestIdentifier: `${run.planId}/${deployment.stageName}/${deployment.jobName}`,
    planType: 'Build',
    planId: run.planId,
    scopeId: collection.state.projectId,
    serviceOwner: '00025394-6065-48ca-87d9-7f5672854ef7',
    stageName: deployment.stageName,
    jobName: deployment.jobName,
    stageAttempt: deployment.stageAttempt,
    jobAttempt: deployment.jobAttempt,
    definition: {
      id: definition.id,
      name: definition.name,
      _links: { web: { href: `${collection.projectUrl}/_build/definition?definitionId=${definition.id}` } },
    },
    owner: { id: run.id, name: run.number, _links: { web } },
    queueTime: deployment.queueTime,
    startTime: deployment.startTime,
    finishTime: deployment.finishTime,
    result: deployment.result,
    resourceId: null,
  };
}
