import { isDeepStrictEqual } from 'node:util';
import { asBoolean, asObject, asString, asStrings, isObject, type JsonObject } from '../json';
import type { Call, Core, Route } from '../service';
import { readComponent } from './pipeline/component';
import { newestVersion } from './pipeline/lookup';
import { userError, versionedAssets } from './versioned';
import { workspaceId } from './wire';

/** What clients ask for when they want the default version. */
const defaultVersion = 'azureml_default';

/** Components. Swagger: mfe.json, `ComponentContainers_*`, `ComponentVersions_*`; the spec itself is free-form there. */
export function componentRoutes(core: Core): Route[] {
  const routes = versionedAssets(core, { segment: 'components', label: 'Component', create, checkUpdate });
  return routes.map((route) =>
    route.method === 'GET' && route.path.endsWith('/versions/{version}')
      ? { ...route, handle: (call) => route.handle(withDefault(core, call)) }
      : route,
  );
}

function withDefault(core: Core, call: Call): Call {
  if (call.params['version'] !== defaultVersion) return call;
  const container = `${workspaceId(call)}/components/${call.params['name'] ?? ''}`;
  return { ...call, params: { ...call.params, version: newestVersion(core, container) ?? defaultVersion } };
}

function create(sent: JsonObject, name: string, version: string): JsonObject {
  const spec = sent['componentSpec'];
  if (!isObject(spec)) throw userError(400, 'InvalidComponent', 'A component version needs a componentSpec.');
  readComponent(spec, `components/${name}/versions/${version}`);
  return {
    description: asString(sent['description']) ?? asString(spec['description']) ?? null,
    tags: asStrings(sent['tags']),
    properties: asStrings(sent['properties']),
    isArchived: asBoolean(sent['isArchived']) ?? false,
    isAnonymous: asBoolean(sent['isAnonymous']) ?? false,
    // Clients read name and version here.
    componentSpec: { ...spec, name, version },
    provisioningState: 'Succeeded',
  };
}

/** Jobs name a version for what it does: that does not change any more. Where a client read it from may differ. */
function checkUpdate(sent: JsonObject, existing: JsonObject): void {
  const spec = sent['componentSpec'];
  if (!isObject(spec) || isDeepStrictEqual(definition(spec), definition(asObject(existing['componentSpec'])))) return;
  throw userError(
    409,
    'ComponentVersionImmutable',
    'The version of the component exists with another definition; a new definition needs a new version.',
  );
}

/** Members of a spec that do not say what the component does. */
const elsewhere = ['_source', 'id', 'name', 'version'];

function definition(spec: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(spec).filter(([key]) => !elsewhere.includes(key)));
}
