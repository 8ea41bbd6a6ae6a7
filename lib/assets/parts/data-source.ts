import type { LocalAsset } from '../folder';
import { text } from '../shape/scalars';
import { refine, type Shape } from '../shape/shape';
import { assetAt, existingPath } from './paths';

/** Local files, or the address of what is in the cloud already. */
export type DataSource = LocalAsset | string;

/** Does the path name something in the cloud: has it a scheme and a host? */
export function isAddress(value: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\/[^/]/i.test(value);
}

/** A path that becomes a data asset. */
export const dataSource: Shape<DataSource> = {
  ...refine(text, (value, at, scope): DataSource => {
    return isAddress(value) ? value : assetAt(existingPath.read(at, scope), at, scope);
  }),
  schema: () => ({ type: 'string' }),
};
