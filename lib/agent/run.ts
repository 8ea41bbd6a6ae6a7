import './quiet';
import type { Agent, Outcome } from './agent';
import { CancelledError, TaskError, errorText } from './errors';
import { refuseSteeringVariables } from './hygiene';
import { PipelineAgent } from './pipeline-agent';
import { Redactor } from './redactor';

/** The agent sends SIGTERM 7.5 s after SIGINT (ProcessInvoker.cs); the step has ended before. */
const cancelBudgetMs = 4_500;

/**
 * Runs a task: the one place that turns a result, an error or a signal into what the agent expects. The process always
 * exits with code 0 (any other code is a second error, "Exit code N returned from process"), the result goes by
 * `task.complete`.
 */
export function runTask(main: (agent: Agent) => Promise<Outcome>): void {
  const cancel = new AbortController();
  const agent = new PipelineAgent(new Redactor(), cancel.signal);
  const finish = (outcome: Outcome): void => {
    agent.complete(outcome);
    // Sockets kept alive must not hold the step; the empty write ends after everything before it.
    process.stdout.write('', () => process.exit(0));
  };
  const onSignal = (): void => {
    if (cancel.signal.aborted) return;
    agent.print('Cancelling …');
    cancel.abort();
    setTimeout(() => finish({ result: 'failed', message: 'Cancelled.' }), cancelBudgetMs).unref();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  void attempt(agent, main).then(finish);
}

async function attempt(agent: Agent, main: (agent: Agent) => Promise<Outcome>): Promise<Outcome> {
  try {
    refuseSteeringVariables();
    return await main(agent);
  } catch (error) {
    return failure(agent, error);
  }
}

function failure(agent: Agent, error: unknown): Outcome {
  if (error instanceof CancelledError) return { result: 'failed', message: errorText(error) };
  if (error instanceof TaskError) {
    return { result: 'failed', message: [error.message, error.advice].filter(Boolean).join('\n') };
  }
  if (error instanceof Error && error.stack) agent.print(error.stack);
  return {
    result: 'failed',
    message: `${errorText(error)}\nThis was not expected: please report it with this step's log.`,
  };
}
