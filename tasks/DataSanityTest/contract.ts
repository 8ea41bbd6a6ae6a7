import { readFile } from 'node:fs/promises';
import { TaskError, errorText } from '../../lib/agent/errors';
import { parseYaml, type YamlReader } from '../../lib/agent/yaml';
import { sha256Hex } from '../../lib/agent/hash';
import { readColumn } from './column';
import { readTableQuality } from './quality';
import type { Contract, Table } from './rules';

/** Keys of ODCS v3.1 that say nothing about the content of the data. */
const descriptive = [
  'apiVersion',
  'kind',
  'id',
  'name',
  'version',
  'status',
  'tenant',
  'tags',
  'servers',
  'dataProduct',
  'description',
  'domain',
  'support',
  'price',
  'team',
  'roles',
  'authoritativeDefinitions',
  'customProperties',
  'contractCreatedTs',
];

const tableKeys = [
  'id',
  'name',
  'physicalName',
  'physicalType',
  'logicalType',
  'description',
  'businessName',
  'tags',
  'properties',
  'quality',
  'dataGranularityDescription',
  'authoritativeDefinitions',
  'customProperties',
];

/**
 * Reads a data contract: Open Data Contract Standard v3.1 (v3.0 where it says the same). What the standard has and this
 * task cannot check is refused where it stands; what is prose by its own word (`type: text`) is noted.
 *
 * @param file path of the YAML file
 * @throws TaskError with `file:line:column`
 */
export async function readContract(file: string): Promise<Contract> {
  const content = await readContent(file);
  const root = await parseYaml(file, content);
  refuseUnsupported(root, ['slaProperties', 'slaDefaultElement'], 'service levels');
  root.object([...descriptive, 'schema']);
  checkHead(root);
  const notes: string[] = [];
  const schema = root.required('schema').asList();
  if (schema.length === 0) throw root.required('schema').error('schema has no entry', 'Describe one table.');
  const tables = schema.map((entry) => readTable(entry, notes));
  refuseRepeated(
    schema,
    tables.map(({ name }) => name),
  );
  return {
    id: root.optionalString('id'),
    name: root.optionalString('name'),
    version: root.optionalString('version'),
    sha256: sha256Hex(content),
    tables,
    notes,
  };
}

function checkHead(root: YamlReader): void {
  const kind = root.required('kind');
  if (kind.asString() !== 'DataContract') throw kind.error(`kind is "${kind.asString()}"`, 'Write kind: DataContract.');
  const version = root.required('apiVersion');
  if (!/^v3\.[01]\.\d+$/.test(version.asString())) {
    throw version.error(`apiVersion ${version.asString()} is not supported`, 'Write the contract in ODCS v3.1.0.');
  }
  for (const key of ['id', 'version', 'status']) root.string(key);
}

function readTable(entry: YamlReader, notes: string[]): Table {
  refuseUnsupported(entry.object(), ['relationships'], 'foreign keys');
  entry.object(tableKeys);
  const name = entry.string('name');
  const logicalType = entry.optional('logicalType');
  if (logicalType && logicalType.asString() !== 'object')
    throw logicalType.error(`logicalType of a table is "${logicalType.asString()}"`, 'Write object.');
  const properties = entry.required('properties').asList();
  if (properties.length === 0) throw entry.required('properties').error(`the table ${name} has no property`);
  const read = properties.map((property) => readColumn(property, name, notes));
  const columns = read.map(({ column }) => column);
  refuseRepeated(
    properties,
    columns.map((column) => column.name),
  );
  refuseRepeated(
    properties,
    columns.map((column) => column.header),
  );
  const quality = readTableQuality(entry, { table: name, columns }, notes);
  const keys = read.flatMap(({ column, keyPosition }) => (keyPosition === undefined ? [] : [{ column, keyPosition }]));
  keys.sort((left, right) => left.keyPosition - right.keyPosition);
  const primaryKey = keys.map(({ column }) => column.name);
  const unique = read.flatMap(({ duplicates }) => duplicates);
  // A single key that is also declared unique is one rule, not two.
  const [only] = primaryKey;
  const known = primaryKey.length === 1 && unique.some((rule) => !rule.metric && rule.columns[0] === only);
  if (primaryKey.length > 0 && !known) {
    unique.push({
      table: name,
      column: primaryKey.length === 1 ? only : undefined,
      rule: 'primaryKey',
      description: `no two rows share the primary key ${primaryKey.join(', ')}`,
      severity: 'error',
      columns: primaryKey,
    });
  }
  return {
    name,
    physicalName: entry.optionalString('physicalName'),
    columns,
    duplicates: [...unique, ...quality.duplicates],
    rowCounts: quality.rowCounts,
  };
}

/** Refuses keys that are in the standard, but which nobody here would hold the data against. */
function refuseUnsupported(reader: YamlReader, keys: readonly string[], what: string): void {
  const found = reader.entries().find(([key, value]) => keys.includes(key) && !value.isNull);
  if (!found) return;
  throw found[1].error(
    `"${found[0]}" (${what}) is not checked by this task`,
    'Take it out of this contract, or keep it in a contract for another tool.',
    true,
  );
}

function refuseRepeated(readers: readonly YamlReader[], names: readonly string[]): void {
  const index = names.findIndex((name, at) => names.indexOf(name) < at);
  if (index >= 0) throw readers[index]?.error(`"${names[index] ?? ''}" is there twice`) ?? new TaskError('twice');
}

async function readContent(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new TaskError(
      `The contract ${file} cannot be read: ${errorText(error)}`,
      'Check the input contract; paths start at the repository.',
      { cause: error },
    );
  }
}
