import { setTimeout as sleep } from 'node:timers/promises';

import type { Approval, Build, DevOpsClient, Timeline } from './devops-client';
import type { Output } from './output';
import { Progress } from './progress';

/** Between two looks at a run on this machine. */
const lookEveryMs = 250;

export interface FollowOptions {
  output: Output;
  /** Cancels the run; it is then followed to its end. */
  signal: AbortSignal;
  /** Told of approvals of this run that are open, once each. */
  onApproval?: (approval: Approval) => Promise<void>;
}

export interface Followed {
  build: Build;
  timeline: Timeline;
}

/** Follows a run to its end through REST, showing its progress. */
export async function follow(client: DevOpsClient, runId: number, options: FollowOptions): Promise<Followed> {
  const progress = new Progress(options.output);
  const seen = new Set<string>();
  let cancelled = false;
  let changeId = -1;
  for (;;) {
    if (options.signal.aborted && !cancelled) {
      cancelled = true;
      await client.cancel(runId);
    }
    // The state first: what the timeline says afterwards is at least as new.
    const build = await client.build(runId);
    const timeline = await client.timeline(runId);
    if (timeline.changeId !== changeId || options.output.isTerminal) progress.update(timeline.records);
    changeId = timeline.changeId;
    if (build.status === 'completed') {
      progress.end();
      return { build, timeline };
    }
    if (options.onApproval && waits(timeline)) {
      const pending = await client.approvals('state=pending');
      for (const approval of pending.filter((one) => one.pipeline.owner.id === runId && !seen.has(one.id))) {
        seen.add(approval.id);
        await options.onApproval(approval);
      }
    }
    await sleep(lookEveryMs);
  }
}

function waits(timeline: Timeline): boolean {
  return timeline.records.some((one) => one.type === 'Checkpoint.Approval' && one.state !== 'completed');
}
