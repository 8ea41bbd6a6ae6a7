import type { Context } from '../context';
import { ServiceError } from '../errors';
import { listed, type Answer, type Call, type Route } from '../http';
import { locations } from '../locations';
import type { Lease, StoredRun } from '../model';
import { bits, demandOn, demandOwnRun, mayView, visibleRun } from '../permissions';
import { anything, check, flag, isObject, list, number, oneOf, optional, shape, text } from '../shape';
import { integer } from './values';

const dayMs = 86_400_000;

/** What is put on a build afterwards: tags, properties, retention leases. */
export function markRoutes(context: Context): Route[] {
  return [...tagRoutes(context), ...propertyRoutes(context), ...leaseRoutes(context)];
}

function changeable(context: Context, call: Call, permission: number, what: string): StoredRun {
  const run = readable(context, call);
  demandOwnRun(call.caller, run.id);
  demandOnRun(context, call, run, permission, what);
  return run;
}

/** The run of the route, for a caller who may see it. */
function readable({ collection, runs }: Context, call: Call): StoredRun {
  return visibleRun(collection, call.caller, runs.get(integer(call.params.buildId, 'buildId')));
}

function demandOnRun({ collection }: Context, call: Call, run: StoredRun, permission: number, what: string): void {
  demandOn(collection, call.caller, collection.definition(run.definitionId), permission, what);
}

function tagRoutes(context: Context): Route[] {
  const { runs } = context;
  const edit = (call: Call): StoredRun => changeable(context, call, bits.build.editQuality, 'Edit build quality');
  const add = (call: Call, tags: string[]): Answer => {
    const run = edit(call);
    runs.addTags(run, tags, call.caller.identity.id);
    return listed(run.tags);
  };
  const remove = (call: Call, tags: string[]): Answer => {
    const run = edit(call);
    const gone = tags.map((tag) => tag.toLowerCase());
    run.tags = run.tags.filter((tag) => !gone.includes(tag.toLowerCase()));
    runs.touched(run, call.caller.identity.id);
    runs.save(run);
    return listed(run.tags);
  };
  const at = locations.buildTags;
  return [
    { location: at, method: 'GET', handle: (call) => listed(readable(context, call).tags) },
    { location: at, method: 'POST', handle: (call) => add(call, check(list(text), call.json())) },
    { location: at, method: 'PUT', handle: (call) => add(call, [nameOf(call)]) },
    { location: at, method: 'DELETE', handle: (call) => remove(call, [nameOf(call)]) },
    {
      location: at,
      method: 'PATCH',
      handle: (call) => {
        const body = check(shape({ tagsToAdd: optional(list(text)), tagsToRemove: optional(list(text)) }), call.json());
        remove(call, body.tagsToRemove ?? []);
        return add(call, body.tagsToAdd ?? []);
      },
    },
    {
      // Not trimmed: the service lists the tags of all runs to everybody in the project.
      location: locations.projectTags,
      method: 'GET',
      handle: () => listed([...new Set(runs.all().flatMap((run) => run.tags))].sort()),
    },
  ];
}

function nameOf(call: Call): string {
  const tag = call.params.tag;
  if (tag === undefined) throw new ServiceError(400, 'InvalidTagException', 'The tag is missing.');
  return tag;
}

const patchShape = list(
  shape({ op: oneOf('add', 'replace', 'remove', 'test'), path: text, value: optional(anything) }),
);

function propertyRoutes(context: Context): Route[] {
  const { runs } = context;
  const document = (run: StoredRun, filter: string | undefined): Answer => {
    const wanted = filter?.split(',').map((name) => name.trim().toLowerCase());
    const value = Object.fromEntries(
      Object.entries(run.properties).filter(([name]) => !wanted || wanted.includes(name.toLowerCase())),
    );
    return { json: { count: Object.keys(value).length, value } };
  };
  return [
    {
      location: locations.buildProperties,
      method: 'GET',
      handle: (call) => document(readable(context, call), call.option('filter')),
    },
    {
      location: locations.buildProperties,
      method: 'PATCH',
      handle: (call) => {
        const operations = check(patchShape, call.json());
        const run = changeable(context, call, bits.build.updateInformation, 'Update build information');
        const changed = { ...run.properties };
        for (const { op, path, value } of operations) patch(changed, op, path, value);
        run.properties = changed;
        runs.touched(run, call.caller.identity.id);
        runs.save(run);
        return document(run, undefined);
      },
    },
  ];
}

/** One operation of a JSON patch. Limits are those of the service's own validation of properties. */
function patch(properties: Record<string, unknown>, op: string, path: string, value: unknown): void {
  const name = path.replace(/^\//, '').replaceAll('~1', '/').replaceAll('~0', '~');
  const bad = (message: string): ServiceError => new ServiceError(400, 'VssPropertyValidationException', message);
  if (!path.startsWith('/') || name === '' || name !== name.trim() || name.length > 400) {
    throw bad(
      `'${path}' is not the path of a property: '/' and a name of at most 400 characters without blanks around it.`,
    );
  }
  if (op === 'remove') Reflect.deleteProperty(properties, name);
  else if (op === 'test') {
    if (JSON.stringify(properties[name]) !== JSON.stringify(typed(value, name)))
      throw bad(`The test of property '${name}' failed.`);
  } else properties[name] = typed(value, name);
}

/** A value as the service answers it: with its .NET type. */
function typed(value: unknown, name: string): { $type: string; $value: string | number } {
  if (isObject(value) && '$value' in value) return typed(value.$value, name);
  if (typeof value === 'string' && value.length <= 4 * 1024 * 1024) return { $type: 'System.String', $value: value };
  if (typeof value === 'boolean') return { $type: 'System.String', $value: String(value) };
  if (typeof value === 'number')
    return { $type: Number.isInteger(value) ? 'System.Int32' : 'System.Double', $value: value };
  throw new ServiceError(
    400,
    'VssPropertyValidationException',
    `Property '${name}' must be a text of at most 4 Mi characters or a number.`,
  );
}

const newLease = shape({
  daysValid: number,
  definitionId: number,
  ownerId: text,
  protectPipeline: flag,
  runId: number,
});

function leaseRoutes(context: Context): Route[] {
  const { collection, runs } = context;
  const { state } = collection;
  const visible = (call: Call, one: Lease): boolean => {
    const run = runs.find(one.runId);
    return run !== undefined && mayView(collection, call.caller, run);
  };
  const lease = (call: Call, id: string | undefined): Lease => {
    const found = state.leases.find((one) => one.leaseId === integer(id, 'leaseId'));
    if (!found || !visible(call, found))
      throw new ServiceError(
        404,
        'RetentionLeaseNotFoundException',
        `The retention lease ${id ?? ''} could not be found.`,
      );
    return found;
  };
  const until = (days: number): string => {
    if (!Number.isInteger(days) || days < 1)
      throw new ServiceError(400, 'ArgumentException', "'daysValid' must be a whole number of at least 1.");
    return new Date(Math.min(Date.now() + days * dayMs, Date.parse('9999-12-31T00:00:00Z'))).toISOString();
  };
  return [
    {
      location: locations.leases,
      method: 'POST',
      handle: (call) => {
        const created = check(list(newLease), call.json()).map((body): Lease => {
          const run = visibleRun(collection, call.caller, runs.get(body.runId));
          demandOwnRun(call.caller, run.id);
          demandOnRun(context, call, run, bits.build.retain, 'Retain indefinitely');
          const { ownerId, protectPipeline } = body;
          return {
            leaseId: collection.nextId('lease'),
            runId: run.id,
            definitionId: run.definitionId,
            ownerId,
            protectPipeline,
            createdOn: new Date().toISOString(),
            validUntil: until(body.daysValid),
          };
        });
        state.leases.push(...created);
        collection.save();
        return listed(created);
      },
    },
    {
      location: locations.leases,
      method: 'GET',
      handle: (call) => {
        if (call.params.leaseId !== undefined) return { json: lease(call, call.params.leaseId) };
        const owner = call.option('ownerId');
        const [runId, definitionId] = [call.option('runId'), call.option('definitionId')];
        return listed(
          state.leases.filter(
            (one) =>
              (owner === undefined || one.ownerId === owner) &&
              (runId === undefined || one.runId === integer(runId, 'runId')) &&
              (definitionId === undefined || one.definitionId === integer(definitionId, 'definitionId')) &&
              visible(call, one),
          ),
        );
      },
    },
    {
      location: locations.leases,
      method: 'PATCH',
      handle: (call) => {
        const found = lease(call, call.params.leaseId);
        demandOwnRun(call.caller, found.runId);
        demandOnRun(context, call, runs.get(found.runId), bits.build.retain, 'Retain indefinitely');
        const body = check(shape({ daysValid: optional(number), protectPipeline: optional(flag) }), call.json());
        // A lease can only be made longer.
        if (body.daysValid !== undefined && until(body.daysValid) > found.validUntil)
          found.validUntil = until(body.daysValid);
        if (body.protectPipeline !== undefined) found.protectPipeline = body.protectPipeline;
        collection.save();
        return { json: found };
      },
    },
    {
      location: locations.leases,
      method: 'DELETE',
      handle: (call) => {
        const ids = (call.option('ids') ?? '').split(',').map((id) => integer(id.trim(), 'ids'));
        for (const { runId } of ids.map((id) => lease(call, String(id)))) {
          demandOwnRun(call.caller, runId);
          demandOnRun(context, call, runs.get(runId), bits.build.retain, 'Retain indefinitely');
        }
        state.leases = state.leases.filter((one) => !ids.includes(one.leaseId));
        collection.save();
        return { status: 204 };
      },
    },
    {
      location: locations.buildLeases,
      method: 'GET',
      handle: (call) => {
        const run = readable(context, call);
        return listed(state.leases.filter((one) => one.runId === run.id));
      },
    },
  ];
}
