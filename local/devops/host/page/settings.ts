import type { Configuration, Person } from './api';
import { themeNames, type ThemeName } from './themes';

/** Faults of the service, as its switch names them. */
export const faults = ['401', '403', 'scope', '409', '429', '500', 'cors', 'lost', 'hang', 'offline'] as const;

/** What the controls say. Kept for this tab; a new value in the address replaces the old one and disappears from there. */
export interface Settings {
  /** Short name, mail address or id of who is signed in. */
  user: string;
  theme: ThemeName;
  /** Milliseconds that each answer of the service takes longer. */
  latency: string;
  /** One of `faults`, or nothing. */
  fault: string;
  /** Requests that the fault meets: a pattern over `METHOD /path?query`. Nothing: all of them. */
  match: string;
  /** `on`: pages may read the continuation token and the rate limit's headers. */
  headers: string;
  /** Which of the two forms of the handshake the host speaks. */
  handshake: string;
}

const names = ['user', 'theme', 'latency', 'fault', 'match', 'headers', 'handshake'] as const;
const storageName = 'mlops-host-settings';

/** The settings: from the address, else those of this tab, else the defaults. The address keeps what is the hub's own. */
export function takeSettings(): Settings {
  const url = new URL(location.href);
  const stored = new URLSearchParams(sessionStorage.getItem(storageName) ?? '');
  for (const name of names) {
    const value = url.searchParams.get(name);
    if (value === null) continue;
    stored.set(name, value);
    url.searchParams.delete(name);
  }
  sessionStorage.setItem(storageName, stored.toString());
  if (url.href !== location.href) history.replaceState(null, '', url);
  const value = (name: (typeof names)[number], otherwise: string): string => stored.get(name) ?? otherwise;
  return {
    user: value('user', 'ana'),
    theme: themeNames.find((one) => one === stored.get('theme')) ?? 'light',
    latency: value('latency', '0'),
    fault: faults.find((one) => one === stored.get('fault')) ?? '',
    match: value('match', ''),
    headers: value('headers', 'off'),
    handshake: value('handshake', 'current'),
  };
}

/** Keeps one changed setting for this tab. */
export function keepSetting(name: keyof Settings, value: string): void {
  const stored = new URLSearchParams(sessionStorage.getItem(storageName) ?? '');
  stored.set(name, value);
  sessionStorage.setItem(storageName, stored.toString());
}

/** Whether this tab says how the service is to behave. Else that stays as whoever started it has set it. */
export function saysBehaviour(): boolean {
  const stored = new URLSearchParams(sessionStorage.getItem(storageName) ?? '');
  return ['latency', 'fault', 'match', 'headers'].some((name) => stored.has(name));
}

/** The person whom the settings name; the first one when there is nobody of that name. */
export function personOf({ users }: Configuration, { user }: Settings): Person {
  const wanted = user.toLowerCase();
  const found = users.find((one) => [one.shortName, one.mail, one.id].some((key) => key.toLowerCase() === wanted));
  const [first] = users;
  const person = found ?? first;
  if (!person) throw new Error('Azure DevOps has no users.');
  return person;
}

/** How the service is to behave, as its switch takes it. */
export function behaviourOf({ latency, fault, match, headers }: Settings): Record<string, unknown> {
  const number = Number(latency);
  return {
    latencyMs: Number.isFinite(number) && number > 0 ? Math.min(number, 60_000) : 0,
    exposeHeaders: headers === 'on',
    fail:
      fault === '' ? [] : [{ status: /^\d+$/.test(fault) ? Number(fault) : fault, ...(match === '' ? {} : { match }) }],
  };
}
