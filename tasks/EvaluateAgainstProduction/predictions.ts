import { TextDecoder } from 'node:util';
import { createHash } from 'node:crypto';
import { TaskError } from '../../lib/agent/errors';
import type { Azure } from '../../lib/azure/azure';
import { listArtifacts, openArtifact } from '../../lib/azure/runs';
import { CsvParser, type CsvRecord } from '../../lib/data/csv';

/** A model's answers on the hold-out rows, by key. */
export type Predictions = Map<string, Prediction>;

interface Prediction {
  truth: string;
  predicted: string;
  /** Of the columns that were asked for besides. */
  groups: string[];
  line: number;
}

/** Rows that both models scored, in the order of their keys: equal index, equal row. */
export interface Joined {
  truth: string[];
  candidate: string[];
  champion: string[];
  /** Of the candidate's file. */
  groups: string[][];
  /** Rows of both as a share of the larger file, 0 to 1. */
  overlap: number;
}

const columns = ['key', 'truth', 'candidate'];

/**
 * Reads the hold-out predictions that a job left among its run's artifacts: a CSV file with the columns key, truth and
 * candidate (what the job's own model answers), and those of `groups`; other columns are ignored.
 *
 * @param who whose job it is, for errors: "candidate", "champion diabetes:3"
 * @throws TaskError for a missing or malformed file and for keys that repeat. Values are never part of an error.
 */
export async function readPredictions(
  azure: Azure,
  job: string,
  path: string,
  who: string,
  groups: readonly string[] = [],
): Promise<Predictions> {
  if (!(await listArtifacts(azure, job, path)).includes(path)) {
    const tables = (await listArtifacts(azure, job)).filter((name) => name.endsWith('.csv'));
    const there = tables.length === 0 ? 'It has no CSV file.' : `Its CSV files: ${tables.slice(0, 20).join(', ')}.`;
    throw new TaskError(
      `The job ${job} (${who}) has no artifact ${path}.`,
      `${there} Log the hold-out predictions with mlflow.log_artifact, for every model under the same path.`,
    );
  }
  const reader = new PredictionsReader(`${path} of job ${job} (${who})`, groups);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const stream = await openArtifact(azure, job, path);
  try {
    for await (const chunk of stream) reader.push(decoder.decode(chunk as Uint8Array, { stream: true }));
    reader.push(decoder.decode());
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new TaskError(`${path} of job ${job} (${who}) is not UTF-8 text.`, 'Write it as UTF-8.', { cause: error });
  }
  return reader.end();
}

/** Reads predictions from text. `name` is what errors call the file. */
export function parsePredictions(name: string, text: string, groups: readonly string[] = []): Predictions {
  const reader = new PredictionsReader(name, groups);
  reader.push(text);
  return reader.end();
}

class PredictionsReader {
  private readonly rows: Predictions = new Map();
  private readonly parser: CsvParser;
  private positions: number[] | undefined;
  private width = 0;

  constructor(
    private readonly name: string,
    private readonly groups: readonly string[],
  ) {
    this.parser = new CsvParser(name, (record) => {
      if (this.positions) this.row(record, this.positions);
      else this.positions = this.header(record);
    });
  }

  push(text: string): void {
    this.parser.push(text);
  }

  end(): Predictions {
    this.parser.end();
    if (this.rows.size === 0) throw new TaskError(`${this.name} has no rows.`, `Columns: ${columns.join(', ')}.`);
    return this.rows;
  }

  private header(record: CsvRecord): number[] {
    const titles = record.fields.map((title) => title.trim().toLowerCase());
    this.width = titles.length;
    return [...columns, ...this.groups].map((column, index) => {
      const position = titles.indexOf(column.toLowerCase());
      if (position >= 0) return position;
      if (index >= columns.length) {
        throw new TaskError(
          `${this.name} has no column "${column}".`,
          'The policy names it as a segment: write it beside the predictions, or correct the policy.',
        );
      }
      throw new TaskError(
        `${this.name} has no column "${column}".`,
        `The file needs the columns ${columns.join(', ')}: the row's key, the true value and what the job's model answers.`,
      );
    });
  }

  private row(record: CsvRecord, positions: readonly number[]): void {
    if (record.fields.length === 1 && record.fields[0] === '') return;
    const place = `${this.name}, line ${record.line}`;
    if (record.malformed || record.fields.length !== this.width) {
      throw new TaskError(`${place}: the row has not ${this.width} fields like the header.`, 'Write RFC 4180 CSV.');
    }
    const [key = '', truth = '', predicted = '', ...groups] = positions.map(
      (position) => record.fields[position] ?? '',
    );
    if (key === '' || truth === '' || predicted === '') {
      throw new TaskError(`${place}: key, truth or candidate is empty.`, 'Every hold-out row needs all three.');
    }
    const before = this.rows.get(key);
    if (before) {
      throw new TaskError(
        `${place}: the key is there already in line ${before.line}.`,
        'A key names one hold-out row; rows could not be compared with their like.',
      );
    }
    this.rows.set(key, { truth, predicted, groups: groups.map((value) => value.trim()), line: record.line });
  }
}

/**
 * Joins by key: scores are compared on the same hold-out rows or not at all.
 *
 * @throws TaskError when the truth of a key differs (another hold-out), or fewer rows join than `minimumOverlap` asks for
 */
export function joinByKey(candidate: Predictions, champion: Predictions, minimumOverlap: number): Joined {
  const keys = [...candidate.keys()].filter((key) => champion.has(key)).sort(byCodeUnit);
  const joined: Joined = { truth: [], candidate: [], champion: [], groups: [], overlap: 0 };
  let different = 0;
  let firstLine = 0;
  for (const key of keys) {
    const ours = candidate.get(key);
    const theirs = champion.get(key);
    if (!ours || !theirs) continue;
    if (!sameTruth(ours.truth, theirs.truth)) {
      different++;
      if (firstLine === 0) firstLine = ours.line;
    }
    joined.truth.push(ours.truth);
    joined.candidate.push(ours.predicted);
    joined.champion.push(theirs.predicted);
    joined.groups.push(ours.groups);
  }
  if (different > 0) {
    throw new TaskError(
      `${different} of ${keys.length} keys have another truth in the champion's predictions (first: line ${firstLine} of the candidate's).`,
      'The two models were held out against different data: score production on the candidate’s hold-out rows, or train the candidate with the old split.',
    );
  }
  joined.overlap = keys.length / Math.max(candidate.size, champion.size);
  if (keys.length === 0 || joined.overlap < minimumOverlap) {
    throw new TaskError(
      `Only ${keys.length} hold-out rows are in both predictions (candidate ${candidate.size}, champion ${champion.size}).`,
      'Keep the split of the data fixed (same seed, same rows), or lower minimumOverlap in the policy.',
    );
  }
  return joined;
}

/** Names the hold-out rows: SHA-256 over one line of JSON `[key,truth]` a row, in code-unit order of the keys. */
export function holdoutFingerprint(predictions: Predictions): string {
  const hash = createHash('sha256');
  for (const key of [...predictions.keys()].sort(byCodeUnit)) {
    hash.update(`${JSON.stringify([key, predictions.get(key)?.truth])}\n`);
  }
  return hash.digest('hex');
}

/** 151 and 151.0 are the same truth; so are equal texts. */
function sameTruth(left: string, right: string): boolean {
  if (left === right) return true;
  const [first, second] = [Number(left), Number(right)];
  return left.trim() !== '' && right.trim() !== '' && first === second;
}

function byCodeUnit(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
