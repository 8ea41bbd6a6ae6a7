import { aboutRecord, deployedBy, intendedInWords, inWords, notAbout } from '../../lib/evidence/about';
import type { Evidence } from '../../lib/evidence/evidence';
import type { ManifestItem } from '../../lib/evidence/manifest';
import type { ProvenStep, ReadRecord, RunEvidence } from './types';

type Deployment = Evidence<'mlops.deployment.v1'>;

/**
 * Whether what was deployed is what the approved evidence is about, by the rules by which `DeployModel` refuses.
 *
 * @param items records that the gate's digest covers
 * @returns what the approved evidence is about instead; `undefined` also where no record says what was deployed
 */
export function approvedSubject(
  step: Pick<ProvenStep, 'stage' | 'name' | 'sha256'>,
  items: readonly ManifestItem[],
  { records }: RunEvidence,
): string | undefined {
  const deployed = deploymentOf(step, records);
  if (deployed === undefined) return undefined;
  const approved = records.filter((record) => items.some((item) => isItem(record, item)));
  const abouts = approved.flatMap(({ body }) => aboutRecord(body) ?? []);
  const intended = deployedBy(deployed);
  const wrong = notAbout(abouts, intended);
  return wrong && `the approved evidence is about ${inWords(wrong.named)}, deployed was ${intendedInWords(intended)}`;
}

function deploymentOf(
  { stage, name, sha256 }: Pick<ProvenStep, 'stage' | 'name' | 'sha256'>,
  records: readonly ReadRecord[],
): Deployment | undefined {
  const there = records.filter(
    (record): record is ReadRecord<'mlops.deployment.v1'> =>
      record.kind === 'mlops.deployment.v1' && record.stage === stage && record.name === name,
  );
  return (there.find((record) => record.sha256 === sha256) ?? there[0])?.body;
}

function isItem({ stage, kind, name, sha256 }: ReadRecord, item: ManifestItem): boolean {
  return item.stage === stage && item.kind === kind && item.name === name && item.sha256 === sha256;
}
