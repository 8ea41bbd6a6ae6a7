import { canonicalJson } from '../../../lib/evidence/canonical';
import type { Serving } from '../../data/types';
import { approvalText, evidenceText, type Proof } from './proof';

/** What served at a moment, with its proofs: what an auditor takes along. */
export interface Audit {
  /** The moment, ISO 8601 in UTC. */
  at: string;
  /** When this was read. */
  readAt: string;
  organization: string;
  project: string;
  readBy: string;
  rows: { serving: Serving; proof?: Proof }[];
  /** Sentences on what is not known: unread history, entries that could not be read. */
  unverified: string[];
}

/**
 * The audit as CSV (RFC 4180: comma, CR LF, quotes doubled), UTF-8 with a byte order mark, without which Excel reads names in the
 * machine's own code page. Every field is quoted, and one that a spreadsheet might take for a formula is led by an apostrophe
 * (OWASP, CSV Injection). What could not be verified stands in the last rows, in the first column.
 */
export function auditCsv(audit: Audit): string {
  const rows = audit.rows.map(({ serving, proof }) => columns.map(([, read]) => read(serving, proof, audit)));
  const notes = audit.unverified.map((sentence) => [`Not verified: ${sentence}`]);
  if (rows.length === 0) notes.push([emptyText(audit)]);
  const table = [columns.map(([name]) => name), ...rows, ...notes];
  return `\uFEFF${table.map((row) => row.map(csvField).join(',')).join('\r\n')}\r\n`;
}

/** Without rows, nothing else says who looked, when and where. */
function emptyText({ at, organization, project, readBy, readAt }: Audit): string {
  return `Nothing was found serving at ${at} in project ${project} of ${organization}; read by ${readBy} at ${readAt}.`;
}

/**
 * One field, quoted, never a formula: also not behind white space or characters that do not show, nor with the wide signs of
 * East Asian keyboards.
 */
export function csvField(value: string): string {
  const isFormula = /^(?:[\t\r\n]|[\s\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]*[=+\-@＝＋－＠])/u.test(value);
  return `"${isFormula ? "'" : ''}${value.replaceAll('"', '""')}"`;
}

const columns: [string, (serving: Serving, proof: Proof | undefined, audit: Audit) => string][] = [
  ['at (UTC)', (_, __, { at }) => at],
  ['environment', ({ environment }) => environment],
  ['production', ({ isProduction }) => (isProduction ? 'yes' : 'no')],
  ['service', ({ name }) => name],
  ['where', ({ where = '' }) => where],
  ['deployment', ({ deployment = '' }) => deployment],
  ['model', ({ model = '' }) => model],
  ['version', ({ version = '' }) => version],
  ['image', ({ image = '' }) => image],
  ['traffic %', ({ traffic }) => String(traffic)],
  ['since (UTC)', ({ since }) => since],
  ['run', ({ event }) => event.run.number],
  ['run link', ({ event }) => event.run.url],
  ['requested for', ({ event }) => event.run.requestedFor.displayName],
  ['requested by', ({ event }) => (event.run.requestedBy ?? event.run.requestedFor).displayName],
  ['stage', ({ event }) => event.entry.stage],
  ['approval', (_, proof) => (proof === undefined ? 'Not verified: not read' : approvalText(proof.approval))],
  ['approval id', ({ event }, proof) => proof?.approval.approvals.join(' ') ?? event.entry.approval ?? ''],
  ['digest in the approval', (_, proof) => proof?.approval.digests.join(' ') ?? ''],
  ['digest of the evidence at the gate', (_, proof) => proof?.approval.expected.join(' ') ?? ''],
  ['evidence', (_, proof) => (proof === undefined ? 'Not verified: not read' : evidenceText(proof.evidence))],
  ['evidence sha256', ({ event }, proof) => proof?.evidence.sha256 ?? event.entry.sha256],
  ['organization', (_, __, { organization }) => organization],
  ['project', (_, __, { project }) => project],
  ['read by', (_, __, { readBy }) => readBy],
  ['read at (UTC)', (_, __, { readAt }) => readAt],
];

/** The audit as canonical JSON (RFC 8785): equal contents are equal bytes, so that a digest of the file names them. */
export function auditJson(audit: Audit): string {
  const { rows, ...head } = audit;
  const serving = rows.map(({ serving: { event, ...served }, proof }) => ({
    ...served,
    run: {
      id: event.run.id,
      number: event.run.number,
      url: event.run.url,
      requestedFor: event.run.requestedFor,
      ...(event.run.requestedBy === undefined ? {} : { requestedBy: event.run.requestedBy }),
    },
    index: event.entry,
    approval: proof?.approval ?? { state: 'notVerified', detail: 'not read' },
    evidence: proof?.evidence ?? { state: 'notVerified', sha256: event.entry.sha256, detail: 'not read' },
  }));
  return canonicalJson({ kind: 'mlops.audit.v1', ...head, serving });
}

/** `deployments-2026-11-21T093000Z.csv`: the moment asked for, in characters that every file system takes. */
export function fileName(at: string, extension: 'csv' | 'json'): string {
  return `deployments-${new Date(at).toISOString().slice(0, 19).replaceAll(':', '')}Z.${extension}`;
}
