import type { YamlReader } from '../../agent/yaml';
import { answered } from './answered';
import { Later, type Soon } from '../later';
import { pythonStr } from '../python-repr';
import { parseReference, type AssetReference } from '../references';
import { registerModel, type AssetName, type ModelDefinition } from '../register/model';
import { idOf } from '../register/versions';
import { anyKey, isMap, list, mapOf, union, valuesOf, unlessBare } from '../shape/collections';
import { optional, record, required, withDefault } from '../shape/record';
import { anything, text, words } from '../shape/scalars';
import { refine, type Shape } from '../shape/shape';
import { isAddress } from './data-source';
import { assetName, datastoreName, version } from './names';
import { assetAt, existingPath } from './paths';
import { checkPrefix } from './references';

/** Models: a file of their own, or what a deployment says about its model. */

/** Whatever stands in a model's tags and properties is sent as Python's text of it; what has no value is left out. */
const texts: Shape<Record<string, string>> = valuesOf(refine(anything, pythonStr), anyKey);

const template = record({ asset_id: optional(text) });

const members = {
  type: withDefault(words('custom_model', 'mlflow_model', 'triton_model'), () => 'custom_model' as const, {
    as: 'modelType',
  }),
  path: required(text),
  datastore: optional(datastoreName),
  description: optional(text),
  tags: withDefault(texts, () => ({})),
  properties: withDefault(texts, () => ({})),
  stage: optional(text),
  flavors: optional(
    unlessBare(
      mapOf(
        refine(mapOf(anything, undefined, anyKey), (data) => ({ data })),
        undefined,
        anyKey,
      ),
    ),
  ),
  default_deployment_template: optional(template),
  allowed_deployment_templates: optional(list(template)),
  version: optional(version),
  // What an exported model has besides: the service fills it in.
  system_metadata: answered,
  id: answered,
  utc_time_created: answered,
  creation_context: answered,
  job_name: answered,
  latest_version: answered,
  intellectual_property: answered,
};

type Read = Omit<ModelDefinition, 'source'> & { path: string; name?: string; version?: string };

function defined<T extends Read>(inner: Shape<T>): Shape<{ definition: ModelDefinition; named?: AssetName }> {
  return refine(inner, ({ path, name, version, ...definition }, at, scope) => {
    const place = at.required('path');
    const source =
      isAddress(path) || path.startsWith('runs:/') ? path : assetAt(existingPath.read(place, scope), place, scope);
    const isFile =
      typeof source === 'string' ? /\.[^/]*$/.test(source.replace(/^[^:]*:\/\/[^/]*/, '')) : !source.isFolder;
    if (isFile && definition.modelType === 'mlflow_model') {
      throw place.error(
        `${path} is a file; an mlflow_model is a folder`,
        'Name the folder that holds the MLmodel file.',
      );
    }
    if (name === undefined && version !== undefined) {
      throw at
        .required('version')
        .error('a model with a version needs a name', 'Give it a name, or leave version out.', true);
    }
    if (name === undefined && typeof source === 'string') {
      throw place.error(
        `${path} is no local file or folder; a model without a name is named by its local content`,
        'Give the model a name, or name a registered one as azureml:name:version.',
      );
    }
    return { definition: { ...definition, source }, named: name === undefined ? undefined : { name, version } };
  });
}

/** A file of its own (`az ml model create`). Without `version` the next free one is taken. */
export const modelFile = defined(record({ ...members, name: required(assetName) }));

/** What a registry has is registered already: a deployment names it, and makes no model of its own from it. */
function checkSource(source: unknown, at: YamlReader): void {
  if (typeof source !== 'string' || !/^azureml:\/\/registries\//i.test(source)) return;
  const place = at.required('path');
  throw place.error(`${place.path} is a model of a registry`, 'Write its id as the model, not as a path in a map.');
}

/** The model of a deployment: one that is registered, or what the file defines. */
export type ModelChoice =
  | { kind: 'reference'; reference: AssetReference; id: Soon<string> }
  | { kind: 'definition'; definition: ModelDefinition; named?: AssetName };

/** A model by reference, or defined where it is used: with a name it is registered under it, else under its content's. */
export const modelChoice: Shape<ModelChoice> = union<ModelChoice>('a reference or the definition of a model', [
  {
    when: isMap,
    shape: refine(defined(record({ ...members, name: optional(assetName) })), (model, at) => {
      checkSource(model.definition.source, at);
      return { kind: 'definition', ...model };
    }),
  },
  {
    when: () => true,
    shape: {
      ...refine(text, (value, at, scope): ModelChoice => {
        checkPrefix(value, at);
        const reference = parseReference(value, 'models');
        if (!reference) {
          throw at.error(
            `${at.path} is "${value}", which names no model`,
            'Write azureml:name:version, azureml:name@latest, an ARM id, azureml://registries/…, or a map with path.',
          );
        }
        return { kind: 'reference', reference, id: idOf(reference, 'models', scope.workspaceId, at) };
      }),
      schema: () => ({ type: 'string', pattern: '^azureml:' }),
    },
  },
]);

/** The ARM id of a deployment's model, registered first where the file defines it. */
export function modelId(model: ModelChoice): Soon<string> {
  if (model.kind === 'reference') return model.id;
  return new Later((remote) => registerModel(remote, model.definition, model.named));
}
