import type { StepResult } from '../../local/agent/run-task';
import type { Exchange, LocalAzure } from '../../local/azure';

/** Knows every secret that went over the wire, and finds them where steps leave text behind. */
export interface SecretWatch {
  /** Remembers what a step printed and left behind. */
  note(task: string, step: StepResult): void;
  /** One line for each place where a secret can be read. The secret is not part of it. */
  leaks(): string[];
}

/** Shorter values occur in ordinary text. */
const shortest = 12;

/** Secrets that can be told by their looks, wherever they come from. */
const looks: [string, RegExp][] = [
  ['a token', /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/],
  ['a signature of an address', /[?&]sig=(?!\*\*\*)[^&\s"']{8,}/],
  ['an Authorization header', /\b(?:Bearer|Basic)\s+(?!\*\*\*)[\w.~+/-]{20,}=*/],
];

export function watchSecrets(azure: Pick<LocalAzure, 'onExchange' | 'directory'>): SecretWatch {
  const secrets = new Map<string, string>([
    [azure.directory.servicePrincipal.secret, 'the secret of a service principal'],
  ]);
  const places: { place: string; text: string }[] = [];
  azure.onExchange((exchange) => {
    for (const [secret, what] of secretsOf(exchange)) secrets.set(secret, what);
  });
  return {
    note(task, step) {
      const add = (what: string, text: string): void => void places.push({ place: `${task}, ${what}`, text });
      add('log', step.lines.join('\n'));
      // Only the command that hides a secret may carry it.
      add('output', step.rawLines.filter((line) => !line.startsWith('##vso[task.setsecret]')).join('\n'));
      add('outputs', JSON.stringify(step.outputs));
      add('issues', JSON.stringify(step.issues));
      add('tests', JSON.stringify(step.tests));
      for (const { type, name, content } of step.attachments) add(`attachment ${type} ${name}`, content);
    },
    leaks() {
      return places.flatMap(({ place, text }) => [
        ...looks.filter(([, pattern]) => pattern.test(text)).map(([what]) => `${place}: ${what} can be read`),
        ...[...secrets].filter(([secret]) => text.includes(secret)).map(([, what]) => `${place}: ${what} can be read`),
      ]);
    },
  };
}

const fields =
  /"(primaryKey|secondaryKey|accessToken|access_token|refresh_token|client_secret|client_assertion|password)"\s*:\s*"([^"]+)"/g;

function* secretsOf({ url, requestHeaders, requestBody, responseBody }: Exchange): Generator<[string, string]> {
  const sent = `${url}\n${requestBody.toString('utf8')}`;
  const answered = responseBody.toString('utf8');
  for (const secret of credentials(requestHeaders.authorization ?? '')) yield [secret, 'an Authorization header'];
  for (const [, name = '', value = ''] of `${sent}\n${answered}`.matchAll(fields)) {
    if (value.length >= shortest) yield [value, name];
  }
  for (const [, value = ''] of sent.matchAll(
    /\b(?:client_secret|client_assertion|refresh_token|access_token)=([^&\s]+)/g,
  ))
    yield [decodeURIComponent(value), 'a field of a form'];
  for (const [, value = ''] of `${sent}\n${answered}`.matchAll(/[?&](?:amp;)?sig=([\w%+/=-]{16,})/g)) {
    yield [value, 'a signature of an address'];
    yield [decodeURIComponent(value), 'a signature of an address'];
  }
  for (const [, value = ''] of answered.matchAll(/"value"\s*:\s*"([A-Za-z0-9+/=]{200,})"/g)) {
    const token = /^\s*token:\s*(\S+)/m.exec(Buffer.from(value, 'base64').toString('utf8'))?.[1];
    if (token !== undefined) yield [token, 'the token of a kubeconfig'];
  }
}

function credentials(header: string): string[] {
  const [scheme = '', value = ''] = header.split(/\s+/);
  if (value.length < shortest) return [];
  if (scheme.toLowerCase() !== 'basic') return [value];
  const password = Buffer.from(value, 'base64').toString('utf8').split(':').slice(1).join(':');
  return [value, password].filter((text) => text.length >= shortest);
}
