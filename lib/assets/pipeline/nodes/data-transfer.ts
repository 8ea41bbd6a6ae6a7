import type { YamlReader } from '../../../agent/yaml';
import { definitionOf } from '../../component/common';
import type { ComponentInput, ComponentOutput } from '../../component/component';
import { list, tagged } from '../../shape/collections';
import { dropped, openRecord, optional, record, required } from '../../shape/record';
import { text, words } from '../../shape/scalars';
import { refine, type Shape } from '../../shape/shape';
import { useOf, type ComponentUse } from '../component-use';
import { nodeOf, type Node } from '../node';
import { declaredInputs } from '../node-inputs';
import { declaredOutputs } from '../node-outputs';
import { anyNodeFields, componentNodeFields, nodeCompute } from '../node-parts';

/** Nodes that move data: within the cloud, from a database or a file system, or to a database. */

const database = record(
  {
    type: required(words('database')),
    table_name: optional(text),
    query: optional(text),
    stored_procedure: optional(text),
    stored_procedure_params: optional(
      list(record({ name: required(text), value: required(text), type: required(text) }, 'yaml')),
    ),
    connection: required(text),
  },
  'yaml',
);

const fileSystem = record(
  { type: required(words('file_system')), path: optional(text), connection: required(text) },
  'yaml',
);

const source = tagged<{ type: 'database' | 'file_system' }>('type', { database, file_system: fileSystem });
/** The service exports to databases alone. */
const sink = tagged<{ type: 'database' }>('type', { database });

const copyModes = words('merge_with_overwrite', 'fail_if_conflict');

/** Components of the service itself, by what they connect to. */
const builtin = (name: string): ComponentUse => ({
  id: `azureml://registries/azureml/components/${name}/versions/0.0.1`,
  source: 'BUILTIN',
});

const copyInline = refine(
  record(
    {
      ...anyNodeFields,
      task: required(words('copy_data')),
      compute: nodeCompute,
      data_copy_mode: optional(copyModes),
    },
    'yaml',
  ),
  ({ inputs, outputs, description, ...members }, at) => {
    const { tags = {}, task, data_copy_mode } = members;
    return nodeOf({
      type: 'data_transfer',
      at,
      inputs,
      outputs,
      use: (around) => {
        const ports = { inputs: declaredInputs(inputs, around), outputs: declaredOutputs(outputs, around) };
        checkCopy(at, ports);
        const values = { description, tags, is_deterministic: true, ...ports };
        return useOf(definitionOf('data_transfer', values, { task, data_copy_mode }, at), 'YAML.JOB', at);
      },
      lacksCompute: members.computeId === undefined,
      members: () => members,
    });
  },
);

/** One output: of the type of the only input, or a folder for several. */
function checkCopy(
  at: YamlReader,
  { inputs, outputs }: { inputs: Record<string, ComponentInput>; outputs: Record<string, ComponentOutput> },
): void {
  const [first, ...others] = Object.values(inputs);
  const [target, ...more] = Object.values(outputs);
  const place = at.optional('outputs') ?? at;
  if (!first) throw at.error(`${at.path} has no input to copy`, undefined, true);
  if (!target || more.length > 0) throw place.error(`${at.path} copies to exactly one output`, undefined, true);
  const wanted = others.length > 0 ? 'uri_folder' : first.type;
  if (target.type === wanted) return;
  throw place.error(`${at.path} copies to an output of type ${target.type}; it must be ${wanted}`, undefined, true);
}

const importInline = refine(
  record(
    {
      ...anyNodeFields,
      description: dropped(text),
      task: required(words('import_data')),
      compute: nodeCompute,
      source: required(source),
    },
    'yaml',
  ),
  ({ inputs, outputs, ...members }, at) => {
    if (Object.keys(inputs).length > 0) throw at.required('inputs').error('an import has no inputs', undefined, true);
    onlyPort(at, 'outputs', Object.keys(outputs), 'sink');
    const type = members.source.type === 'database' ? 'mltable' : 'uri_folder';
    const given = outputs.sink;
    if (given?.binding === undefined && (given?.type ?? 'uri_folder') !== type) {
      throw at
        .required('outputs')
        .error(`what is imported from a ${members.source.type} is of type ${type}`, undefined, true);
    }
    return nodeOf({
      type: 'data_transfer',
      at,
      outputs,
      use: builtin(`import_data_${members.source.type}`),
      lacksCompute: members.computeId === undefined,
      members: () => members,
    });
  },
);

const exportInline = refine(
  record(
    {
      ...anyNodeFields,
      description: dropped(text),
      task: required(words('export_data')),
      compute: nodeCompute,
      sink: required(sink),
    },
    'yaml',
  ),
  ({ inputs, outputs, ...members }, at) => {
    if (Object.keys(outputs).length > 0)
      throw at.required('outputs').error('an export has no outputs', undefined, true);
    onlyPort(at, 'inputs', Object.keys(inputs), 'source');
    const given = inputs.source?.given;
    if (given?.kind === 'asset' && given.type !== 'uri_file') {
      throw at.required('inputs').error('what is exported to a database is of type uri_file', undefined, true);
    }
    return nodeOf({
      type: 'data_transfer',
      at,
      inputs,
      use: builtin('export_data_database'),
      lacksCompute: members.computeId === undefined,
      members: () => members,
    });
  },
);

function onlyPort(at: YamlReader, key: 'inputs' | 'outputs', names: readonly string[], wanted: string): void {
  if (names.length === 1 && names[0] === wanted) return;
  throw (at.optional(key) ?? at).error(`${at.path} has exactly one of ${key}, called ${wanted}`, undefined, true);
}

/** A node that moves data and is written out; `task` says how. */
export const dataTransferInline: Shape<Node> = tagged('task', {
  copy_data: copyInline,
  import_data: importInline,
  export_data: exportInline,
});

/** A node that runs a component which moves data. */
export function dataTransferOfComponent(use: Shape<ComponentUse>): Shape<Node> {
  const fields = openRecord(
    {
      ...componentNodeFields,
      task: required(words('copy_data', 'import_data', 'export_data')),
      component: required(use),
      compute: nodeCompute,
      data_copy_mode: optional(copyModes),
      source: optional(source),
      sink: optional(sink),
    },
    'yaml',
  );
  return refine(fields, ({ component, inputs, outputs, others, ...members }, at) =>
    nodeOf({
      type: 'data_transfer',
      at,
      inputs,
      outputs,
      use: component,
      lacksCompute: members.computeId === undefined,
      members: (definition) => ({
        ...members,
        data_copy_mode: definition?.spec.data_copy_mode ?? members.data_copy_mode,
        ...others,
      }),
    }),
  );
}
