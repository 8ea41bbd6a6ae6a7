import type { Core } from '../service';
import type { Commands } from './job-command';
import type { Work } from './job-control';
import type { JobRunner } from './job-runner';
import type { Json } from './wire';

/** What jobs that have children start them with. */
export interface JobHost {
  readonly core: Core;
  readonly runner: JobRunner;
  readonly commands: Commands;
}

/** A job that was found good: what is stored of it, and what it does. */
export interface NewJob {
  document: Json;
  work: (id: string) => Work;
}
