import type { Person } from '../data/types';
import { fields, type Reader } from './read';

/** An identity as other answers carry it; deleted ones have lost some of their members. */
export const person: Reader<Person & { isGroup: boolean }> = (value, where) => {
  const identity = fields(value, where);
  const displayName = identity.maybeText('displayName') ?? identity.maybeText('uniqueName') ?? 'unknown';
  const uniqueName = identity.maybeText('uniqueName');
  const descriptor = identity.maybeText('descriptor') ?? '';
  return {
    id: identity.maybeText('id') ?? '',
    displayName,
    // Groups carry an address of the kind vstfs:/// here, which names nobody.
    uniqueName: uniqueName?.startsWith('vstfs:') ? undefined : uniqueName,
    isGroup: identity.maybeFlag('isContainer') ?? /^(vssgp|aadgp)\./.test(descriptor),
  };
};

/** The same without what only approvers need. */
export const plainPerson: Reader<Person> = (value, where) => {
  const { id, displayName, uniqueName } = person(value, where);
  return { id, displayName, uniqueName };
};
