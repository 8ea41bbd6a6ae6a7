import { isMap, list, looseTextMap, tagged, union } from '../shape/collections';
import { dropped, optional, record, required, withDefault } from '../shape/record';
import { pythonText, text, words } from '../shape/scalars';
import { refine, shape, type Shape } from '../shape/shape';
import { answered } from './answered';
import { localPath } from './paths';

/** Data that is brought in from a database or another cloud, again and again. Service: DataImport of 2023-06-01-preview. */

const parameter = record({ name: required(text), value: required(text), type: optional(text) });

const source: Shape = tagged<unknown>(
  'type',
  {
    database: record({
      type: required(words('database'), { as: 'sourceType' }),
      connection: required(text),
      query: optional(text),
      table_name: optional(text),
      stored_procedure: optional(text),
      stored_procedure_params: optional(list(parameter)),
    }),
    file_system: record({
      type: withDefault(words('file_system'), () => 'file_system' as const, { as: 'sourceType' }),
      connection: required(text),
      path: optional(text),
    }),
  },
  'file_system',
);

const definition = refine(
  record({
    name: required(text, { as: 'assetName' }),
    path: required(text, { as: 'dataUri' }),
    source: required(source),
    // What comes in lies in a folder, whatever it is read as, and each run makes a version.
    type: dropped(words('uri_file', 'uri_folder', 'mltable')),
    version: dropped(pythonText),
    description: optional(text),
    tags: withDefault(looseTextMap, () => ({})),
    // The clients send nothing of it.
    auto_delete_setting: answered,
    properties: answered,
    id: answered,
    creation_context: answered,
  }),
  (value) => ({ ...value, dataType: 'uri_folder', properties: {}, isAnonymous: false, isArchived: false }),
);

/** Written in the schedule, or in a file of its own. */
export const dataImport: Shape = union<unknown>('the path of a file, or a map with name, path and source', [
  { when: isMap, shape: definition },
  {
    when: () => true,
    shape: shape({ type: 'string' }, (at, scope) => {
      const opened = scope.open(localPath(scope.folder, text.read(at, scope)), at);
      return definition.read(opened.reader, opened.scope);
    }),
  },
]);
