import type { Agent, Outcome } from '../../lib/agent/agent';
import { TaskError } from '../../lib/agent/errors';
import { publishSuites } from '../../lib/agent/junit';
import { leaveEvidence } from '../../lib/agent/leave-evidence';
import { canonicalJson } from '../../lib/evidence/canonical';
import { dataSanitySchema } from '../../lib/evidence/schemas/data-sanity';
import { sha256Hex } from '../../lib/agent/hash';
import type { DataSanityEvidence } from '../../lib/evidence/types';
import { readContract } from './contract';
import { findDataFiles, type DataFile } from './files';
import type { FailOn, Inputs } from './inputs';
import { findingLine, summaryMarkdown, testSuites } from './report';
import type { Result } from './result';
import type { Contract, Table } from './rules';
import { TableScan, type Finding } from './scan';
import { readTextFile } from './text-file';

/** Holds data against its contract and publishes what was found: log, test run, summary, evidence, outputs. */
export async function checkData(inputs: Inputs, agent: Agent): Promise<Outcome> {
  const result = await scanData(inputs, agent);
  const failed = result.findings.filter(({ check }) => !check.passed);
  const verdict = judge(result.findings, inputs.failOn);
  for (const finding of failed) agent.print(findingLine(finding));
  agent.print(
    `${verdict}: ${result.rowCount} rows in ${count(result.files.length, 'file')}, ` +
      `${count(result.findings.length, 'check')}, ${failed.length} not met.`,
  );
  publishSuites(agent, 'data-sanity', `Data sanity: ${contractTitle(result.contract)}`, testSuites(result.findings));
  agent.summary('Data sanity', summaryMarkdown(result, verdict));
  const { contract } = result;
  const body = {
    verdict,
    contract: { id: contract.id, name: contract.name, version: contract.version, sha256: contract.sha256 },
    dataFingerprint: result.dataFingerprint,
    rowCount: result.rowCount,
    files: result.files,
    checks: result.findings.map(({ check }) => check),
  };
  agent.output('verdict', verdict);
  agent.output('rowCount', String(result.rowCount));
  agent.output('failedChecks', String(failed.length));
  agent.output('dataFingerprint', result.dataFingerprint);
  const facts = { verdict, failed: failed.length, rows: result.rowCount };
  await leaveEvidence(agent, { schema: dataSanitySchema, name: 'data-sanity', body, facts });
  return outcome(verdict, failed);
}

/** @throws TaskError for a contract or data that cannot be read */
export async function scanData(inputs: Inputs, agent: Agent): Promise<Result> {
  const contract = await readContract(inputs.contract);
  for (const note of contract.notes) agent.print(note);
  const files = await findDataFiles(inputs.data);
  const tables = assign(contract, files);
  const read: DataSanityEvidence['files'] = [];
  const findings: Finding[] = [];
  let rowCount = 0;
  let undescribed = 0;
  for (const [table, own] of tables) {
    const scan = new TableScan(table, inputs.showSamples);
    for (const file of own) read.push(await scanFile(scan, file, agent));
    findings.push(...scan.findings());
    rowCount += scan.rowCount;
    undescribed += scan.undescribed;
  }
  read.sort((left, right) => (left.path < right.path ? -1 : 1));
  const dataFingerprint = sha256Hex(canonicalJson(read.map(({ path, sha256 }) => ({ path, sha256 }))));
  return { contract, files: read, findings, rowCount, undescribed, dataFingerprint };
}

/** One table takes all files; of several, each takes the files that bear its name. */
function assign(contract: Contract, files: readonly DataFile[]): Map<Table, DataFile[]> {
  const [only, second] = contract.tables;
  if (only && !second) return new Map([[only, [...files]]]);
  const assigned = new Map(contract.tables.map((table): [Table, DataFile[]] => [table, []]));
  for (const file of files) {
    const found = contract.tables.find((table) => bears(file, table));
    if (!found) {
      throw new TaskError(
        `The file ${file.name} belongs to no table of the contract.`,
        `Tables: ${contract.tables.map(({ name }) => name).join(', ')}. A file bears the table's physicalName, or its name with .csv.`,
      );
    }
    assigned.get(found)?.push(file);
  }
  const empty = contract.tables.find((table) => assigned.get(table)?.length === 0);
  if (empty)
    throw new TaskError(`There is no file for the table ${empty.name}.`, 'Give a folder that holds all tables.');
  return assigned;
}

function bears(file: DataFile, table: Table): boolean {
  const own = table.physicalName ?? `${table.name}.csv`;
  return file.name === own || file.name.endsWith(`/${own}`) || file.name.startsWith(`${own}/`);
}

async function scanFile(scan: TableScan, file: DataFile, agent: Agent): Promise<DataSanityEvidence['files'][number]> {
  const reader = scan.file(file.name);
  const { bytes, sha256 } = await readTextFile(file.file, file.name, agent.cancelled, (text) => reader.push(text));
  reader.end();
  if (!reader.hasHeader) throw new TaskError(`${file.name} has no header line.`, 'Give a CSV file with a header line.');
  if (reader.separator !== undefined && scan.columnCount > 1) {
    const name = reader.separator === '\t' ? 'a tab' : `"${reader.separator}"`;
    throw new TaskError(`${file.name} seems to be separated by ${name}.`, 'Give the data as CSV, separated by commas.');
  }
  agent.print(`${file.name}: ${reader.rows} rows, ${bytes} bytes.`);
  return { path: file.name, bytes, rows: reader.rows, sha256 };
}

function judge(findings: readonly Finding[], failOn: FailOn): DataSanityEvidence['verdict'] {
  const failed = findings.filter(({ check }) => !check.passed);
  if (failed.length === 0) return 'passed';
  const fails = failOn === 'warning' || (failOn === 'error' && failed.some(({ check }) => check.severity === 'error'));
  return fails ? 'failed' : 'warned';
}

function outcome(verdict: DataSanityEvidence['verdict'], failed: readonly Finding[]): Outcome {
  if (verdict === 'passed') return { result: 'succeeded', message: 'The data keeps its contract.' };
  const rest = failed.length > 3 ? `\n… and ${failed.length - 3} more: see the summary.` : '';
  const message = `The data breaks its contract: ${count(failed.length, 'check')} not met.\n${failed.slice(0, 3).map(findingLine).join('\n')}${rest}`;
  return verdict === 'failed' ? { result: 'failed', message } : { result: 'succeededWithIssues', message };
}

function contractTitle(contract: Contract): string {
  return contract.name ?? contract.id ?? 'contract';
}

function count(amount: number, what: string): string {
  return `${amount} ${what}${amount === 1 ? '' : 's'}`;
}
