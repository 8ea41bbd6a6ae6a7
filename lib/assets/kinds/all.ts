import { commandJob } from './command-job';
import { environment } from './environment';
import type { Kind } from './kind';

/** Every kind of file that is understood. A new kind is one more line here. */
export const kinds: readonly Kind[] = [commandJob, environment];
