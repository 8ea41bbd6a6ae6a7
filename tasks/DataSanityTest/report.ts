import type { TestSuite } from '../../lib/agent/junit';
import { markdownTable, markdownText } from '../../lib/agent/markdown';
import type { DataSanityEvidence } from '../../lib/evidence/types';
import type { Result } from './result';
import type { Finding } from './scan';

/** One line for the log: `error  diabetes.BMI  maximum 0.3: 3 rows, first at diabetes.csv:5, diabetes.csv:9`. */
export function findingLine(finding: Finding): string {
  const { check } = finding;
  return `${check.severity}: ${place(finding)}: ${check.description}: ${details(finding)}`;
}

/** One suite a table, one case a check. */
export function testSuites(findings: readonly Finding[]): TestSuite[] {
  const tables = [...new Set(findings.map(({ check }) => check.table))];
  return tables.map((name) => ({
    name,
    cases: findings
      .filter(({ check }) => check.table === name)
      .map((finding) => ({
        className: place(finding),
        name: `${finding.check.rule}: ${finding.check.description}`,
        failure: finding.check.passed ? undefined : { message: details(finding) },
      })),
  }));
}

/** The run's summary: what broke and where, never a value unless it was asked for. */
export function summaryMarkdown(result: Result, verdict: DataSanityEvidence['verdict']): string {
  const failed = result.findings.filter(({ check }) => !check.passed);
  const { contract } = result;
  const title = `${contract.name ?? contract.id ?? 'The contract'}${contract.version ? ` ${contract.version}` : ''}`;
  const lines = [
    `### Data sanity: ${verdict}`,
    '',
    `${markdownText(title)}: ${result.findings.length - failed.length} of ${result.findings.length} checks met; ` +
      `${result.rowCount} rows in ${result.files.length} file${result.files.length === 1 ? '' : 's'}.`,
    '',
  ];
  if (failed.length > 0) {
    const rows = failed.map((finding) => [
      finding.check.severity,
      place(finding),
      finding.check.description,
      details(finding),
    ]);
    lines.push(markdownTable(['Severity', 'Where', 'Rule', 'Found'], rows), '');
  }
  if (result.undescribed > 0) lines.push(`Columns that the contract does not describe: ${result.undescribed}.`, '');
  lines.push(`Data fingerprint: \`${result.dataFingerprint}\``, '');
  return lines.join('\n');
}

function place({ check }: Finding): string {
  return check.column === undefined ? check.table : `${check.table}.${check.column}`;
}

function details({ check, samples }: Finding): string {
  const rows = `${check.violations} ${check.violations === 1 ? 'row' : 'rows'}`;
  const found = check.measured === undefined ? rows : `found ${Number(check.measured.toPrecision(6))}`;
  const lines = check.first.map(({ file, line }) => `${file}:${line}`).join(', ');
  const where = lines === '' ? '' : `, first at ${lines}`;
  const shown =
    samples.length === 0 ? '' : `, for example ${samples.map((sample) => JSON.stringify(sample)).join(', ')}`;
  return `${found}${where}${shown}`;
}
