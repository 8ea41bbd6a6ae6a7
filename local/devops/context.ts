import type { ServiceConnection } from '../agent/server';
import type { Approvals } from './approvals';
import type { Collection } from './collection';
import type { Documents } from './documents';
import type { Behaviours } from './faults';
import type { Definition } from './model';
import type { Oidc } from './oidc';
import type { Runs } from './runs';

/** A run asked for through REST. */
export interface QueueRequest {
  definition: Definition;
  branch: string;
  templateParameters: Record<string, unknown>;
  variables: Record<string, string>;
  /** Id of the person who asks. */
  requestedFor: string;
}

/** Starts the run on an agent; gives its id as soon as it has one. */
export type Queue = (request: QueueRequest) => Promise<number>;

/** What the REST handlers of one project work with. */
export interface Context {
  collection: Collection;
  runs: Runs;
  approvals: Approvals;
  documents: Documents;
  oidc: Oidc;
  behaviours: Behaviours;
  connections: ServiceConnection[];
  /** Every project of the organisation, this one among them; the first one first. */
  projects: readonly Context[];
  /** Absent while no agent is there to take runs. */
  queue?: Queue;
}
