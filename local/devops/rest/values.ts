import { ServiceError } from '../errors';

/** A whole number of a path or query. */
export function integer(value: string | undefined, name: string): number {
  if (value === undefined || !/^-?\d{1,15}$/.test(value)) {
    throw new ServiceError(400, 'ArgumentException', `The value '${value ?? ''}' of '${name}' is not a whole number.`);
  }
  return Number(value);
}
