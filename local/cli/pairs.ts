import { UsageError } from './errors';

/** `name=value` texts of a repeated option as an object. The value may hold further `=`. */
export function pairs(option: string, texts: string[]): Record<string, string> {
  const result: Record<string, string> = {};
  for (const text of texts) {
    const at = text.indexOf('=');
    if (at < 1) throw new UsageError(`--${option} takes name=value; '${text}' is not that.`);
    const name = text.slice(0, at).trim();
    if (Object.hasOwn(result, name)) throw new UsageError(`--${option} ${name} is given twice.`);
    result[name] = text.slice(at + 1);
  }
  return result;
}

/** A port from the command line. */
export function portOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65_531) {
    throw new UsageError(
      `--${option} takes a port, a number from 1 to 65531 (the next four are taken too); '${text}' is not that.`,
    );
  }
  return port;
}
