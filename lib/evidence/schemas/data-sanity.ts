import { count, dataFingerprint, dialect, name, number, omitted, sentence, sha256, text } from './parts';

const check = {
  type: 'object',
  additionalProperties: false,
  required: ['table', 'rule', 'description', 'severity', 'passed', 'violations', 'first'],
  properties: {
    table: name,
    column: { ...name, description: 'Absent for a rule of the whole table.' },
    rule: { ...name, description: 'required, unique, type, minimum, … or the name of a quality metric.' },
    description: { ...sentence, description: 'The rule in words, limits included.' },
    severity: { enum: ['error', 'warning'] },
    passed: { type: 'boolean' },
    violations: { ...count, description: 'Rows (or values) that break the rule.' },
    measured: { ...number, description: 'What was measured for a metric with an operator.' },
    first: {
      type: 'array',
      description: 'Where the first ones are: file and line (the header is line 1). Never a value.',
      maxItems: 20,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['file', 'line'],
        properties: { file: text(1024), line: count },
      },
    },
  },
} as const;

export const dataSanitySchema = {
  $schema: dialect,
  title: 'mlops.data-sanity.v1',
  description: 'Data held against its contract.',
  type: 'object',
  additionalProperties: false,
  required: ['kind', 'verdict', 'contract', 'dataFingerprint', 'rowCount', 'files', 'checks'],
  properties: {
    kind: { const: 'mlops.data-sanity.v1' },
    verdict: {
      enum: ['passed', 'warned', 'failed'],
      description: 'passed: nothing found; warned: findings below failOn; failed: findings at or above it.',
    },
    contract: {
      type: 'object',
      additionalProperties: false,
      required: ['sha256'],
      properties: { id: text(512), version: text(512), name: text(512), sha256 },
    },
    dataFingerprint,
    rowCount: count,
    files: {
      type: 'array',
      maxItems: 500,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['path', 'bytes', 'rows', 'sha256'],
        properties: { path: text(1024), bytes: count, rows: count, sha256 },
      },
    },
    checks: { type: 'array', maxItems: 500, items: check },
    omitted,
  },
} as const;
