/** A list in one query parameter: encoded names between commas. Parts that cannot be decoded are left out. */
export function listOf(param: string | undefined): string[] {
  return (param ?? '')
    .split(',')
    .filter(Boolean)
    .flatMap((part) => {
      try {
        return [decodeURIComponent(part)];
      } catch {
        return [];
      }
    });
}

/** Half a character, which no address can carry, becomes U+FFFD. */
export function listParam(names: readonly string[]): string {
  return names.map((name) => encodeURIComponent(name.replace(/\p{Cs}/gu, '\ufffd'))).join(',');
}
