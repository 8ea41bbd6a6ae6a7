import { aboutRecord, inWords } from '../../../lib/evidence/about';
import type { Evidence, EvidenceKind } from '../../../lib/evidence/evidence';
import type { ManifestItem } from '../../../lib/evidence/manifest';
import { numberTexts } from '../../components/charts/text';
import { counted } from '../../components/counted';
import type { ReadRecord } from '../../data/types';
import type { Gate } from '../../data/results';
import { mismatches, severalSubjects } from './belonging';

/** One line of the checklist: a kind of evidence, and whether it speaks for the version. */
export interface Item {
  kind: EvidenceKind;
  title: string;
  state: 'good' | 'bad' | 'warning' | 'missing';
  text: string;
}

const kinds: readonly { kind: EvidenceKind; title: string }[] = [
  { kind: 'mlops.data-sanity.v1', title: 'Data tested' },
  { kind: 'mlops.training.v1', title: 'Trained' },
  { kind: 'mlops.evaluation.v1', title: 'Compared with production' },
  { kind: 'mlops.model-version.v1', title: 'Registered' },
  { kind: 'mlops.package.v1', title: 'Image built' },
  { kind: 'mlops.deployment.v1', title: 'Deployed before this stage' },
  { kind: 'mlops.smoke.v1', title: 'Smoke test before this stage' },
];

/** Records that the gate's digest covers: what later stages left is no part of the decision. */
export function gatedRecords({ items, evidence }: Pick<Gate, 'items' | 'evidence'>): ReadRecord[] {
  const covered = new Set(items.map(placeOf));
  return evidence.records.filter((record) => covered.has(placeOf(record)));
}

function placeOf({ stage, kind, name, sha256 }: ManifestItem): string {
  return JSON.stringify([stage, kind, name, sha256]);
}

/**
 * What is there and what is missing, kind by kind; a kind that left several records has a line for each. An attachment that the
 * digest covers and that is no record is part of the decision too, and speaks against it.
 */
export function checklist({ items, evidence }: Pick<Gate, 'items' | 'evidence'>): Item[] {
  const records = gatedRecords({ items, evidence });
  const read = new Set(records.map(placeOf));
  return kinds.flatMap(({ kind, title }): Item[] => {
    const found = records
      .filter((record) => record.kind === kind)
      .map(({ body, stage }): Item => ({ kind, title, ...stateOf(body, stage) }));
    const unread = items
      .filter((item) => item.kind === kind && !read.has(placeOf(item)))
      .map(({ name, stage }): Item => {
        return { kind, title, state: 'bad', text: `${name} of stage ${stage} cannot be read as a record` };
      });
    const lines = [...found, ...unread];
    return lines.length > 0 ? lines : [{ kind, title, state: 'missing', text: 'No record in this run' }];
  });
}

function stateOf(body: Evidence<EvidenceKind>, stage: string): Pick<Item, 'state' | 'text'> {
  switch (body.kind) {
    case 'mlops.data-sanity.v1':
      return {
        state: body.verdict === 'passed' ? 'good' : body.verdict === 'warned' ? 'warning' : 'bad',
        text: `${body.checks.filter(({ passed }) => passed).length} of ${body.checks.length} checks passed on ${counted(body.rowCount, 'row')}`,
      };
    case 'mlops.training.v1':
      return { state: body.status === 'Completed' ? 'good' : 'bad', text: `Job ${body.jobName}: ${body.status}` };
    case 'mlops.evaluation.v1':
      return { state: evaluationState(body), text: body.reason };
    case 'mlops.model-version.v1':
      return { state: 'good', text: `${body.model.name} version ${body.model.version}` };
    case 'mlops.package.v1':
      return { state: 'good', text: inWords([body]) };
    case 'mlops.deployment.v1':
      return {
        state: 'good',
        text: `${inWords([aboutRecord(body) ?? {}])} as ${body.name}${body.environment === undefined ? '' : ` in ${body.environment}`} (stage ${stage})`,
      };
    case 'mlops.smoke.v1':
      return {
        state: body.verdict === 'passed' ? 'good' : 'bad',
        text: `${body.sent} of ${body.planned} requests sent (stage ${stage})`,
      };
  }
}

/** A policy may promote a version of which nobody can be sure. */
function evaluationState({ promote, decision, warnings }: Evidence<'mlops.evaluation.v1'>): Item['state'] {
  if (!promote) return 'bad';
  return decision === 'unsure' || warnings.length > 0 ? 'warning' : 'good';
}

/** Everything that speaks against the version, in words. */
export function objections(records: readonly ReadRecord[]): string[] {
  return [...severalSubjects(records), ...mismatches(records), ...records.flatMap(({ body }) => ofRecord(body))];
}

function ofRecord(body: Evidence<EvidenceKind>): string[] {
  switch (body.kind) {
    case 'mlops.evaluation.v1': {
      const broken = body.guardrails.filter(({ passed }) => !passed);
      const own = body.promote ? unsure(body) : [`The evaluation did not allow the promotion: ${body.reason}`];
      return [
        ...own,
        ...broken.map(({ metric, lower, upper, margin }) => guardrailText(metric, numberTexts([lower, upper, margin]))),
        ...body.warnings,
      ];
    }
    case 'mlops.data-sanity.v1':
      return body.checks
        .filter(({ passed }) => !passed)
        .map(
          ({ description, violations, severity }) =>
            `Data, ${severity}: ${description}: ${counted(violations, 'violation')}.`,
        );
    case 'mlops.smoke.v1':
      return body.verdict === 'passed' ? [] : smokeObjections(body);
    case 'mlops.training.v1':
      return body.status === 'Completed' ? [] : [`The training job is ${body.status}.`];
    default:
      return [];
  }
}

function guardrailText(metric: string, [lower = '', upper = '', margin = '']: readonly string[]): string {
  return `Guardrail ${metric} is broken: its improvement lies between ${lower} and ${upper}, all of it has to lie above ${margin}.`;
}

function unsure({ decision, reason }: Evidence<'mlops.evaluation.v1'>): string[] {
  return decision === 'unsure' ? [`The evaluation is not sure, and its policy promotes all the same: ${reason}`] : [];
}

function smokeObjections({ problems, requests }: Evidence<'mlops.smoke.v1'>): string[] {
  const failed = requests.filter(({ passed }) => !passed);
  const [first] = failed.flatMap(({ problem }) => problem ?? []);
  const ofRequests =
    failed.length === 0
      ? []
      : [
          `${counted(failed.length, 'request')} of the smoke test failed${first === undefined ? '' : `, the first one: ${first}`}.`,
        ];
  const all = [...problems.map((problem) => `The smoke test failed: ${problem}`), ...ofRequests];
  return all.length > 0 ? all : ['The smoke test failed.'];
}
