import type { Command } from '../command';

export function property(command: Command, name: string): string {
  return command.properties.get(name.toLowerCase()) ?? '';
}

/** `Boolean.TryParse`: only `true` in any case is true. */
export function booleanProperty(command: Command, name: string): boolean {
  return property(command, name).trim().toLowerCase() === 'true';
}

/** A whole number, else undefined (`Int32.TryParse`). */
export function integerProperty(command: Command, name: string): number | undefined {
  const text = property(command, name).trim();
  return /^[+-]?\d{1,10}$/.test(text) ? Number(text) : undefined;
}
