import { aboutRecord, intendedInWords, isSameImage } from '../../../lib/evidence/about';
import type { EvidenceKind } from '../../../lib/evidence/evidence';
import type { ModelReference } from '../../../lib/evidence/types';
import type { ReadRecord } from '../../data/types';

/** Whether the records of a gate belong together: each may be right by itself and still be about something else than the others. */

/** An approval lets in whatever one of its records names, not only what the heading says. */
export function severalSubjects(records: readonly ReadRecord[]): string[] {
  const abouts = records.flatMap(({ body }) => aboutRecord(body) ?? []);
  const models = distinct(
    abouts.flatMap(({ model }) => model ?? []),
    (one, other) => isSameVersion(one, other) && (one.id ?? '').toLowerCase() === (other.id ?? '').toLowerCase(),
  );
  const plain = models.filter(
    (one) => one.id !== undefined || !models.some((other) => other.id !== undefined && isSameVersion(one, other)),
  );
  // An image that says which model it holds is no further subject.
  const images = distinct(
    abouts.flatMap(({ model, image }) => (model === undefined && image !== undefined ? [image] : [])),
    isSameImage,
  ).filter((image) => !abouts.some((about) => about.model && about.image && isSameImage(about.image, image)));
  // Two images are two, though both say that they hold the same model: nobody has looked inside.
  const holding = distinct(
    abouts.flatMap(({ model, image }) => (model === undefined || image === undefined ? [] : [{ model, image }])),
    (one, other) => isSameImage(one.image, other.image),
  );
  const rivals = holding.filter((one) =>
    holding.some((other) => other !== one && isSameVersion(one.model, other.model)),
  );
  const named = [
    ...plain.map((model) => intendedInWords({ kind: 'model', ...model })),
    ...images.map((image) => intendedInWords({ kind: 'image', image })),
    ...rivals.map((one) => intendedInWords({ kind: 'image', ...one })),
  ].sort();
  if (named.length < 2) return [];
  return [`The evidence names more than one thing, and this approval lets any of them in: ${named.join('; ')}.`];
}

/** What the records say about another job, other files or other data than those that were registered. */
export function mismatches(records: readonly ReadRecord[]): string[] {
  const registered = bodies(records, 'mlops.model-version.v1');
  const evaluated = bodies(records, 'mlops.evaluation.v1').map(({ candidate }) => candidate.job);
  const trained = bodies(records, 'mlops.training.v1').map(({ jobName }) => jobName);
  const tested = bodies(records, 'mlops.data-sanity.v1').map(({ dataFingerprint }) => dataFingerprint);
  const ofVersions = registered.flatMap(({ model, job, dataFingerprint }) => [
    ...(evaluated.length > 0 && !evaluated.includes(job)
      ? [
          `Job ${job} was registered as ${nameOf(model)}, and no evaluation is of it, but of job ${evaluated.join(', ')}.`,
        ]
      : []),
    // What was evaluated may be a child of what was trained: a trial, a node of a pipeline.
    ...(evaluated.length === 0 && trained.length > 0 && !trained.some((one) => job === one || job.startsWith(`${one}_`))
      ? [`Job ${job} was registered as ${nameOf(model)}, and what was trained here is job ${trained.join(', ')}.`]
      : []),
    ...(dataFingerprint !== undefined && tested.length > 0 && !tested.includes(dataFingerprint)
      ? [`${nameOf(model)} was trained on other data than was tested.`]
      : []),
  ]);
  const ofImages = bodies(records, 'mlops.package.v1').flatMap(({ model, image, modelDigest }) => {
    const same = registered.filter((one) => isSameVersion(one.model, model));
    const isOther = modelDigest !== undefined && same.length > 0 && same.every(({ digest }) => digest !== modelDigest);
    return isOther ? [`The image ${image} holds other files than were registered as ${nameOf(model)}.`] : [];
  });
  return [...ofVersions, ...ofImages];
}

function bodies<K extends EvidenceKind>(records: readonly ReadRecord[], kind: K): ReadRecord<K>['body'][] {
  return records.filter((record): record is ReadRecord<K> => record.kind === kind).map(({ body }) => body);
}

function isSameVersion(one: ModelReference, other: ModelReference): boolean {
  return one.name === other.name && one.version === other.version;
}

function nameOf({ name, version }: ModelReference): string {
  return `${name} version ${version}`;
}

function distinct<T>(items: readonly T[], isSame: (one: T, other: T) => boolean): T[] {
  return items.filter((item, index) => items.findIndex((other) => isSame(item, other)) === index);
}
