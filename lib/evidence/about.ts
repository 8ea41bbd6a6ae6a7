import type { Evidence, EvidenceKind, ModelReference } from './types';

/** What one record of a run is about: a model version, an image, or an image that holds a model version. */
export interface About {
  model?: ModelReference;
  image?: string;
}

/** What a step deploys, or deployed. */
export type Intended =
  /** `model`: what the image holds, as the pipeline states it; nobody has looked inside. */
  | { kind: 'image'; image: string; model?: ModelReference }
  /** `isElsewhere`: of another workspace or registry than is deployed to; only an id speaks for it. */
  | ({ kind: 'model'; isElsewhere?: boolean } & ModelReference)
  /** Nothing that a record could name. `what`: words for it; `advice`: what to do about it, where that is special. */
  | { kind: 'unnamed'; what: string; advice?: string };

/** What a record names as made or deployed; `undefined` for records that only tell about it. */
export function aboutRecord(record: Evidence<EvidenceKind>): About | undefined {
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

/** What a deployment says that it deployed: an image where it names one, for then the model is only stated. */
export function deployedBy({ image, model }: About): Intended {
  if (image !== undefined) return { kind: 'image', image, model };
  if (model !== undefined) return { kind: 'model', ...model };
  return { kind: 'unnamed', what: 'something that its record does not name' };
}

/**
 * Why evidence does not speak for a deployment; `undefined` when it names what is deployed and nothing contradicts it. Where
 * records say by id which model of a name and version they mean, those that only have its name say nothing more.
 */
export function notAbout(
  abouts: readonly About[],
  intended: Intended,
): { isContradiction: boolean; named: About[] } | undefined {
  const other = abouts.find((about) => contradicts(about, intended));
  if (other !== undefined) return { isContradiction: true, named: [other] };
  const exact = abouts.filter(
    ({ model }) => intended.kind === 'model' && model?.id !== undefined && isSameVersion(model, intended),
  );
  const telling = exact.length > 0 ? exact : abouts;
  return telling.some((about) => isAbout(about, intended)) ? undefined : { isContradiction: false, named: [...abouts] };
}

/**
 * Whether a record names what is deployed. An image must be named itself: a model that the pipeline states for it proves
 * nothing, but must not contradict the record.
 */
export function isAbout({ model, image }: About, intended: Intended): boolean {
  switch (intended.kind) {
    case 'model':
      if (model === undefined || (model.id === undefined && intended.isElsewhere === true)) return false;
      return isSameModel(model, intended);
    case 'image':
      return (
        image !== undefined &&
        isSameImage(image, intended.image) &&
        (model === undefined || intended.model === undefined || isSameVersion(model, intended.model))
      );
    case 'unnamed':
      return false;
  }
}

/** Whether a record names the image that is deployed, but with another model in it than the pipeline states. */
export function contradicts({ model, image }: About, intended: Intended): boolean {
  if (intended.kind !== 'image' || image === undefined || !isSameImage(image, intended.image)) return false;
  return model !== undefined && intended.model !== undefined && !isSameVersion(model, intended.model);
}

/** Names and versions are unique in one workspace or registry only: where both sides name theirs, it must be the same. */
function isSameModel(one: ModelReference, other: ModelReference): boolean {
  return isSameVersion(one, other) && (one.id === undefined || other.id === undefined || isSameId(one.id, other.id));
}

function isSameVersion(one: ModelReference, other: ModelReference): boolean {
  return one.name === other.name && one.version === other.version;
}

/** Ids of Resource Manager and of registries know no case. */
function isSameId(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** An image that was copied to another registry keeps its digest. */
export function isSameImage(one: string, other: string): boolean {
  const [left, right] = [imageDigest(one), imageDigest(other)];
  return left !== undefined && right !== undefined ? left === right : one === other;
}

/** `sha256:…` of an image that is named by it. */
export function imageDigest(image: string): string | undefined {
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
  const version = model && `model ${model.name} version ${model.version}${placeOf(model.id)}`;
  if (image === undefined) return version ?? 'nothing';
  return version === undefined ? `image ${image}` : `image ${image} (${version})`;
}

/** Of two models of one name and version only the place tells which is meant. */
function placeOf(id: string | undefined): string {
  const [, type, name] = /\b(workspaces|registries)\/([^/]+)\/models\//i.exec(id ?? '') ?? [];
  if (type === undefined || name === undefined) return '';
  return ` of ${type.toLowerCase() === 'registries' ? 'registry' : 'workspace'} ${name}`;
}
