type Json = Record<string, unknown>;

/**
 * Adds tasks to the official YAML schema, as Azure DevOps does for an organization that has them installed: the schema lists
 * the tasks that come with the service, so that others are rejected without this.
 * @param schema `azure-pipelines-yaml-schema.json`, parsed; not changed.
 * @param taskJsons parsed task.json files.
 * @throws Error when the schema is not the one expected.
 */
export function mergeTasksIntoSchema(schema: unknown, taskJsons: unknown[]): Json {
  const copy: unknown = structuredClone(schema);
  const definitions = object(object(copy, 'the schema')['definitions'], 'definitions');
  const task = object(definitions['task'], 'definitions.task');
  const names = list(
    object(object(task['properties'], 'task.properties')['task'], 'properties.task')['anyOf'],
    'properties.task.anyOf',
  );
  const variants = list(task['anyOf'], 'definitions.task.anyOf');
  for (const json of taskJsons) {
    const { reference, inputs } = describe(object(json, 'task.json'));
    names.unshift({ enum: [reference], ignoreCase: 'value' });
    variants.unshift({
      properties: { task: { type: 'string', ignoreCase: 'value', pattern: anyCase(reference) }, inputs },
      required: ['task'],
    });
  }
  return object(copy, 'the schema');
}

/** An input may be written with its name or an alias; required ones by either, unless they depend on another input. */
function describe(json: Json): { reference: string; inputs: Json } {
  const version = object(json['version'], 'version');
  const reference = `${String(json['name'])}@${String(version['Major'])}`;
  const properties: Json = {};
  const required: Json[] = [];
  for (const raw of list(json['inputs'] ?? [], 'inputs')) {
    const input = object(raw, 'inputs');
    const names = [String(input['name']), ...list(input['aliases'] ?? [], 'aliases').map(String)];
    for (const name of names) properties[name] = { type: ['string', 'boolean', 'number'] };
    const needed =
      input['required'] === true && input['visibleRule'] === undefined && (input['defaultValue'] ?? '') === '';
    if (needed) required.push({ anyOf: names.map((name) => ({ required: [name] })) });
  }
  const inputs: Json = { type: 'object', properties, additionalProperties: false };
  return { reference, inputs: required.length > 0 ? { ...inputs, allOf: required } : inputs };
}

/** Schema `enum` compares case; the service does not. */
function anyCase(reference: string): string {
  return `^${reference.replace(/[a-z]/gi, (sign) => `[${sign.toLowerCase()}${sign.toUpperCase()}]`)}$`;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function object(value: unknown, what: string): Json {
  if (isObject(value)) return value;
  throw new Error(`The YAML schema is not as expected: ${what} is not an object.`);
}

function list(value: unknown, what: string): unknown[] {
  if (Array.isArray(value)) return value;
  throw new Error(`The YAML schema is not as expected: ${what} is not a list.`);
}
