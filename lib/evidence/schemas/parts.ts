/**
 * What the records' schemas are made of. Every text, list and map is bounded, so that a record cannot grow without end.
 * `format` is not used: validators differ in it, and times come in several spellings from the services.
 */
export const dialect = 'https://json-schema.org/draft/2020-12/schema';

/** At most `maxLength` characters. */
export function text<N extends number>(maxLength: N) {
  return { type: 'string', maxLength } as const;
}

/** A name of something in Azure, Azure DevOps or MLflow. */
export const name = { type: 'string', minLength: 1, maxLength: 512 } as const;
/** An address or an ARM id. */
export const address = text(2048);
/** A sentence for people. */
export const sentence = text(2000);
/** ISO 8601 in UTC. */
export const time = text(40);
/** SHA-256 in hexadecimal digits. */
export const sha256 = { type: 'string', pattern: '^[0-9a-f]{64}$' } as const;
/** SHA-256 as registries write it. */
export const digest = { type: 'string', pattern: '^sha256:[0-9a-f]{64}$' } as const;
/** What DataSanityTest calls the data, or a name of the user's own for it. */
export const dataFingerprint = text(256);
export const commit = text(128);
export const count = { type: 'integer', minimum: 0 } as const;
export const flag = { type: 'boolean' } as const;
export const number = { type: 'number' } as const;
export const share = { type: 'number', minimum: 0, maximum: 1 } as const;

const key = { maxLength: 256 } as const;

/** Metrics of a comparison: always numbers. */
export const numbers = {
  type: 'object',
  maxProperties: 200,
  propertyNames: key,
  additionalProperties: number,
} as const;

/** Metrics that a job logged; JSON has no number for the three texts. */
export const loggedMetrics = {
  type: 'object',
  maxProperties: 500,
  propertyNames: key,
  additionalProperties: { anyOf: [number, { enum: ['NaN', 'Infinity', '-Infinity'] }] },
} as const;

export const texts = {
  type: 'object',
  maxProperties: 200,
  propertyNames: key,
  additionalProperties: text(500),
} as const;

/** Percent of the requests by deployment. */
export const traffic = {
  type: 'object',
  maxProperties: 50,
  propertyNames: key,
  additionalProperties: { type: 'number', minimum: 0, maximum: 100 },
} as const;

/** A model version of a workspace or registry. */
export const model = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'version'],
  properties: { name, version: name, id: { ...address, description: 'ARM id.' } },
} as const;

/** What did not fit into a record. */
export const omitted = {
  type: 'object',
  description:
    'What was too much for a record: place (/checks, /requests/*/problem) and how many entries or characters were left out.',
  maxProperties: 100,
  additionalProperties: { type: 'integer', minimum: 1 },
} as const;
