import type { ParseArgsConfig } from 'node:util';

import type { Output } from './output';

export type Options = NonNullable<ParseArgsConfig['options']>;

/** What the person typed, after parsing. */
export interface Arguments {
  positionals: string[];
  /** `--json` given. */
  flag(name: string): boolean;
  /** Last value of `--name VALUE`. */
  value(name: string): string | undefined;
  /** All values, of an option that may be repeated. */
  values(name: string): string[];
}

export interface Command {
  name: string;
  /** One line for the list of commands. */
  summary: string;
  /** What follows the name, as in `run FILE`. */
  usage: string;
  options: Options;
  /** A line for each option. */
  help: Record<string, string>;
  /** Most positionals it takes. */
  positionals: number;
  /** Not shown in the list: started by other commands. */
  hidden?: boolean;
  /** Gives the exit code. */
  run(args: Arguments, output: Output): Promise<number>;
}
