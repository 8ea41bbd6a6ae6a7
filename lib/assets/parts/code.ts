import type { YamlReader } from '../../agent/yaml';
import { Later, type Soon } from '../later';
import { armId, parseReference } from '../references';
import { registerCode } from '../register/code';
import { idOf } from '../register/versions';
import { text } from '../shape/scalars';
import type { Scope, Shape } from '../shape/shape';
import { assetAt, existingPath, isRemote } from './paths';
import { checkPrefix } from './references';

/** Code: a local folder or file, uploaded once for the same content, or a code asset that exists. Reads as its ARM id. */
export const code: Shape<Soon<string>> = {
  read: (at, scope): Soon<string> => {
    const known = existingCode(at, scope);
    if (known !== undefined) return known;
    const asset = assetAt(existingPath.read(at, scope), at, scope);
    return new Later((remote) => registerCode(remote, asset));
  },
  schema: () => ({ type: 'string' }),
};

/** The code of a deployment: here the clients take an ARM id alone, too. */
export const deploymentCode: Shape<Soon<string>> = {
  read: (at, scope) => {
    const value = text.read(at, scope);
    return armId.test(value) ? value : code.read(at, scope);
  },
  schema: () => code.schema(),
};

/** The code asset that a reference names; `undefined` for a local path. */
export function existingCode(at: YamlReader, scope: Scope): Soon<string> | undefined {
  const value = text.read(at, scope);
  checkPrefix(value, at);
  const reference = parseReference(value, 'codes');
  if (reference) return idOf(reference, 'codes', scope.workspaceId, at);
  if (!isRemote(value)) return undefined;
  throw at.error(
    `${at.path} "${value}" is neither a local folder nor a code asset`,
    'Check the repository out and name its folder.',
  );
}
