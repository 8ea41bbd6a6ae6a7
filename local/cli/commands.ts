import type { Command } from './command';
import { approve, reject } from './decide';
import { demo } from './demo';
import { doctor } from './doctor';
import { env } from './env';
import { fill } from './fill';
import { run } from './run';
import { down, serve, status, up } from './services';
import { translate, validate } from './translator';

/** Every command, in the order in which help shows them. */
export const commands: Command[] = [
  demo,
  run,
  up,
  down,
  status,
  approve,
  reject,
  fill,
  translate,
  validate,
  env,
  doctor,
  serve,
];
