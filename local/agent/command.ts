/** One logging command: `##vso[area.event key=value;…]data`. */
export interface Command {
  area: string;
  event: string;
  /** Property names are compared without case, so they are kept in lower case. */
  properties: Map<string, string>;
  data: string;
}

const prefix = '##vso[';

/** The order matters: `%AZP25` comes last, so that an escaped escape stays text. */
const escapes: readonly (readonly [string, string])[] = [
  [';', '%3B'],
  ['\r', '%0D'],
  ['\n', '%0A'],
  [']', '%5D'],
];

export function unescapeCommand(text: string, decodePercents = true): string {
  const plain = escapes.reduce((result, [token, escape]) => result.replaceAll(escape, token), text);
  return decodePercents ? plain.replaceAll('%AZP25', '%') : plain;
}

export function escapeCommand(text: string, decodePercents = true): string {
  const start = decodePercents ? text.replaceAll('%', '%AZP25') : text;
  return escapes.reduce((result, [token, escape]) => result.replaceAll(token, escape), start);
}

/**
 * Reads a line as the agent does (agent source `Command.cs`): the prefix may stand anywhere in the line, the first `]`
 * ends the command, an empty property is dropped. `undefined` when the line is not a command.
 */
export function parseCommand(line: string, decodePercents = true): Command | undefined {
  const start = line.indexOf(prefix);
  if (start < 0) return undefined;
  const end = line.indexOf(']', start);
  if (end < 0) return undefined;
  const info = line.slice(start + prefix.length, end);
  const space = info.indexOf(' ');
  const name = (space < 0 ? info : info.slice(0, space)).split('.').filter((part) => part !== '');
  const [area, event] = name;
  if (name.length !== 2 || area === undefined || event === undefined) return undefined;
  const properties = space > 0 ? parseProperties(info.slice(space + 1), decodePercents) : new Map<string, string>();
  return { area, event, properties, data: unescapeCommand(line.slice(end + 1), decodePercents) };
}

function parseProperties(text: string, decodePercents: boolean): Map<string, string> {
  const properties = new Map<string, string>();
  for (const pair of text.split(';')) {
    // An empty name moves the search for `=` one on, because empty entries are removed before they are counted.
    const trimmed = pair.replace(/^=+/, '');
    const equals = trimmed.indexOf('=');
    if (equals <= 0) continue;
    const value = trimmed.slice(equals + 1);
    if (value === '') continue;
    properties.set(trimmed.slice(0, equals).toLowerCase(), unescapeCommand(value, decodePercents));
  }
  return properties;
}
