export interface LinkTarget {
  href: string;
  /** Name of the host as browsers resolve it: other scripts in punycode. */
  host: string;
  /** Inside the viewer's own organization. */
  own: boolean;
}

/**
 * Where a link of foreign text leads; undefined for what must not be a link: other schemes than http and https, addresses with a
 * user name in front of the host, relative addresses (there is nothing they could be relative to).
 */
export function linkTarget(href: string, organization: string): LinkTarget | undefined {
  if (!URL.canParse(href)) return undefined;
  const url = new URL(href);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return undefined;
  if (url.username !== '' || url.password !== '') return undefined;
  return { href: url.href, host: url.host, own: url.href.startsWith(organization) };
}
