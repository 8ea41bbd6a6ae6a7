/** The first 32 hexadecimal digits of a hash, written as a GUID. */
export function guidOf(hash: string): string {
  return hash.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
