import { Later, type Soon } from '../later';
import { parseReference } from '../references';
import { registerCode } from '../register/code';
import { idOf } from '../register/versions';
import { text } from '../shape/scalars';
import { refine, type Shape } from '../shape/shape';
import { assetAt, existingPath, isRemote } from './paths';

/** Code: a local folder or file, uploaded once for the same content, or a code asset that exists. Reads as its ARM id. */
export const code: Shape<Soon<string>> = {
  ...refine(text, (value, at, scope): Soon<string> => {
    const reference = parseReference(value, 'codes');
    if (reference) return idOf(reference, 'codes', scope.workspaceId, at);
    if (isRemote(value)) {
      throw at.error(
        `${at.path} "${value}" is neither a local folder nor a code asset`,
        'Check the repository out and name its folder.',
      );
    }
    const asset = assetAt(existingPath.read(at, scope), at);
    return new Later((remote) => registerCode(remote, asset));
  }),
  schema: () => ({ type: 'string' }),
};
