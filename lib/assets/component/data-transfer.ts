import type { YamlReader } from '../../agent/yaml';
import { openRecord, optional, record, required } from '../shape/record';
import { words } from '../shape/scalars';
import { refine, type Shape } from '../shape/shape';
import { componentFields, definitionOf } from './common';
import type { ComponentDefinition } from './component';
import { dataInputPorts, dataOutputPorts } from './ports';

/** Components that move data: between datastores, from a database or file system, or to one. */

/** What each task has: keys of its own, and the names of its ports (`one`: a single one of any name). */
const tasks = {
  copy_data: { needs: [], may: ['data_copy_mode'], inputs: 'any', outputs: 'one' },
  import_data: { needs: ['source'], may: [], inputs: 'none', outputs: 'sink' },
  export_data: { needs: ['sink'], may: [], inputs: 'source', outputs: 'none' },
} as const;

const outside = record({ type: required(words('file_system', 'database')) });

const fields = openRecord(
  {
    ...componentFields(dataOutputPorts, dataInputPorts),
    type: required(words('data_transfer')),
    task: required(words('copy_data', 'import_data', 'export_data')),
    data_copy_mode: optional(words('merge_with_overwrite', 'fail_if_conflict')),
    source: optional(outside),
    sink: optional(outside),
  },
  'yaml',
);

export const dataTransferComponent: Shape<ComponentDefinition> = refine(fields, (values, at) => {
  const { task, data_copy_mode, source, sink, others } = values;
  const rules = tasks[task];
  checkKeys(at, task, rules.needs, rules.may);
  checkPorts(at.optional('inputs'), Object.keys(values.inputs), task, rules.inputs);
  checkPorts(at.optional('outputs'), Object.keys(values.outputs), task, rules.outputs);
  return definitionOf('data_transfer', values, { ...others, task, data_copy_mode, source, sink }, at, false);
});

function checkKeys(at: YamlReader, task: string, needs: readonly string[], may: readonly string[]): void {
  for (const key of ['data_copy_mode', 'source', 'sink']) {
    const value = at.optional(key);
    if (value && !needs.includes(key) && !may.includes(key)) {
      throw value.error(`${key} does not belong to the task ${task}`, undefined, true);
    }
    if (!value && needs.includes(key)) throw at.error(`"${key}" is missing: the task ${task} needs it`);
  }
}

function checkPorts(place: YamlReader | undefined, names: readonly string[], task: string, wanted: string): void {
  if (!place || wanted === 'any') return;
  const isSingle = names.length === 1 && (wanted === 'one' || names[0] === wanted);
  if (wanted !== 'none' && isSingle) return;
  const needed = wanted === 'none' ? 'none' : wanted === 'one' ? 'exactly one' : `one of the name ${wanted}`;
  throw place.error(`${place.path}: the task ${task} has ${needed}`, undefined, true);
}
