/** Somebody as Azure DevOps names them. */
export interface Identified {
  id?: string;
  /** Sign-in name. */
  uniqueName?: string;
}

/** By id, and by sign-in name: one person can have an identity in several directories. Neither knows case. */
export function isSamePerson(one: Identified, other: Identified): boolean {
  return isSame(one.id, other.id) || isSame(one.uniqueName, other.uniqueName);
}

function isSame(one = '', other = ''): boolean {
  return one !== '' && one.toLowerCase() === other.toLowerCase();
}
