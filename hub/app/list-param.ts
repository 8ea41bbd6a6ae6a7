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

export function listParam(names: readonly string[]): string {
  return names.map(encodeURIComponent).join(',');
}
