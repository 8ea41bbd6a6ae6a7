import { setTimeout as sleep } from 'node:timers/promises';
import type { Agent } from './agent';
import { CancelledError, TaskError } from './errors';

export interface PollOptions {
  /** What is being waited for, in words. */
  what: string;
  timeoutMs: number;
  firstDelayMs?: number;
  maxDelayMs?: number;
  /** Progress of the step at the start and the end of the wait, in percent. */
  progress?: { from: number; to: number };
}

/** `done` ends the wait; `state` is shown; `retryAfterMs` replaces the next delay when the service asked for one. */
export type Probe<T> = { done: true; value: T } | { done: false; state: string; retryAfterMs?: number };

/** A readable line at least this often; pauses are cut so that it comes in time. */
const lineEveryMs = 30_000;
const silenceMs = 25_000;

/**
 * Polls until `probe` is done: first after `firstDelayMs` (2 s), then half as long again each time up to `maxDelayMs`
 * (30 s), with up to 10 % of jitter so that many agents do not ask at once.
 *
 * @throws CancelledError when the agent cancels the step; TaskError after `timeoutMs`.
 */
export async function waitFor<T>(options: PollOptions, agent: Agent, probe: () => Promise<Probe<T>>): Promise<T> {
  const started = Date.now();
  const longest = options.maxDelayMs ?? 30_000;
  let delay = options.firstDelayMs ?? 2_000;
  let shown = { state: '', at: 0 };
  for (;;) {
    const result = await probe();
    if (result.done) return result.value;
    const now = Date.now();
    if (result.state !== shown.state || now - shown.at >= lineEveryMs / 2) {
      agent.print(`Waiting for ${options.what}: ${result.state} (${seconds(now - started)})`);
      shown = { state: result.state, at: now };
    }
    report(options, agent, now - started, result.state);
    if (now - started >= options.timeoutMs) {
      throw new TaskError(
        `${options.what} did not end within ${seconds(options.timeoutMs)}; last state: ${result.state}.`,
        'Give the step a longer timeoutMinutes, or look at the resource in the portal.',
      );
    }
    const left = options.timeoutMs - (now - started);
    const wait = Math.min(result.retryAfterMs ?? delay * (1 + Math.random() / 10), left);
    await audiblePause(wait, agent, `Still waiting for ${options.what}: ${result.state}`);
    delay = Math.min(longest, delay * 1.5);
  }
}

/** A pause that says every 25 s what is being waited for. */
export async function audiblePause(ms: number, agent: Agent, what: string): Promise<void> {
  let left = ms;
  for (; left > silenceMs; left -= silenceMs) {
    await pause(silenceMs, agent.cancelled);
    agent.print(`${what} (${seconds(left - silenceMs)} to go until the next look)`);
  }
  await pause(left, agent.cancelled);
}

/** Does work that may take long, and says every 10 s how far it is. */
export async function audibleWork<T>(agent: Agent, howFar: () => string, work: () => Promise<T>): Promise<T> {
  const timer = setInterval(() => agent.print(howFar()), 10_000);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

/** Waits; throws `CancelledError` as soon as the agent cancels the step. */
export async function pause(ms: number, cancelled: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal: cancelled });
  } catch {
    throw new CancelledError('Cancelled.');
  }
}

/** Nobody knows how long Azure takes: the bar nears its end without reaching it. */
function report(options: PollOptions, agent: Agent, elapsedMs: number, state: string): void {
  const { from, to } = options.progress ?? { from: 0, to: 100 };
  const share = 1 - Math.exp(-elapsedMs / Math.max(options.timeoutMs / 4, 60_000));
  agent.progress(from + (to - from) * share, `${options.what}: ${state}`);
}

function seconds(ms: number): string {
  const total = Math.round(ms / 1000);
  return total < 60 ? `${total} s` : `${Math.floor(total / 60)} min ${total % 60} s`;
}
