import type { Evidence } from '../../lib/evidence/evidence';
import type { ManifestItem } from '../../lib/evidence/manifest';
import type { ProvenStep, ReadRecord, RunEvidence } from './types';

type Deployment = Evidence<'mlops.deployment.v1'>;

/**
 * Whether what was deployed is what the approved evidence is about: model and version as one of its registrations, images or
 * deployments names them, and the image as one of its images or deployments does. Where the evidence names none there is nothing
 * to compare.
 *
 * @param items records that the gate's digest covers
 * @returns what the approved evidence is about instead
 */
export function approvedSubject(
  step: Pick<ProvenStep, 'stage' | 'name' | 'sha256'>,
  items: readonly ManifestItem[],
  { records }: RunEvidence,
): string | undefined {
  const deployed = deploymentOf(step, records);
  if (deployed === undefined) return undefined;
  const approved = records.filter((record) => items.some((item) => isItem(record, item)));
  const models = distinct(
    approved.flatMap(({ body }) => ('model' in body && body.model ? [modelText(body.model)] : [])),
  );
  const images = distinct(approved.flatMap(({ body }) => ('image' in body && body.image ? [body.image] : [])));
  const model = deployed.model && modelText(deployed.model);
  if (model !== undefined && models.length > 0 && !models.includes(model)) {
    return `the approved evidence is about ${models.join(', ')}, deployed was ${model}`;
  }
  if (deployed.image !== undefined && images.length > 0 && !images.includes(deployed.image)) {
    return `the approved evidence is about image ${images.join(', ')}, deployed was ${deployed.image}`;
  }
  return undefined;
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

function modelText({ name, version }: { name: string; version: string }): string {
  return `${name} ${version}`;
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
