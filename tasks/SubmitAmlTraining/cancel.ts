import type { Agent } from '../../lib/agent/agent';
import { unlessCancelled } from '../../lib/agent/cancellation';
import { errorText } from '../../lib/agent/errors';
import type { Azure } from '../../lib/azure/azure';
import { jobId } from '../../lib/azure/jobs';
import { mlApiVersion } from '../../lib/azure/workspace';
import type { OnCancel } from './inputs';

/** The agent kills a step 10 s after it asked it to end; what we do about it takes less than half of that. */
const settleMs = 1_500;
const callMs = 2_500;

/** What a cancellation needs to know of a step that is on its way. */
export interface InFlight {
  /** What the job needs and the workspace has by now, in words. */
  made?: readonly string[];
  /** Set just before the job is created. */
  jobName?: string;
  /** The job has ended: there is nothing to cancel. */
  hasEnded?: boolean;
}

/**
 * Runs `work`, but ends as soon as the agent cancels the step: the job is cancelled by one call (or left alone), and the
 * error names it.
 *
 * @throws CancelledError after at most 4 s
 */
export function withCancellation<T>(
  { azure, agent, onCancel }: { azure: Azure; agent: Agent; onCancel: OnCancel },
  inFlight: InFlight,
  work: Promise<T>,
): Promise<T> {
  return unlessCancelled(agent, work, async () => {
    // A job that is being created at this moment can be cancelled only when it exists.
    await Promise.race([work.catch(() => undefined), after(settleMs)]);
    return end(azure, agent, inFlight, onCancel);
  });
}

async function end(azure: Azure, agent: Agent, inFlight: InFlight, onCancel: OnCancel): Promise<string> {
  const { jobName: name, hasEnded, made = [] } = inFlight;
  if (name === undefined) {
    const done = made.length === 0 ? '' : ` Done by then: ${made.join('; ')}.`;
    return `Cancelled before a job was submitted.${done}`;
  }
  if (hasEnded === true) return `Cancelled after job ${name} had ended.`;
  if (onCancel === 'detach') {
    return `Cancelled. Job ${name} runs on (onCancel: detach); running this stage again follows it.`;
  }
  agent.print(`Cancelling job ${name} …`);
  try {
    const { status } = await azure.http.send({
      method: 'POST',
      url: `${azure.cloud.arm}${jobId(azure, name)}/cancel?api-version=${mlApiVersion}`,
      resource: azure.cloud.resources.arm,
      accept: [404],
      attempts: 1,
      timeoutMs: callMs,
      as: 'text',
    });
    if (status !== 404) return `Cancelled. Job ${name} was cancelled too.`;
    return `Cancelled while job ${name} was being submitted: it may still be created and run; running this stage again follows it.`;
  } catch (error) {
    return `Cancelled, but job ${name} could not be cancelled and may run on: ${errorText(error)}`;
  }
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
