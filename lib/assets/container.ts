import { at, textAt } from '../agent/json';

/** `https://account.blob.core.windows.net/container` of a blob datastore (Datastores_Get); `undefined` for one of another type. */
export function containerUrl(datastore: unknown): string | undefined {
  const found = at(datastore, 'properties');
  const [account, container] = [textAt(found, 'accountName'), textAt(found, 'containerName')];
  if (account === undefined || container === undefined) return undefined;
  const protocol = textAt(found, 'protocol') ?? 'https';
  return `${protocol}://${account}.blob.${textAt(found, 'endpoint') ?? 'core.windows.net'}/${container}`;
}
