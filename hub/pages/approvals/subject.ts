import type { Evidence } from '../../../lib/evidence/evidence';
import type { VerdictProps } from '../../components/Verdict';
import type { Gate } from '../../data/results';
import type { NamedVersion, ReadRecord } from '../../data/types';
import { versionParams } from '../../data/workspaces';
import type { Champion } from './champion';
import { gatedRecords } from './judgement';

/** What the stage behind the gate is to deploy, as the records before it name it. */
export type Subject = NamedVersion | { image: string };

/** What the run registered, else what it packed or deployed before. */
export function subjectOf(records: readonly ReadRecord[]): Subject | undefined {
  const registered = registrationOf(records)?.model;
  if (registered !== undefined) return versionParams(registered);
  const made = records.flatMap(({ body }) =>
    body.kind === 'mlops.package.v1' || body.kind === 'mlops.deployment.v1' ? [body] : [],
  );
  const named = made.find(({ model }) => model !== undefined)?.model;
  if (named !== undefined) return versionParams(named);
  const image = made.find((one) => one.image !== undefined)?.image;
  return image === undefined ? undefined : { image };
}

/** The registration that the title names. */
export function registrationOf(records: readonly ReadRecord[]): Evidence<'mlops.model-version.v1'> | undefined {
  for (const { body } of records) if (body.kind === 'mlops.model-version.v1') return body;
  return undefined;
}

/** A run may evaluate several jobs: beside the decision stand the numbers of the one that was registered. */
export function evaluationOf(records: readonly ReadRecord[]): Evidence<'mlops.evaluation.v1'> | undefined {
  const evaluations = records.flatMap(({ body }) => (body.kind === 'mlops.evaluation.v1' ? [body] : []));
  const job = registrationOf(records)?.job;
  return evaluations.findLast(({ candidate }) => candidate.job === job) ?? evaluations.at(-1);
}

/** Version of the champion's model that the run is about. */
export function candidateOf(records: readonly ReadRecord[], { name }: Champion): string | undefined {
  const subject = subjectOf(records);
  return subject !== undefined && 'model' in subject && subject.model === name ? subject.version : undefined;
}

const refusal = 'DeployModel refuses such an approval unless its approvalPolicy is unbound.';

/** Why a decision would be about nothing in particular; `undefined` when it is, or when not everything could be read. */
export function namesNothing(gate: Gate): string | undefined {
  if (gate.digest === undefined || subjectOf(gatedRecords(gate)) !== undefined) return undefined;
  return gate.items.length === 0
    ? `There is nothing to decide on: no record was left before this stage, so that no model version or image is named. ${refusal}`
    : `No record names the model version or image that will be deployed: what was left before this stage says nothing about it. ${refusal}`;
}

/** An approval of nothing in particular is never a good sign, whatever its state. */
export function withoutGreen(verdict: VerdictProps, isUnnamed: boolean): VerdictProps {
  return isUnnamed && verdict.kind === 'good' ? { ...verdict, kind: 'warning' } : verdict;
}
