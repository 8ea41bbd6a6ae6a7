const replacement = '***';

/** The password in the user part of an address is masked whatever it is (agent source `AdditionalMaskingRegexes.cs`). */
const urlPassword = /(?<=\/\/[^:/?#\n]+:)(?:[\w.~:\-!$&'()*+,;=]|(?:%|%AZP25)[0-9a-fA-F]{2})+(?=@)/g;

/** Endpoint authorization parameters that hold no secret (agent source `MaskingUtil.cs`). */
const publicParameters = new Set([
  'role',
  'scope',
  'tenantid',
  'issuedat',
  'expiresat',
  'audience',
  'authenticationtype',
  'authorizationtype',
  'accesstokentype',
  'accesstokenfetchingmethod',
  'usewindowssecurity',
  'unsecured',
  'oauthaccesstokenissupplied',
  'completecallbackpayload',
  'acceptuntrustedcerts',
]);

export function isSecretParameter(key: string): boolean {
  return !publicParameters.has(key.toLowerCase());
}

/** Replaces every known secret in a text by `***`. A value is masked from the moment it is added, not before. */
export class SecretMasker {
  private readonly values = new Set<string>();
  private longestFirst: string[] | undefined;

  /** Adds a value together with its JSON-escaped, URI-escaped and backslash-escaped forms. */
  add(value: string): void {
    if (value === '') return;
    for (const form of [value, jsonEscape(value), uriEscape(value), backslashEscape(value)]) {
      if (form === '') continue;
      this.values.add(form);
    }
    this.longestFirst = undefined;
  }

  /**
   * Adds a secret that a person supplied (a job variable): also base64, the forms the agent prints in debug mode, without
   * quotation marks and trimmed (agent source `Worker.cs`). Beyond the agent's rule every line of a value of several lines
   * is a secret too, because a log has lines.
   */
  addUserSecret(value: string): void {
    if (value.trim() === '') return;
    const base64 = Buffer.from(value, 'utf8').toString('base64');
    for (const form of [value, base64]) {
      const newlines = form.replaceAll('\r', '%0D').replaceAll('\n', '%0A');
      for (const variant of [form, newlines, escapePercents(form)]) this.addTrimmed(variant);
    }
    for (const line of value.split(/[\r\n]+/)) {
      if (line.trim() !== '') this.add(line);
    }
  }

  mask(text: string): string {
    this.longestFirst ??= [...this.values].sort((a, b) => b.length - a.length);
    const spans: [number, number][] = [];
    for (const value of this.longestFirst) {
      for (let at = text.indexOf(value); at >= 0; at = text.indexOf(value, at + 1)) spans.push([at, at + value.length]);
    }
    for (const match of text.matchAll(urlPassword)) spans.push([match.index, match.index + match[0].length]);
    return replaceSpans(text, spans);
  }

  private addTrimmed(value: string): void {
    this.add(value);
    for (const quote of ['"', "'", '`']) {
      if (value.length > 1 && value.startsWith(quote) && value.endsWith(quote)) this.add(value.slice(1, -1));
    }
    this.add(value.replace(/^[\r\n ]+|[\r\n ]+$/g, ''));
  }
}

/** Overlapping and touching secrets become one replacement, so that nothing between them shows. */
function replaceSpans(text: string, spans: [number, number][]): string {
  if (spans.length === 0) return text;
  spans.sort((a, b) => a[0] - b[0] || b[1] - a[1]);
  let result = '';
  let position = 0;
  let open: [number, number] | undefined;
  for (const [from, to] of spans) {
    if (open && from <= open[1]) {
      open[1] = Math.max(open[1], to);
      continue;
    }
    if (open) {
      result += text.slice(position, open[0]) + replacement;
      position = open[1];
    }
    open = [from, to];
  }
  if (open) {
    result += text.slice(position, open[0]) + replacement;
    position = open[1];
  }
  return result + text.slice(position);
}

function escapePercents(value: string): string {
  return value.replaceAll('%', '%AZP25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function jsonEscape(value: string): string {
  return JSON.stringify(value).slice(1, -1);
}

function uriEscape(value: string): string {
  const wellFormed = Buffer.from(value, 'utf8').toString('utf8');
  return encodeURIComponent(wellFormed).replace(
    /[!'()*]/g,
    (sign) => '%' + sign.charCodeAt(0).toString(16).toUpperCase(),
  );
}

function backslashEscape(value: string): string {
  return value.replaceAll('\\\\', '\\').replaceAll("\\'", "'").replaceAll('\\"', '"').replaceAll('\\t', '\t');
}
