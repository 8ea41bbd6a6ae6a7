import type { YamlReader } from '../../agent/yaml';
import type { Soon } from '../later';
import { armId, parseReference, type AssetKind, type AssetReference } from '../references';
import { idOf } from '../register/versions';
import { text } from '../shape/scalars';
import { refine, type Shape } from '../shape/shape';

/** `azureml:name:version`, `azureml:name@label`, an ARM id or a registry's, as the id that the service wants. */
export function assetId(kind: AssetKind): Shape<Soon<string>> {
  const isPrefixed = kind === 'environments';
  return {
    ...refine(text, (value, at, scope) => {
      if (isPrefixed) checkPrefix(value, at);
      return idOf(referenceAt(value, kind, at), kind, scope.workspaceId, at);
    }),
    schema: () => ({ type: 'string', pattern: isPrefixed ? '^azureml:' : '^(azureml:|/subscriptions/)' }),
  };
}

/** @throws TaskError with the place of the value when it is no reference */
export function referenceAt(value: string, kind: AssetKind, at: YamlReader): AssetReference {
  const reference = parseReference(value, kind);
  if (reference) return reference;
  throw at.error(
    `${at.path} is "${value}", which names no asset`,
    'Write azureml:name:version, azureml:name@latest, an ARM id, or azureml://registries/….',
  );
}

/**
 * Environments, models and code by their ARM id need the prefix: alone it is taken for a path.
 *
 * @throws TaskError when it lacks
 */
export function checkPrefix(value: string, at: YamlReader): void {
  if (armId.test(value)) throw at.error(`${at.path} is an ARM id alone`, 'Write azureml: in front of it.');
}

/** A compute's ARM id: `azureml:name`, a bare name, or an ARM id. `local` is refused: nothing of it is in the cloud. */
export const computeId: Shape<string> = {
  ...refine(text, (value, at, scope) => {
    const bare = value.replace(/^azureml:/, '');
    if (armId.test(bare)) return bare;
    if (value === 'local') throw at.error('compute "local" has no counterpart in the workspace', 'Name a compute.');
    // A placeholder of a template, `<NAME>`, is left for whoever fills it in.
    if (/^(?:[A-Za-z][A-Za-z0-9-]{0,31}|<[A-Za-z0-9_-]+>)$/.test(bare)) return `${scope.workspaceId}/computes/${bare}`;
    throw at.error(`${at.path} is "${value}", which names no compute`, 'Write azureml:name-of-the-compute.');
  }),
  schema: () => ({ type: 'string' }),
};

/** Something of the workspace, where the clients, unlike elsewhere, take no bare name. @param words that mean something else */
export function prefixed(inner: Shape<string>, ...words: readonly string[]): Shape<string> {
  return refine(text, (value, at, scope) => {
    if (value.startsWith('azureml:') || words.includes(value.toLowerCase())) return inner.read(at, scope);
    const others = words.map((word) => `, or ${word}`).join('');
    throw at.error(`${at.path} is "${value}"`, `Write azureml:${value}${others}.`);
  });
}
