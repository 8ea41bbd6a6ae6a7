import { at as inside, textAt } from '../../agent/json';
import type { YamlReader } from '../../agent/yaml';
import { Later, type Soon } from '../later';
import type { Remote } from '../remote';
import { textMap } from '../shape/collections';
import { dropped, optional, record, required, withDefault } from '../shape/record';
import { text, word, words } from '../shape/scalars';
import { refine, type Shape } from '../shape/shape';
import { inputModes, uriOf } from './inputs';
import { assetId } from './references';
import type { Trigger } from './schedule';

/** Data that a monitor looks at, and data that it compares with. Service: MonitoringInputDataBase of 2023-06-01-preview. */

/** How far back a monitor looks where the file does not say, as ISO durations. */
export interface Windows {
  production: string;
  reference: string;
}

/** What a signal is made with: the windows, and the deployment whose collected data stands in for what is not named. */
export interface Setting {
  windows: Windows;
  deployment?: string;
}

export type InSetting<T = unknown> = (setting: Setting) => T;

const days: Readonly<Record<string, number>> = { Day: 1, Week: 7, Month: 30 };

/** As long as from one run to the next, but a day at least; a week where nobody can tell. */
export function windowsOf({ frequency, interval = 1 }: Trigger): Windows {
  if (frequency === undefined) return { production: 'P7D', reference: 'P14D' };
  const length = (days[frequency] ?? 0) * interval || 1;
  return { production: `P${length}D`, reference: `P${length * 2}D` };
}

const types = words('uri_file', 'uri_folder', 'mltable');

const inputData = refine(
  record({
    path: required(text),
    type: withDefault(types, () => 'uri_folder' as const),
    mode: dropped(word(inputModes)),
  }),
  ({ type }, at, scope) => ({ jobInputType: type, uri: uriOf(at.required('path'), scope, type) }),
);

const context = words('model_inputs', 'model_outputs', 'training', 'test', 'validation', 'ground_truth');
type Context = 'model_inputs' | 'model_outputs' | 'app_traces';

const lookback = {
  lookback_window_size: optional(text),
  lookback_window_offset: optional(text),
};

const day = refine(text, (value, at) => {
  if (/^\d{4}-\d{2}-\d{2}$/.test(value) && !Number.isNaN(Date.parse(value))) return `${value}T00:00:00.000Z`;
  throw at.error(`${at.path} is "${value}", which is no day`, 'Write "2026-07-10".');
});

const given = (size: string | undefined, standard: string): string =>
  size === undefined || size === 'default' ? standard : size;

/** What production data consists of; those of language models have neither context nor component. */
const common = {
  input_data: required(inputData),
  data_column_names: optional(textMap),
};

const fields = {
  ...common,
  data_context: optional(context),
  pre_processing_component: optional(assetId('components'), { as: 'preprocessingComponentId' }),
};

/** The latest data: a window that moves with the monitor's runs. */
export const productionData: Shape<InSetting> = refine(
  record({ ...fields, data_window: optional(record(lookback)) }),
  ({ inputData: input, dataColumnNames: columns, dataWindow, ...rest }): InSetting =>
    ({ windows }) => ({
      inputDataType: 'Trailing',
      ...input,
      ...rest,
      columns,
      windowSize: given(dataWindow?.lookbackWindowSize, windows.production),
      windowOffset: given(dataWindow?.lookbackWindowOffset, 'P0D'),
    }),
);

/** Data of language models. */
export const languageData: Shape<InSetting> = refine(
  record({ ...common, data_window: optional(record(lookback)) }),
  ({ inputData: input, dataColumnNames: columns, dataWindow }): InSetting =>
    ({ windows }) => ({
      inputDataType: 'Trailing',
      ...input,
      columns,
      windowSize: given(dataWindow?.lookbackWindowSize, windows.production),
      windowOffset: given(dataWindow?.lookbackWindowOffset, 'P0D'),
    }),
);

/** What is compared with: data that stays, a window that moves, or one that stays. */
export const referenceData: Shape<InSetting> = refine(
  record({
    ...fields,
    data_window: optional(record({ ...lookback, window_start: optional(day), window_end: optional(day) })),
  }),
  ({ inputData: input, dataColumnNames: columns, dataWindow, preprocessingComponentId, ...rest }): InSetting => {
    const all = { ...input, ...rest, columns };
    const { lookbackWindowSize, lookbackWindowOffset, windowStart, windowEnd } = dataWindow ?? {};
    if (lookbackWindowSize !== undefined) {
      return ({ windows }) => ({
        inputDataType: 'Trailing',
        ...all,
        preprocessingComponentId,
        windowSize: given(lookbackWindowSize, windows.reference),
        windowOffset: lookbackWindowOffset === 'default' ? windows.production : (lookbackWindowOffset ?? 'P0D'),
      });
    }
    if (windowStart !== undefined && windowEnd !== undefined) {
      return () => ({ inputDataType: 'Static', ...all, preprocessingComponentId, windowStart, windowEnd });
    }
    return () => ({ inputDataType: 'Fixed', ...all });
  },
);

/**
 * Data that the deployment itself collects, where the file names none.
 *
 * @param place of the signal that wants it
 */
export function collected(place: YamlReader, { deployment }: Setting, what: Context, windows: [string, string]) {
  if (deployment === undefined) {
    throw place.error(
      `${place.path} names no data, and the monitor has no deployment that would collect it`,
      'Give production_data and reference_data, or endpoint_deployment_id in monitoring_target.',
    );
  }
  const [windowSize, windowOffset] = windows;
  const dataContext = what === 'app_traces' ? undefined : what;
  return new Later(async (remote) => {
    const data = await collectedData(remote, deployment, what, place);
    return { inputDataType: 'Trailing', ...data, dataContext, windowSize, windowOffset };
  });
}

/** Operations: OnlineDeployments_Get, DataVersions_Get. */
async function collectedData(
  remote: Remote,
  deployment: string,
  what: Context,
  place: YamlReader,
): Promise<{ jobInputType: string; uri: Soon<string> }> {
  const found = await remote.once(`deployment ${deployment}`, () => remote.get(deployment));
  const uri = dataOf(remote, found, what);
  if (uri === undefined) {
    throw place.error(
      `${place.path} names no data, and ${deployment.split('/').slice(-3).join('/')} does not collect ${what}`,
      'Turn its data_collector on, or give production_data and reference_data.',
    );
  }
  const data = await remote.once(`data ${uri}`, () => remote.get(uri));
  return { jobInputType: textAt(data, 'properties', 'dataType') ?? 'uri_folder', uri };
}

/** As the deployment's collector says; older ones say it in tags. */
function dataOf(remote: Remote, deployment: unknown, what: Context): string | undefined {
  const collection = inside(deployment, 'properties', 'dataCollector', 'collections', what);
  if (collection !== undefined) {
    const isOn = textAt(collection, 'dataCollectionMode')?.toLowerCase() === 'enabled';
    return isOn ? textAt(collection, 'dataId')?.replace(/^azureml:/, '') : undefined;
  }
  const tag = (name: string): string | undefined =>
    textAt(deployment, 'tags', `data_collector.collections.${what}.${name}`);
  const [name, version] = [tag('data.name'), tag('data.version')];
  if (tag('enabled')?.toLowerCase() !== 'true' || name === undefined || version === undefined) return undefined;
  return `${remote.workspaceId}/data/${name}/versions/${version}`;
}
