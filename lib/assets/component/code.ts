import type { YamlReader } from '../../agent/yaml';
import type { LocalAsset } from '../folder';
import { Later, type Soon } from '../later';
import { existingCode } from '../parts/code';
import { assetAt, existingPath, localPath } from '../parts/paths';
import { checkWithin } from '../project';
import { registerCode } from '../register/code';
import type { Scope, Shape } from '../shape/shape';
import { prefixed } from './common';
import { leftOut, withIncludes } from './includes';

/**
 * The code of a component as its specification has it: `azureml:` and the id of a code asset, made of a local folder or file.
 */
export const componentCode: Shape<Soon<string>> = {
  read: (at, scope) =>
    prefixed(existingCode(at, scope) ?? registered(assetAt(existingPath.read(at, scope), at, scope, leftOut))),
  schema: () => ({ type: 'string' }),
};

/**
 * Like `componentCode`, put together with what `additional_includes` names.
 *
 * @param whole the component
 * @param fallback the folder that is meant where the component names none
 */
export function codeWithIncludes(whole: YamlReader, scope: Scope, fallback?: string): Soon<string> | undefined {
  const at = whole.optional('code');
  const includes = whole.optional('additional_includes')?.asList() ?? [];
  const known = at && existingCode(at, scope);
  if (known !== undefined) return prefixed(known);
  if (includes.length === 0 && at) return componentCode.read(at, scope);
  const folder = at ? existingPath.read(at, scope) : fallback;
  if (includes.length > 0) {
    const paths = includes.map((one) => localPath(scope.folder, one.asString()));
    for (const [index, one] of includes.entries()) checkWithin(scope.root, paths[index] ?? '', one);
    return prefixed(
      registered(withIncludes(folder === undefined ? undefined : { file: folder, at }, includes, scope), paths),
    );
  }
  return folder === undefined ? undefined : prefixed(registered(assetAt(folder, whole, scope, leftOut)));
}

/** Nodes of a pipeline often share one folder: it is hashed once. */
function registered(asset: LocalAsset, includes: readonly string[] = []): Later<string> {
  const key = `component code ${JSON.stringify([asset.root, asset.name, ...includes])}`;
  return new Later((remote) => remote.once(key, () => registerCode(remote, asset)));
}
