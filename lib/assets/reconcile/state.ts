import { textAt } from '../../agent/json';

/** `provisioningState` of a resource, as its GET answers it. */
const stateOf = (found: unknown): string => textAt(found, 'properties', 'provisioningState') ?? '';

/** Its last creation or update did not succeed, whatever its members say. */
export const isFailed = (found: unknown): boolean => /^(?:failed|cancell?ed)$/i.test(stateOf(found));

/** Somebody is at work on it; the service refuses a second write meanwhile. */
export const isOnItsWay = (found: unknown): boolean =>
  /^(?:accepted|creating|updating|scaling|deleting)$/i.test(stateOf(found));

/** Why a resource is sent although it is described as wanted; `undefined` when it is well. */
export function stateNote(found: unknown): string | undefined {
  if (isFailed(found)) return `its provisioning state is ${stateOf(found)}: it is sent again`;
  return isOnItsWay(found) ? `its provisioning state is ${stateOf(found)}: its end is awaited first` : undefined;
}
