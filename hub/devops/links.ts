import type { Connection } from './connection';

/**
 * A link out of an answer, when it may be followed: on the organisation's own origin, below its path, by https (or plain
 * http on this machine). Answers carry text that others wrote; a token must never travel to an address out of them.
 */
export function ownLink(connection: Connection, href: unknown): URL | undefined {
  if (typeof href !== 'string' || !URL.canParse(href)) return undefined;
  const link = new URL(href);
  const organization = new URL(connection.organization);
  const safe = link.protocol === 'https:' || (link.protocol === 'http:' && isLoopback(link.hostname));
  const own = link.origin === organization.origin && link.pathname.startsWith(organization.pathname);
  return safe && own && link.username === '' && link.password === '' ? link : undefined;
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}
