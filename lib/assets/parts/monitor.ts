import type { YamlReader } from '../../agent/yaml';
import { isList, isMap, list, mapOf, tagged, textMap, union } from '../shape/collections';
import { dropped, optional, record, required, withDefault, type Fields } from '../shape/record';
import { anything, boolean, float, integer, text, words } from '../shape/scalars';
import { refine, type Shape } from '../shape/shape';
import { jobInputs, uriOf, withoutPrefix } from './inputs';
import {
  collected,
  languageData,
  productionData,
  referenceData,
  windowsOf,
  type InSetting,
  type Setting,
} from './monitor-data';
import {
  attributionThreshold,
  customThreshold,
  driftThresholds,
  performanceThresholds,
  qualityThresholds,
  safetyThresholds,
  standardDrift,
  standardQuality,
  standardTokens,
  tokenThresholds,
} from './monitor-thresholds';
import { assetId, referenceAt } from './references';
import type { Trigger } from './schedule';

/** Model monitors: signals, compared with thresholds on a schedule. Service: MonitorDefinition of 2023-06-01-preview. */

type Signal = InSetting;

const common = (type: string) => ({
  type: required(words(type), { as: '' }),
  alert_enabled: withDefault(boolean, () => false),
  properties: optional(mapOf(anything)),
});

const modeOf = (isAlerting: boolean): string => (isAlerting ? 'Enabled' : 'Disabled');

const features = union<unknown>('all_features, a list of names, or top_n_feature_importance', [
  { when: isMap, shape: refine(record({ top_n_feature_importance: required(integer) }), topFeatures) },
  { when: isList, shape: refine(list(text), (names) => ({ filterType: 'FeatureSubset', features: names })) },
  { when: () => true, shape: refine(words('all_features'), () => ({ filterType: 'AllFeatures' })) },
]);

function topFeatures({ topNFeatureImportance: top }: { topNFeatureImportance: number }) {
  return { filterType: 'TopNByAttribution', top };
}

const segment = record({
  feature_name: optional(text, { as: 'feature' }),
  feature_values: optional(list(text), { as: 'values' }),
});

type Collection = 'model_inputs' | 'model_outputs';

/** Latest and earlier data that the deployment collects, where the file names none. */
function dataOr(at: YamlReader, setting: Setting, what: Collection, production?: InSetting, reference?: InSetting) {
  const { windows } = setting;
  return {
    productionData: production?.(setting) ?? collected(at, setting, what, [windows.production, 'P0D']),
    referenceData: reference?.(setting) ?? collected(at, setting, what, [windows.reference, windows.production]),
  };
}

const compared = { production_data: optional(productionData), reference_data: optional(referenceData) };

/** Signals that compare latest data with earlier data. */
function comparing(
  type: string,
  signalType: string,
  what: Collection,
  own: Fields,
  constant: object = {},
): Shape<Signal> {
  return refine(record({ ...common(type), ...compared, ...own }), (value, at): Signal => {
    const { alertEnabled, productionData: latest, referenceData: earlier, ...rest } = value;
    return (setting) => ({
      signalType,
      mode: modeOf(alertEnabled),
      ...constant,
      ...rest,
      ...dataOr(at, setting, what, latest, earlier),
    });
  });
}

const ofColumns: Fields = {
  features: optional(features),
  feature_type_override: optional(mapOf(anything), { as: 'featureDataTypeOverride' }),
};

const attribution: Shape<Signal> = refine(
  record({
    ...common('feature_attribution_drift'),
    production_data: optional(list(productionData)),
    reference_data: required(referenceData),
    metric_thresholds: required(attributionThreshold, { as: 'metricThreshold' }),
  }),
  ({ alertEnabled, productionData: latest, referenceData: earlier, ...rest }, at): Signal =>
    (setting) => ({
      signalType: 'FeatureAttributionDrift',
      mode: modeOf(alertEnabled),
      ...rest,
      productionData:
        latest?.map((data) => data(setting)) ??
        (['model_inputs', 'model_outputs'] as const).map((what) =>
          collected(at, setting, what, [setting.windows.production, 'P0D']),
        ),
      referenceData: earlier(setting),
    }),
);

const performance: Shape<Signal> = refine(
  record({
    ...common('model_performance'),
    production_data: required(productionData),
    reference_data: required(referenceData),
    data_segment: optional(segment),
    metric_thresholds: required(performanceThresholds),
  }),
  ({ alertEnabled, productionData: latest, referenceData: earlier, metricThresholds, ...rest }): Signal =>
    (setting) => ({
      signalType: 'ModelPerformance',
      mode: modeOf(alertEnabled),
      ...rest,
      productionData: [latest(setting)],
      referenceData: earlier(setting),
      // The service wants one, and goes by the property.
      metricThreshold: { modelType: 'Classification', metric: 'Accuracy', threshold: { value: 0.9 } },
      properties: { ...rest.properties, 'azureml.modelmonitor.model_performance_thresholds': metricThresholds },
    }),
);

/** Own signals have names of assets as they are written, without `azureml:`. */
const bareComponent = refine(text, (value, at) => {
  referenceAt(value, 'components', at);
  return value.replace(/^azureml:(?!\/\/)/, '');
});

const customData = refine(
  record({
    input_data: required(
      refine(
        record({ path: required(text), type: optional(words('uri_file', 'uri_folder', 'mltable')) }),
        (value, at, scope) => {
          const { path, type = 'uri_folder' } = value;
          const isName = /^azureml:(?!\/\/)/.test(path) || withoutPrefix(path, 'data', scope) !== undefined;
          const uri = uriOf(at.required('path'), scope, type);
          return { jobInputType: type, uri: isName ? path.replace(/^azureml:/, '') : uri };
        },
      ),
    ),
    data_context: optional(words('model_inputs', 'model_outputs', 'training', 'test', 'validation', 'ground_truth')),
    data_column_names: optional(textMap, { as: 'columns' }),
    pre_processing_component: dropped(assetId('components')),
  }),
  ({ inputData, ...rest }) => ({ inputDataType: 'Fixed', ...inputData, ...rest }),
);

const custom: Shape<Signal> = refine(
  record({
    ...common('custom'),
    component_id: required(bareComponent),
    metric_thresholds: required(list(customThreshold)),
    inputs: optional(jobInputs),
    input_data: optional(mapOf(customData), { as: 'inputAssets' }),
    connection: withDefault(
      record({ environment_variables: optional(textMap), secret_config: optional(textMap, { as: 'secrets' }) }),
      () => ({}),
      { as: 'workspaceConnection' },
    ),
  }),
  ({ alertEnabled, ...rest }): Signal =>
    () => ({ signalType: 'Custom', mode: modeOf(alertEnabled), ...rest }),
);

const safety: Shape<Signal> = refine(
  record({
    ...common('generation_safety_quality'),
    production_data: required(list(languageData)),
    connection_id: optional(text, { as: 'workspaceConnectionId' }),
    metric_thresholds: required(safetyThresholds),
    sampling_rate: optional(float),
  }),
  ({ alertEnabled, productionData: latest, ...rest }): Signal =>
    (setting) => ({
      signalType: 'GenerationSafetyQuality',
      mode: modeOf(alertEnabled),
      ...rest,
      productionData: latest.map((data) => data(setting)),
    }),
);

const tokens: Shape<Signal> = refine(
  record({
    ...common('generation_token_statistics'),
    production_data: optional(languageData),
    metric_thresholds: withDefault(tokenThresholds, () => standardTokens),
    sampling_rate: withDefault<unknown>(float, () => 0.1),
  }),
  ({ alertEnabled, productionData: latest, ...rest }, at): Signal =>
    (setting) => ({
      signalType: 'GenerationTokenStatistics',
      mode: modeOf(alertEnabled),
      ...rest,
      productionData: latest?.(setting) ?? collected(at, setting, 'app_traces', ['P7D', 'P0D']),
    }),
);

const signal: Shape<Signal> = tagged<Signal>('type', {
  data_drift: comparing('data_drift', 'DataDrift', 'model_inputs', {
    ...ofColumns,
    data_segment: optional(segment),
    metric_thresholds: optional(driftThresholds),
  }),
  data_quality: comparing('data_quality', 'DataQuality', 'model_inputs', {
    ...ofColumns,
    metric_thresholds: optional(qualityThresholds),
  }),
  prediction_drift: comparing(
    'prediction_drift',
    'PredictionDrift',
    'model_outputs',
    { metric_thresholds: required(driftThresholds) },
    { modelType: 'classification' },
  ),
  feature_attribution_drift: attribution,
  model_performance: performance,
  custom,
  generation_safety_quality: safety,
  generation_token_statistics: tokens,
});

/** What is watched where the file names no signals: everything that the deployment collects. */
function standardSignals(at: YamlReader, setting: Setting, task: string): Record<string, unknown> {
  const mode = 'Disabled';
  if (task === 'QuestionAnswering') {
    const latest = collected(at, setting, 'app_traces', ['P7D', 'P0D']);
    const usage = { metricThresholds: standardTokens, samplingRate: 0.1, productionData: latest };
    return { 'token-usage-signal': { signalType: 'GenerationTokenStatistics', mode, ...usage } };
  }
  const all = { filterType: 'AllFeatures' };
  const inputs = dataOr(at, setting, 'model_inputs');
  const outputs = dataOr(at, setting, 'model_outputs');
  const drift = { mode, metricThresholds: standardDrift };
  return {
    'data-drift-signal': { signalType: 'DataDrift', features: all, ...drift, ...inputs },
    'prediction-drift-signal': { signalType: 'PredictionDrift', modelType: 'classification', ...drift, ...outputs },
    'data-quality-signal': {
      signalType: 'DataQuality',
      mode,
      features: all,
      metricThresholds: standardQuality,
      ...inputs,
    },
  };
}

const compute = record({
  compute_type: dropped(words('ServerlessSpark')),
  instance_type: required(text),
  runtime_version: required(words('3.4', '3.5')),
});

const deploymentId: Shape<string> = refine(text, (value, at, scope) => {
  const bare = value.replace(/^azureml:/, '');
  if (/^\/?subscriptions\/.+\/onlineEndpoints\/[^/]+\/deployments\/[^/]+$/i.test(bare)) return bare;
  const [endpoint, deployment, ...more] = bare.split(':');
  if (endpoint && deployment && more.length === 0) {
    return `${scope.workspaceId}/onlineEndpoints/${endpoint}/deployments/${deployment}`;
  }
  throw at.error(`${at.path} is "${value}", which names no deployment`, 'Write azureml:endpoint:deployment.');
});

const target = record({
  ml_task: withDefault(words('Classification', 'Regression', 'QuestionAnswering'), () => 'Classification' as const, {
    as: 'taskType',
  }),
  endpoint_deployment_id: optional(deploymentId, { as: 'deploymentId' }),
  model_id: optional(assetId('models')),
});

const notification: Shape = union<unknown>('azmonitoring, or a map with emails', [
  {
    when: isMap,
    shape: refine(record({ emails: optional(list(text)) }), ({ emails }) => ({
      alertNotificationType: 'Email',
      emailNotificationSetting: { emails, emailOn: ['JobFailed', 'JobCompleted'] },
    })),
  },
  { when: () => true, shape: refine(words('azmonitoring'), () => ({ alertNotificationType: 'AzureMonitor' })) },
]);

const fields = record({
  compute: required(compute),
  monitoring_target: optional(target),
  monitoring_signals: optional(mapOf(signal)),
  alert_notification: optional(notification, { as: 'alertNotificationSetting' }),
});

/** A monitor; how far back it looks depends on how often it runs. */
export const monitor: Shape<(trigger: Trigger) => unknown> = refine(
  fields,
  ({ compute: machines, monitoringTarget, monitoringSignals, alertNotificationSetting }, at) =>
    (trigger) => {
      const setting = { windows: windowsOf(trigger), deployment: monitoringTarget?.deploymentId };
      const signals =
        monitoringSignals === undefined || Object.keys(monitoringSignals).length === 0
          ? standardSignals(at, setting, monitoringTarget?.taskType ?? 'Classification')
          : Object.fromEntries(Object.entries(monitoringSignals).map(([name, make]) => [name, make(setting)]));
      return {
        computeConfiguration: {
          computeType: 'ServerlessSpark',
          ...machines,
          computeIdentity: { computeIdentityType: 'AmlToken' },
        },
        monitoringTarget,
        signals,
        alertNotificationSetting,
      };
    },
);
