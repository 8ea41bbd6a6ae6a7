import type { Command } from '../command';
import type { StepContext } from '../task/context';

export type CommandHandler = (step: StepContext, command: Command) => void;

export interface CommandEntry {
  run: CommandHandler;
  /** Allowed to tasks that restrict themselves (`restrictions.commands.mode`). */
  inRestrictedMode?: boolean;
}
