import type { Identity } from './model';
import type { Session } from './sessions';

/** Who calls: a person by their personal access token or in the page of an extension, or a running job by its own token. */
export interface Caller {
  identity: Identity;
  /** The run whose job calls. */
  runId?: number;
  /** The extension's page that calls in the person's name. */
  session?: Session;
}
