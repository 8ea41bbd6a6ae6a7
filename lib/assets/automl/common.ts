import { isoDuration } from '../python';
import { uriOf } from '../parts/inputs';
import { enumeration } from '../parts/sweep';
import { isMap, isText, union } from '../shape/collections';
import { optional, record, required, withDefault, type Fields, type Spelling } from '../shape/record';
import { integerIn, snake, text, word, words } from '../shape/scalars';
import { refine, type Shape } from '../shape/shape';

/** What AutoML tasks of every kind share. Service: AutoMLVertical, TableVertical, ImageVertical, NlpVertical. */

const modes = word({
  ro_mount: 'ro_mount',
  download: 'download',
  direct: 'direct',
  eval_mount: 'eval_mount',
  eval_download: 'eval_download',
});

/**
 * A table to learn from. The service is told where it lies and nothing else: a `mode` has no effect, as with the clients.
 * They take one without a type for a folder, whose address ends with a slash.
 */
const table = refine(
  record({ path: required(text), type: optional(words('mltable')), mode: optional(modes) }),
  ({ type }, at, scope) => ({ jobInputType: 'mltable', uri: uriOf(at.required('path'), scope, type ?? 'uri_folder') }),
);

/** In nodes of pipelines the data is an expression, `${{parent.inputs.x}}`. */
const tableOfNode: Shape = union<unknown>('an expression, or a map with path', [
  { when: isText, shape: text },
  { when: isMap, shape: table },
]);

export const dataOf = (spelling: Spelling): Shape => (spelling === 'camel' ? table : tableOfNode);

/** Minutes; as an ISO duration in jobs. */
export function minutes(spelling: Spelling): Shape {
  const whole = integerIn(1);
  return spelling === 'camel' ? refine(whole, (value) => isoDuration(value * 60)) : whole;
}

/** `timeout_minutes` is `timeout` in the request. */
export const limitOf = (spelling: Spelling, key: 'timeout' | 'trialTimeout') =>
  spelling === 'camel'
    ? optional(minutes(spelling), { as: key })
    : optional(minutes(spelling), { as: `${snake(key)}_minutes` });

/** The task's own name, its metric, its data: what every task has. */
export function taskFields(spelling: Spelling, task: string, metric: Metric): Fields {
  return {
    task: required(enumeration(spelling, task), { as: spelling === 'camel' ? 'taskType' : 'task' }),
    log_verbosity: logVerbosity(spelling, metric),
    primary_metric: metricField(spelling, metric),
    training_data: required(dataOf(spelling)),
    validation_data: optional(dataOf(spelling)),
  };
}

export interface Metric {
  known: readonly string[];
  /** Of a job that names none. */
  standard: string;
  /** Of a node that names none, where it is another. */
  standardOfNode?: string;
  /** The service knows the only one by itself: it may be written, and is not sent. */
  isImplied?: boolean;
  /** Nodes that say nothing about the log send nothing. */
  isQuietAsNode?: boolean;
}

function logVerbosity(spelling: Spelling, { isQuietAsNode }: Metric) {
  const read = enumeration(spelling, 'NotSet', 'Debug', 'Info', 'Warning', 'Error', 'Critical');
  if (spelling === 'yaml' && isQuietAsNode) return optional(read);
  return withDefault(read, () => (spelling === 'camel' ? 'Info' : 'info'));
}

function metricField(spelling: Spelling, { known, standard, standardOfNode = standard, isImplied }: Metric) {
  const read = enumeration(spelling, ...known);
  if (spelling === 'yaml') return withDefault(read, () => snake(standardOfNode));
  return isImplied ? optional(refine(read, () => undefined)) : withDefault(read, () => standard);
}

export const classificationMetrics = [
  'AUCWeighted',
  'Accuracy',
  'NormMacroRecall',
  'AveragePrecisionScoreWeighted',
  'PrecisionScoreWeighted',
] as const;

/** A member that has another name in jobs than in the file. */
export function named(spelling: Spelling, key: string, inJobs: string): { as: string } {
  return { as: spelling === 'camel' ? inJobs : key };
}
