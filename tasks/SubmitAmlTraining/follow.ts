import type { Agent } from '../../lib/agent/agent';
import { TaskError } from '../../lib/agent/errors';
import { waitFor } from '../../lib/agent/poll';
import type { Azure } from '../../lib/azure/azure';
import { getJob, type Job } from '../../lib/azure/jobs';

/** How long a job may be in a state from which it can come back by itself. */
const graceMs = 15 * 60_000;

/** What of a job is shown while it runs: its log, its nodes. */
export interface Progress {
  /** Shows what is new. Never fails the step. */
  pump(): Promise<void>;
  /** Shows the rest. */
  finish(): Promise<void>;
}

export interface FollowOptions {
  timeoutMs: number;
  /** First pause between two looks; tests shorten it. */
  firstDelayMs?: number;
  now?: () => number;
}

/**
 * Follows a job to its end and shows its progress meanwhile. Completed, Failed and Canceled end it; NotResponding, Unknown and
 * Paused may last 15 minutes, since jobs do come back from them; all else is on its way (JobStatus, 2024-10-01).
 *
 * @throws TaskError when the job vanishes, stays unreachable, or does not end in time: it is not stopped by that
 */
export async function follow(
  azure: Azure,
  agent: Agent,
  name: string,
  progress: Progress,
  options: FollowOptions,
): Promise<Job> {
  const now = options.now ?? Date.now;
  let doubtfulSince: number | undefined;
  const what = `job ${name}`;
  const share = { from: 20, to: 95 };
  const { timeoutMs, firstDelayMs } = options;
  const ended = await waitFor(
    { what, timeoutMs, firstDelayMs, maxDelayMs: 15_000, progress: share },
    agent,
    async () => {
      const job = await getJob(azure, name);
      if (!job)
        throw new TaskError(`Job ${name} is no longer in workspace ${azure.workspace.name}.`, 'Was it deleted?');
      const status = canonicalStatus(job.status);
      if (isEnded(status)) return { done: true, value: { ...job, status } };
      doubtfulSince = doubtfulStates.has(status) ? (doubtfulSince ?? now()) : undefined;
      if (doubtfulSince !== undefined && now() - doubtfulSince >= graceMs) {
        throw new TaskError(
          `Job ${name} has been ${status} for 15 minutes.`,
          'Look at the job and its compute in the studio. Running this stage again follows the job on.',
        );
      }
      await progress.pump();
      return { done: false, state: status };
    },
  );
  await progress.finish();
  return ended;
}

/** Completed, Failed or Canceled. */
export function isEnded(status: string): boolean {
  return endStates.has(canonicalStatus(status));
}

const endStates = new Set(['Completed', 'Failed', 'Canceled']);
const doubtfulStates = new Set(['NotResponding', 'Unknown', 'Paused']);
const known = [
  ...endStates,
  ...doubtfulStates,
  ...['NotStarted', 'Starting', 'Provisioning', 'Preparing', 'Queued', 'Running', 'Finalizing', 'CancelRequested'],
];

/** The status in the swagger's spelling: run history and Resource Manager differ in case. */
export function canonicalStatus(status: string): string {
  return known.find((word) => word.toLowerCase() === status.toLowerCase()) ?? status;
}
