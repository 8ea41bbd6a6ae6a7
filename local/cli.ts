import { parseArgs } from 'node:util';

import type { Arguments, Command } from './cli/command';
import { commands } from './cli/commands';
import { Failure, UsageError } from './cli/errors';
import { commandHelp, overview } from './cli/help';
import { Output } from './cli/output';
import { packageVersion } from './cli/paths';

/** Entry of the `mlops` command line: 0 done, 1 failed, 2 typed wrongly, 130 cancelled. */
async function main(words: string[], output: Output): Promise<number> {
  const [name, ...rest] = words;
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    const topic = commands.find((one) => one.name === rest[0]);
    output.line(topic ? commandHelp(topic) : overview(commands));
    return name === undefined ? 2 : 0;
  }
  if (name === '--version') {
    output.line(packageVersion());
    return 0;
  }
  const command = commands.find((one) => one.name === name);
  if (!command) throw new UsageError(`There is no command '${name}'. See \`mlops help\`.`);
  if (rest.includes('--help') || rest.includes('-h')) {
    output.line(commandHelp(command));
    return 0;
  }
  const args = parse(command, rest);
  output.json = args.flag('json');
  return command.run(args, output);
}

function parse(command: Command, words: string[]): Arguments {
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({ args: words, options: command.options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(`${firstSentence(error)} See \`mlops help ${command.name}\`.`);
  }
  const { positionals, values } = parsed;
  if (positionals.length > command.positionals) {
    throw new UsageError(
      `\`mlops ${command.name}\` does not take '${positionals[command.positionals] ?? ''}'. See \`mlops help ${command.name}\`.`,
    );
  }
  const all = (name: string): string[] => [values[name]].flat().filter((one) => typeof one === 'string');
  return { positionals, flag: (name) => values[name] === true, values: all, value: (name) => all(name).at(-1) };
}

function firstSentence(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return `${message.split(/\. |\n/)[0] ?? message}.`.replace(/\.\.$/, '.');
}

const output = new Output();
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 20)) {
  output.error(`mlops: Node ${process.versions.node} is too old; install Node 20.20 or newer (https://nodejs.org).`);
  process.exit(1);
}
main(process.argv.slice(2), output).then(
  (code) => leave(code),
  (error: unknown) => {
    const known = error instanceof Failure || error instanceof UsageError;
    output.error(`mlops: ${sentence(error)}`);
    if (!known && process.env.MLOPS_DEBUG && error instanceof Error) output.error(error.stack ?? '');
    leave(error instanceof UsageError ? 2 : 1);
  },
);

/** What a person reads; the system's own errors say which place it was and what to choose instead. */
function sentence(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (
    !('code' in error && 'path' in error) ||
    !/^E(ACCES|PERM|NOENT|EXIST|ISDIR|NOTDIR|ROFS|NOSPC)$/.test(String(error.code))
  ) {
    return error.message;
  }
  return `${String(error.path)} cannot be used (${String(error.code)}): choose another place with --state or --record.`;
}

/**
 * Ends the process when all output is written: no timer that a service has left behind may hold it. What a full disk did not
 * take is no success; a reader that has seen enough (`| head`) is.
 */
function leave(code: number): void {
  process.exitCode = code;
  process.stdout.write('', (error) => {
    const isLost = error && (error as NodeJS.ErrnoException).code !== 'EPIPE';
    if (isLost) output.error(`mlops: the output cannot be written: ${error.message}`);
    process.stderr.write('', () => process.exit(isLost ? 1 : code));
  });
}
