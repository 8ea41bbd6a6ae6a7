import { textAt } from '../../agent/json';
import { Later, type Soon } from '../later';
import { parseReference } from '../references';
import { dataResource } from '../register/data-version';
import { idOf } from '../register/versions';
import { isMap, list, mapOf, union } from '../shape/collections';
import { optional, record, required } from '../shape/record';
import { float, text, word } from '../shape/scalars';
import { refine, type Read, type Shape } from '../shape/shape';
import { assetName } from './names';
import { dataSource, type DataSource } from './data-source';
import { referenceAt } from './references';

/** What a deployment collects of its requests and answers, and the data assets that it goes to. */

/** A data asset that exists, or members of the one that is made. */
type CollectionData = { id: Soon<string> } | { name?: string; version?: string; path?: DataSource };

const dataMembers = record({
  name: optional(assetName),
  version: optional(text),
  path: optional(dataSource),
  data_id: optional(text),
});

const collectionData: Shape<CollectionData> = union<CollectionData>('a data asset, or a map with name and path', [
  {
    when: isMap,
    shape: refine(dataMembers, ({ dataId, ...members }, at, scope): CollectionData => {
      if (dataId === undefined) return members;
      const place = at.required('data_id');
      return { id: idOf(referenceAt(dataId, 'data', place), 'data', scope.workspaceId, place) };
    }),
  },
  {
    when: () => true,
    shape: refine(text, (value, at, scope): CollectionData => {
      const reference = parseReference(value, 'data');
      if (!reference) throw at.error(`${at.path} names no data asset`, 'Write azureml:name:version.');
      return { id: idOf(reference, 'data', scope.workspaceId, at) };
    }),
  },
]);

const rate = refine(float, (value, at) => {
  if (value.value >= 0 && value.value <= 1) return value.value;
  throw at.error(`${at.path} is ${value.value}, but a rate is from 0 to 1`);
});

export const dataCollector = record({
  collections: required(
    mapOf(
      record({
        enabled: required(word({ true: 'Enabled', false: 'Disabled' }), { as: 'dataCollectionMode' }),
        data: optional(collectionData),
        client_id: optional(text),
      }),
    ),
  ),
  rolling_rate: optional(word({ hour: 'Hour', day: 'Day', minute: 'Minute' })),
  sampling_rate: optional(rate),
  request_logging: optional(record({ capture_headers: optional(list(text)) })),
});

export type DataCollector = Read<typeof dataCollector>;

/** Where a collection goes unless the file says it. */
const collectorPath = 'azureml://datastores/workspaceblobstore/paths/modelDataCollector';

/**
 * The ids of the data assets of a deployment's collections, each registered when it is settled.
 *
 * Operation: DataVersions_CreateOrUpdate.
 */
export function collectionIds(
  { collections }: DataCollector,
  endpoint: string,
  deployment: string,
): Record<string, Soon<string>> {
  return Object.fromEntries(
    Object.entries(collections).map(([collection, { data = {} }]) => [
      collection,
      'id' in data ? data.id : made(data, endpoint, deployment, collection),
    ]),
  );
}

function made(
  { name, version = '1', path }: Exclude<CollectionData, { id: unknown }>,
  endpoint: string,
  deployment: string,
  collection: string,
): Soon<string> {
  const source = path ?? `${collectorPath}/${endpoint}/${deployment}/${collection}`;
  const named = { name: name ?? `${endpoint}-${deployment}-${collection}`, version };
  return new Later(async (remote) => {
    const asset = await dataResource(remote, { source, dataType: 'uri_folder', tags: {} }, named);
    const answer = await remote.once(`data ${asset.path}`, () => remote.put(asset.path, asset.body));
    return textAt(answer, 'id') ?? asset.path;
  });
}

/** The request's member. @param dataIds by collection */
export function collectorBody(collector: DataCollector, dataIds: Readonly<Record<string, Soon<string>>>): unknown {
  const { collections, rollingRate, samplingRate, requestLogging } = collector;
  return {
    rollingRate,
    requestLogging,
    collections: Object.fromEntries(
      Object.entries(collections).map(([name, { dataCollectionMode, clientId }]) => [
        name,
        { dataCollectionMode, clientId, dataId: dataIds[name], samplingRate },
      ]),
    ),
  };
}
