import { escapeRegExp } from './pattern';

/** Removes secrets from text before it reaches any sink: log, summary, attachment, JUnit, error. */
export class Redactor {
  private readonly forms = new Set<string>();
  private pattern: RegExp | undefined;

  /** Registers a secret; returns every form that must be masked (the value itself first), multi-line ones line by line. */
  add(secret: string): string[] {
    const forms = secret
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter((line) => line.length >= shortestSecret)
      .flatMap(derivedForms);
    for (const form of forms) this.forms.add(form);
    this.pattern = undefined;
    return forms;
  }

  redact(text: string): string {
    const known = this.known();
    const masked = known ? text.replace(known, mask) : text;
    return recognisable.reduce((result, [pattern, replacement]) => result.replace(pattern, replacement), masked);
  }

  /** Longest form first: a secret that contains another must not leave its rest behind. */
  private known(): RegExp | undefined {
    if (!this.pattern && this.forms.size > 0) {
      const longestFirst = [...this.forms].sort((left, right) => right.length - left.length);
      this.pattern = new RegExp(longestFirst.map(escapeRegExp).join('|'), 'g');
    }
    return this.pattern;
  }
}

const mask = '***';

/** Shorter values would mask ordinary words; the agent itself ignores lengths below 6 when asked to. */
const shortestSecret = 6;

/** Secrets that can be told by their looks, whoever printed them. */
const recognisable: [RegExp, string][] = [
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, mask],
  [/\b(Bearer|Basic)\s+[\w.~+/-]{16,}=*/gi, `$1 ${mask}`],
  [/([?&;]|\b)(sig|signature)=[^&\s"'<>]{8,}/gi, `$1$2=${mask}`],
  [/\b(AccountKey|SharedAccessKey|Password|Pwd)=[^;\s"']{6,}/gi, `$1=${mask}`],
  [
    /("(?:access_token|refresh_token|client_secret|client_assertion|primaryKey|secondaryKey)"\s*:\s*")[^"]+/gi,
    `$1${mask}`,
  ],
  [/\b(client_secret|client_assertion|access_token|refresh_token)=[^&\s"']+/gi, `$1=${mask}`],
];

function derivedForms(value: string): string[] {
  const base64 = Buffer.from(value, 'utf8').toString('base64');
  const forms = [
    value,
    base64,
    base64.replace(/=+$/, ''),
    base64.replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, ''),
    encodeURIComponent(value),
    JSON.stringify(value).slice(1, -1),
    Buffer.from(value, 'utf8').toString('hex'),
  ];
  return [...new Set(forms)];
}
