import { answered } from './answered';
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { YamlReader } from '../../agent/yaml';
import type { DataDefinition } from '../register/data-version';
import { pythonTextMap } from '../shape/collections';
import { optional, record, required, withDefault } from '../shape/record';
import { exactly, text, word } from '../shape/scalars';
import { refine, type Scope } from '../shape/shape';
import { isAddress } from './data-source';
import { checkType } from './inputs';
import { assetName, datastoreName, version } from './names';
import { assetAt, existingPath } from './paths';

/** A data asset in a file of its own. */

const fields = record({
  name: optional(assetName),
  version: optional(version),
  type: withDefault(exactly('uri_file', 'uri_folder', 'mltable'), () => 'uri_folder' as const, { as: 'dataType' }),
  path: required(text),
  datastore: optional(datastoreName),
  description: optional(text),
  tags: withDefault(pythonTextMap, () => ({})),
  auto_delete_setting: optional(
    record({
      condition: optional(
        word({ created_greater_than: 'createdGreaterThan', last_accessed_greater_than: 'lastAccessedGreaterThan' }),
      ),
      value: optional(text),
    }),
  ),
  // What an exported data asset has besides: the service fills it in.
  properties: answered,
  id: answered,
  creation_context: answered,
  latest_version: answered,
});

/** A file (`az ml data create`). Without `version` the next free one is taken. */
export const dataFile = refine(fields, ({ name, version, path: value, ...definition }, at, scope) => {
  const place = at.required('path');
  if (name === undefined && version !== undefined) {
    throw at
      .required('version')
      .error('data with a version needs a name', 'Give it a name, or leave version out.', true);
  }
  if (isAddress(value)) return { name, version, definition: { ...definition, source: value } satisfies DataDefinition };
  const local = existingPath.read(place, scope);
  checkType(local, place, definition.dataType);
  const referencedUris = definition.dataType === 'mltable' ? tableUris(local, place, scope) : undefined;
  return { name, version, definition: { ...definition, source: assetAt(local, place, scope), referencedUris } };
});

/** The paths of an MLTable: a folder is one by a file of that name. */
function tableUris(folder: string, at: YamlReader, scope: Scope): string[] {
  const file = path.join(folder, 'MLTable');
  if (!existsSync(file)) throw at.error(`${folder} has no file MLTable, which an mltable needs`);
  return scope
    .open(file, at)
    .reader.required('paths')
    .asList()
    .map((entry) => {
      const place = entry.optional('file') ?? entry.optional('folder') ?? entry.optional('pattern');
      if (!place) throw entry.error(`${entry.path} has neither file, folder nor pattern`);
      return text.read(place, scope);
    });
}
