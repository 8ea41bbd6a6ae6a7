import type { YamlReader } from '../agent/yaml';
import { isoDuration } from './python';
import { parseReference, type AssetReference } from './references';
import { integerOf, optionalText, pythonText, textOf, wordOf } from './values';

/** Members of online deployments, in the words of the REST API. */

export interface DataCollector {
  rollingRate?: string;
  requestLogging?: { captureHeaders: string[] };
  collections: Record<string, { mode: string; samplingRate?: number; data?: AssetReference }>;
}

export function readScale(reader: YamlReader | undefined, kind: string): Record<string, unknown> | undefined {
  if (!reader) return undefined;
  const table: Record<string, string> =
    kind === 'Managed' ? { default: 'Default' } : { default: 'Default', target_utilization: 'TargetUtilization' };
  const scaleType = wordOf(reader.required('type'), table);
  if (scaleType === 'Default') {
    reader.object(['type']);
    return { scaleType };
  }
  reader.object(['type', 'min_instances', 'max_instances', 'polling_interval', 'target_utilization_percentage']);
  return {
    scaleType,
    minInstances: integer(reader, 'min_instances'),
    maxInstances: integer(reader, 'max_instances'),
    pollingInterval: seconds(reader, 'polling_interval'),
    targetUtilizationPercentage: integer(reader, 'target_utilization_percentage'),
  };
}

export function readRequests(reader: YamlReader | undefined): Record<string, unknown> | undefined {
  if (!reader) return undefined;
  reader.object(['request_timeout_ms', 'max_concurrent_requests_per_instance', 'max_queue_wait_ms']);
  return {
    requestTimeout: milliseconds(reader, 'request_timeout_ms'),
    maxConcurrentRequestsPerInstance: integer(reader, 'max_concurrent_requests_per_instance'),
    maxQueueWait: milliseconds(reader, 'max_queue_wait_ms'),
  };
}

export function readProbe(reader: YamlReader | undefined): Record<string, unknown> | undefined {
  if (!reader) return undefined;
  reader.object(['initial_delay', 'period', 'timeout', 'success_threshold', 'failure_threshold']);
  return {
    initialDelay: seconds(reader, 'initial_delay'),
    period: seconds(reader, 'period'),
    timeout: seconds(reader, 'timeout'),
    successThreshold: integer(reader, 'success_threshold'),
    failureThreshold: integer(reader, 'failure_threshold'),
  };
}

export function readResources(reader: YamlReader | undefined): Record<string, unknown> | undefined {
  if (!reader) return undefined;
  reader.object(['requests', 'limits']);
  const amounts = (key: string): Record<string, string | undefined> | undefined => {
    const value = reader.optional(key)?.object(['cpu', 'memory', 'nvidia.com/gpu']);
    return (
      value && {
        cpu: optionalText(value, 'cpu'),
        memory: optionalText(value, 'memory'),
        gpu: optionalText(value, 'nvidia.com/gpu'),
      }
    );
  };
  return { containerResourceRequests: amounts('requests'), containerResourceLimits: amounts('limits') };
}

const rollingRates = { year: 'Year', month: 'Month', day: 'Day', hour: 'Hour', minute: 'Minute' };

export function readCollector(reader: YamlReader | undefined): DataCollector | undefined {
  if (!reader) return undefined;
  reader.object(['collections', 'rolling_rate', 'sampling_rate', 'request_logging']);
  const common = reader.optionalNumber('sampling_rate');
  const logging = reader.optional('request_logging')?.object(['capture_headers']);
  const collections = reader.required('collections').entries();
  return {
    rollingRate: reader.has('rolling_rate') ? wordOf(reader.required('rolling_rate'), rollingRates) : undefined,
    requestLogging: logging && { captureHeaders: logging.list('capture_headers').map(textOf) },
    collections: Object.fromEntries(collections.map(([name, value]) => [name, readCollection(value, common)])),
  };
}

function readCollection(reader: YamlReader, samplingRate: number | undefined): DataCollector['collections'][string] {
  reader.object(['enabled', 'sampling_rate', 'data']);
  const enabled = reader.optional('enabled');
  const isEnabled = enabled !== undefined && /^true$/i.test(pythonText(enabled));
  const data = reader.optional('data');
  const reference = data && parseReference(textOf(data), 'data');
  if (data && !reference) throw data.error('data names no data asset', 'Write azureml:name:version.');
  return {
    mode: isEnabled ? 'Enabled' : 'Disabled',
    samplingRate: reader.optionalNumber('sampling_rate') ?? samplingRate,
    data: reference,
  };
}

function integer(reader: YamlReader, key: string): number | undefined {
  const value = reader.optional(key);
  return value && integerOf(value);
}

function seconds(reader: YamlReader, key: string): string | undefined {
  const value = integer(reader, key);
  return value === undefined ? undefined : isoDuration(value);
}

/** `PT1M30S`, `PT1.5S`: as Python's isodate prints a duration. */
function milliseconds(reader: YamlReader, key: string): string | undefined {
  const value = integer(reader, key);
  if (value === undefined) return undefined;
  const rest = value % 1000;
  const whole = isoDuration(Math.floor(value / 1000));
  if (rest === 0) return whole;
  const fraction = (rest / 1000).toFixed(3).slice(1).replace(/0+$/, '');
  if (/\dS$/.test(whole)) return whole.replace(/S$/, `${fraction}S`);
  return `${whole === 'P0D' ? 'PT' : whole.includes('T') ? whole : `${whole}T`}0${fraction}S`;
}
