import { createHmac } from 'node:crypto';

/** A storage account with its key (base64). */
export interface StorageAccount {
  name: string;
  key: string;
}

const version = '2021-12-02';

/**
 * Query of a service SAS for a container or blob, without `?`. Field order as the storage service documents it for
 * versions from 2020-12-06 on.
 */
export function serviceSas(
  account: StorageAccount,
  container: string,
  blob: string | undefined,
  permissions: string,
  hours = 1,
): string {
  const ordered = order(permissions, 'racwdxyltfmeopi');
  const resource = blob === undefined ? 'c' : 'b';
  const path = `/blob/${account.name}/${container}${blob === undefined ? '' : `/${blob}`}`;
  const { start, expiry } = times(hours);
  const text = [ordered, start, expiry, path, '', '', 'https,http', version, resource, '', '', '', '', '', '', ''].join(
    '\n',
  );
  return query({
    sv: version,
    st: start,
    se: expiry,
    sr: resource,
    sp: ordered,
    spr: 'https,http',
    sig: sign(account, text),
  });
}

/** Query of an account SAS for blobs (service, containers and objects as given), without `?`. */
export function accountSas(account: StorageAccount, permissions: string, resources = 'co', hours = 1): string {
  const ordered = order(permissions, 'rwdxylacuptfi');
  const { expiry } = times(hours);
  const text = [account.name, ordered, 'bf', resources, '', expiry, '', '', version, '', ''].join('\n');
  return query({ sv: version, ss: 'bf', srt: resources, sp: ordered, se: expiry, sig: sign(account, text) });
}

function sign(account: StorageAccount, text: string): string {
  return createHmac('sha256', Buffer.from(account.key, 'base64')).update(text, 'utf8').digest('base64');
}

function order(permissions: string, letters: string): string {
  const wanted = permissions.split('');
  const unknown = wanted.find((letter) => !letters.includes(letter));
  if (unknown !== undefined) throw new Error(`No permission of a SAS is called "${unknown}" (in "${permissions}").`);
  const known = letters.split('');
  return known.filter((letter) => wanted.includes(letter)).join('');
}

function times(hours: number): { start: string; expiry: string } {
  const iso = (time: number): string => `${new Date(time).toISOString().slice(0, 19)}Z`;
  return { start: iso(Date.now() - 5 * 60_000), expiry: iso(Date.now() + hours * 3_600_000) };
}

function query(fields: Record<string, string>): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&');
}
