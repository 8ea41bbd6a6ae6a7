import { readFile } from 'node:fs/promises';
import { TaskError, errorText } from '../../lib/agent/errors';
import { parseYaml, type YamlReader } from '../../lib/agent/yaml';
import { sha256Hex } from '../../lib/agent/hash';
import { isMetric, metricNames, type MetricName } from './metric-names';

/** When a candidate may replace production. */
export interface Policy {
  /** Level of the two-sided interval, between 0.5 and 1. */
  confidence: number;
  /** How much worse than production is still as good, in the metric's unit (non-inferiority). */
  margin: number;
  /** How much better it must be at least, in the metric's unit. */
  minimumImprovement: number;
  /** Fewer hold-out rows give `unsure`. */
  minimumRows: number;
  /** Smallest share of the rows that both models must have scored, 0 to 1. */
  minimumOverlap: number;
  /** Bootstrap samples. */
  resamples: number;
  seed: number;
  /** The class that precision, recall, F1, AUC and log loss are about. */
  positiveLabel?: string;
  /** Promote what is neither better nor not better. */
  promoteWhenUnsure: boolean;
  /** Metrics that may not get worse by more than their margin. */
  guardrails: { metric: MetricName; margin: number }[];
  /** Groups of the hold-out rows to show the metric for: a column of the predictions, and those of its values. */
  segments: { column: string; values: string[] }[];
  /** Of the file. */
  sha256?: string;
}

export const defaultPolicy: Policy = {
  confidence: 0.95,
  margin: 0,
  minimumImprovement: 0,
  minimumRows: 30,
  minimumOverlap: 1,
  resamples: 10_000,
  seed: 1,
  promoteWhenUnsure: false,
  guardrails: [],
  segments: [],
};

const keys = Object.keys(defaultPolicy).concat('positiveLabel');

/** Reads a policy file. @throws TaskError with `file:line:column` for unknown keys and values out of range */
export async function readPolicy(file: string | undefined): Promise<Policy> {
  if (file === undefined) return defaultPolicy;
  const content = await readContent(file);
  const root = (await parseYaml(file, content)).object(keys);
  const number = (key: keyof typeof ranges): number => readNumber(root, key) ?? defaultPolicy[key];
  const policy: Policy = {
    confidence: number('confidence'),
    margin: number('margin'),
    minimumImprovement: number('minimumImprovement'),
    minimumRows: number('minimumRows'),
    minimumOverlap: number('minimumOverlap'),
    resamples: number('resamples'),
    seed: number('seed'),
    positiveLabel: root.optionalString('positiveLabel'),
    promoteWhenUnsure: root.optionalBoolean('promoteWhenUnsure') ?? false,
    guardrails: root.list('guardrails').map(readGuardrail),
    segments: readSegments(root),
    sha256: sha256Hex(content),
  };
  if (policy.margin > 0 && policy.minimumImprovement > 0) {
    throw root
      .required('minimumImprovement')
      .error('margin and minimumImprovement contradict each other', 'Keep one of them.', true);
  }
  return policy;
}

interface Range {
  least: number;
  most: number;
  whole?: boolean;
}

const ranges = {
  confidence: { least: 0.5, most: 0.9999 },
  margin: { least: 0, most: Number.MAX_VALUE },
  minimumImprovement: { least: 0, most: Number.MAX_VALUE },
  minimumRows: { least: 2, most: Number.MAX_SAFE_INTEGER, whole: true },
  minimumOverlap: { least: 0.01, most: 1 },
  // Fewer samples make the ends of the interval a matter of luck.
  resamples: { least: 1_000, most: 1_000_000, whole: true },
  seed: { least: 0, most: 0xffffffff, whole: true },
} satisfies Record<string, Range>;

function readNumber(reader: YamlReader, key: keyof typeof ranges): number | undefined {
  const given = reader.optional(key);
  if (!given) return undefined;
  const { least, most, whole }: Range = ranges[key];
  const value = given.asNumber();
  if (value >= least && value <= most && (!whole || Number.isInteger(value))) return value;
  const kind = whole ? 'a whole number' : 'a number';
  throw given.error(`${key} is ${value}`, `Give ${kind} from ${least}${most > 1e15 ? '' : ` to ${most}`}.`);
}

function readGuardrail(item: YamlReader): Policy['guardrails'][number] {
  item.object(['metric', 'margin']);
  const metric = item.required('metric');
  const name = metric.asString();
  if (!isMetric(name)) throw metric.error(`metric "${name}" is unknown`, `Metrics: ${metricNames.join(', ')}.`);
  const margin = item.required('margin');
  if (margin.asNumber() < 0) throw margin.error(`margin is ${margin.asNumber()}`, 'Give 0 or more.');
  return { metric: name, margin: margin.asNumber() };
}

/** More groups than that are no summary. */
const mostGroups = 100;

const ownColumns = ['key', 'truth', 'candidate'];

function readSegments(root: YamlReader): Policy['segments'] {
  const seen = new Set<string>();
  let groups = 0;
  return root.list('segments').map((item) => {
    item.object(['column', 'values']);
    const column = item.required('column');
    const name = column.asString().trim();
    if (name === '' || ownColumns.includes(name.toLowerCase()) || seen.has(name.toLowerCase())) {
      throw column.error(`column "${name}" cannot be a segment`, 'Name another column of the predictions, each once.');
    }
    seen.add(name.toLowerCase());
    const values = readValues(item);
    groups += values.length;
    if (groups > mostGroups)
      throw item.error(`segments have more than ${mostGroups} values`, 'Name those that matter.');
    return { column: name, values };
  });
}

function readValues(item: YamlReader): string[] {
  const given = item.required('values');
  const values = item.list('values').map((value) => {
    const name = value.asString().trim();
    if (name === '' || name.length > 500) throw value.error('a value has 1 to 500 characters');
    return name;
  });
  if (values.length === 0) throw given.error('values are missing', 'Name the groups: no other value is shown.');
  if (new Set(values).size < values.length) throw given.error('a value is there twice');
  return values;
}

async function readContent(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new TaskError(`The policy ${file} cannot be read: ${errorText(error)}`, 'Check the input policy.', {
      cause: error,
    });
  }
}
