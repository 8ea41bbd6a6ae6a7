/** The command was typed wrongly: exit code 2, with a hint at the help. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What was asked for did not work out; the message is a full sentence for a person. Exit code 1. */
export class Failure extends Error {
  override readonly name = 'Failure';
}
