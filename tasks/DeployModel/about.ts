import { readRecord } from '../../lib/evidence/read';
import type { ModelVersion, Subject } from './inputs';

/** What the step is about to deploy, as far as that is known before Azure is asked. */
export type Intended =
  /** `model`: what the image holds, as the pipeline states it; nobody has looked inside. */
  | { kind: 'image'; image: string; model?: ModelVersion }
  | Extract<Subject, { kind: 'model' }>
  /** Nothing that a record could name. `what`: words for it. */
  | { kind: 'unnamed'; what: string };

/** What one record of a run is about: a model version, an image, or an image that holds a model version. */
export interface About {
  model?: ModelVersion;
  image?: string;
}

/**
 * What a record names as made or deployed. The hub reads records in the same way: what it cannot show to an approver names
 * nothing here either.
 *
 * @param kind type of the attachment
 */
export function aboutOf(kind: string, bytes: Buffer): About | undefined {
  const read = readRecord(kind, bytes.toString('utf8'));
  if (!('record' in read)) return undefined;
  const { record } = read;
  switch (record.kind) {
    case 'mlops.model-version.v1':
      return { model: record.model };
    case 'mlops.package.v1':
      return { model: record.model, image: record.image };
    case 'mlops.deployment.v1':
      return record.model === undefined && record.image === undefined
        ? undefined
        : { model: record.model, image: record.image };
    default:
      return undefined;
  }
}

/**
 * Whether a record names what is about to be deployed. An image must be named itself: a model that the pipeline states for
 * it proves nothing, but must not contradict the record.
 */
export function isAbout({ model, image }: About, intended: Intended): boolean {
  switch (intended.kind) {
    case 'model':
      return model !== undefined && isSameModel(model, intended);
    case 'image':
      return (
        image !== undefined &&
        isSameImage(image, intended.image) &&
        (model === undefined || intended.model === undefined || isSameModel(model, intended.model))
      );
    case 'unnamed':
      return false;
  }
}

/** Whether a record names the image that is about to be deployed, but with another model in it than the pipeline states. */
export function contradicts({ model, image }: About, intended: Intended): boolean {
  if (intended.kind !== 'image' || image === undefined || !isSameImage(image, intended.image)) return false;
  return model !== undefined && intended.model !== undefined && !isSameModel(model, intended.model);
}

function isSameModel(one: ModelVersion, other: ModelVersion): boolean {
  return one.name === other.name && one.version === other.version;
}

/** An image that was copied to another registry keeps its digest. */
function isSameImage(one: string, other: string): boolean {
  const [left, right] = [digestOf(one), digestOf(other)];
  return left !== undefined && right !== undefined ? left === right : one === other;
}

function digestOf(image: string): string | undefined {
  return /@(sha256:[0-9a-f]{64})$/.exec(image)?.[1];
}

/** So many are told; a run that trains many models would fill the message. */
const mostNamed = 5;

/** Words for what records name, each thing once. */
export function inWords(abouts: readonly About[]): string {
  const named = [...new Set(abouts.map(aboutInWords))].sort();
  if (named.length === 0) return 'no model version or image at all';
  const more = named.length > mostNamed ? ` and ${named.length - mostNamed} more` : '';
  return `${named.slice(0, mostNamed).join('; ')}${more}`;
}

export function intendedInWords(intended: Intended): string {
  switch (intended.kind) {
    case 'model':
      return aboutInWords({ model: intended });
    case 'image':
      return aboutInWords(intended);
    case 'unnamed':
      return intended.what;
  }
}

function aboutInWords({ model, image }: About): string {
  const version = model && `model ${model.name} version ${model.version}`;
  if (image === undefined) return version ?? 'nothing';
  return version === undefined ? `image ${image}` : `image ${image} (${version})`;
}
