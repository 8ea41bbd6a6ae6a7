import type { Context } from '../context';
import { ServiceError } from '../errors';
import { ensureFolder, folderPath, isInFolder, samePath } from '../folders';
import { listed, type Call, type Route } from '../http';
import { locations } from '../locations';
import type { Definition, Folder } from '../model';
import {
  allows,
  bits,
  buildToken,
  demand,
  demandOn,
  demandPerson,
  folderToken,
  mayViewDefinition,
  moveLists,
  visibleDefinition,
} from '../permissions';
import { check, number, optional, shape, text } from '../shape';
import { integer } from './values';

const folderBody = shape({ path: optional(text), description: optional(text) });

const movedBody = shape({
  name: optional(text),
  path: optional(text),
  revision: number,
  process: optional(shape({ yamlFilename: optional(text) })),
});

/** Folders of pipelines, and pipelines that move between them. Permissions on a folder hold for what is in it. */
export function folderRoutes(context: Context): Route[] {
  const { collection } = context;
  const { state } = collection;
  const edit = (call: Call, path: string): void => {
    demandPerson(call.caller, 'change folders');
    demand(
      collection,
      call.caller,
      'build',
      bits.build.editDefinition,
      'Edit build pipeline',
      folderToken(collection, path),
    );
  };
  return [
    {
      location: locations.folders,
      method: 'GET',
      handle: (call) => {
        const under = pathOf(call);
        const visible = state.folders
          .filter((one) => isInFolder(one.path, under) && mayViewFolder(context, call, one))
          .sort((a, b) => a.path.localeCompare(b.path))
          .map((one) => document(context, one));
        return listed(under === '\\' ? [root(context), ...visible] : visible);
      },
    },
    {
      location: locations.folders,
      method: 'PUT',
      handle: (call) => {
        const body = check(folderBody, call.json());
        const path = pathOf(call, body.path);
        edit(call, path);
        if (path === '\\' || state.folders.some((one) => samePath(one.path, path)))
          throw new ServiceError(409, 'FolderExistsException', `A folder with path ${path} already exists.`);
        ensureFolder(state, path, call.caller.identity.id, body.description ?? '');
        collection.save();
        return { json: document(context, folder(context, path)) };
      },
    },
    {
      location: locations.folders,
      method: 'POST',
      handle: (call) => {
        const found = folder(context, pathOf(call));
        const body = check(folderBody, call.json());
        const path = body.path === undefined ? found.path : folderPath(body.path);
        edit(call, found.path);
        edit(call, path);
        if (!samePath(path, found.path)) rename(context, call, found, path);
        found.description = body.description ?? found.description;
        found.lastChangedBy = call.caller.identity.id;
        found.lastChangedDate = new Date().toISOString();
        collection.save();
        return { json: document(context, found) };
      },
    },
    {
      location: locations.folders,
      method: 'DELETE',
      handle: (call) => {
        const { path } = folder(context, pathOf(call));
        edit(call, path);
        if (state.definitions.some((one) => isInFolder(one.path, path)))
          throw new ServiceError(
            400,
            'FolderNotEmptyException',
            `The folder ${path} holds pipelines; they would be deleted with their runs, which is not done here. Move them first.`,
          );
        state.folders = state.folders.filter((one) => !isInFolder(one.path, path));
        collection.save();
        return { status: 204 };
      },
    },
    { location: locations.definitions, method: 'PUT', handle: (call) => ({ json: changeDefinition(context, call) }) },
  ];
}

function changeDefinition(context: Context, call: Call): Record<string, unknown> {
  const { collection } = context;
  const definition = visibleDefinition(collection, call.caller, integer(call.params.definitionId, 'definitionId'));
  const body = check(movedBody, call.json());
  demandPerson(call.caller, 'change pipelines');
  demandOn(collection, call.caller, definition, bits.build.editDefinition, 'Edit build pipeline');
  if (body.revision !== definition.revision)
    throw new ServiceError(
      409,
      'InvalidDefinitionException',
      `Pipeline ${definition.id} has revision ${definition.revision} by now, not ${body.revision}. Read it again.`,
    );
  const path = body.path === undefined ? definition.path : folderPath(body.path);
  const token = folderToken(collection, path);
  demand(collection, call.caller, 'build', bits.build.editDefinition, 'Edit build pipeline', token);
  const name = body.name ?? definition.name;
  refuseTaken(context, name, path, definition);
  ensureFolder(collection.state, path, call.caller.identity.id);
  moveTo(context, definition, path);
  definition.name = name;
  definition.yamlFile = body.process?.yamlFilename ?? definition.yamlFile;
  definition.revision += 1;
  collection.save();
  return context.documents.definition(definition);
}

/** Throws the service's 409 when another pipeline of the folder has the name. */
export function refuseTaken({ collection }: Context, name: string, path: string, self?: Definition): void {
  const taken = collection.state.definitions.some(
    (one) => one !== self && one.name.toLowerCase() === name.toLowerCase() && samePath(one.path, path),
  );
  if (taken)
    throw new ServiceError(
      409,
      'DefinitionExistsException',
      `A definition named ${name} already exists in folder ${path}.`,
    );
}

function moveTo({ collection }: Context, definition: Definition, path: string): void {
  const before = buildToken(collection, definition);
  definition.path = path;
  moveLists(collection, 'build', before, buildToken(collection, definition));
}

function rename(context: Context, call: Call, found: Folder, path: string): void {
  const { collection } = context;
  const { state } = collection;
  const from = found.path;
  if (path === '\\' || isInFolder(path, from) || state.folders.some((one) => samePath(one.path, path)))
    throw new ServiceError(400, 'InvalidFolderException', `The folder ${from} cannot become ${path}.`);
  ensureFolder(state, path.slice(0, path.lastIndexOf('\\')), call.caller.identity.id);
  const moved = (old: string): string => `${path}${old.slice(from.length)}`;
  for (const one of state.folders.filter((known) => isInFolder(known.path, from))) one.path = moved(one.path);
  for (const one of state.definitions.filter((known) => isInFolder(known.path, from))) one.path = moved(one.path);
  moveLists(collection, 'build', folderToken(collection, from), folderToken(collection, path));
}

/** A folder shows to whoever may see pipelines in it, or one of those below. */
function mayViewFolder({ collection }: Context, call: Call, one: Folder): boolean {
  const token = folderToken(collection, one.path);
  return (
    allows(collection, call.caller, 'build', bits.build.viewDefinition, token) ||
    collection.state.definitions.some(
      (known) => isInFolder(known.path, one.path) && mayViewDefinition(collection, call.caller, known),
    )
  );
}

/** In the route or, as older clients send it, in the query or body. */
function pathOf(call: Call, inBody?: string): string {
  return folderPath(call.params.path ?? call.option('path') ?? inBody);
}

function folder({ collection }: Context, path: string): Folder {
  const found = collection.state.folders.find((one) => samePath(one.path, path));
  if (found) return found;
  throw new ServiceError(404, 'FolderNotFoundException', `The folder ${path} does not exist.`);
}

function document({ documents }: Context, one: Folder): Record<string, unknown> {
  return {
    path: one.path,
    description: one.description,
    createdBy: documents.identity(one.createdBy),
    createdOn: one.createdOn,
    lastChangedBy: documents.identity(one.lastChangedBy),
    lastChangedDate: one.lastChangedDate,
    project: documents.project(),
  };
}

function root({ documents, collection }: Context): Record<string, unknown> {
  const by = documents.identity(collection.buildService.id);
  const { createdOn } = collection.state;
  return { path: '\\', createdBy: by, createdOn, project: documents.project() };
}
