import type { Agent, Outcome } from '../../lib/agent/agent';
import { CancelledError } from '../../lib/agent/errors';
import type { Azure } from '../../lib/azure/azure';
import type { Tokens } from '../../lib/azure/credential';
import { deployContainer } from './container';
import type { Transport } from '../../lib/azure/kubernetes';
import type { Inputs } from './inputs';
import { deployToCluster } from './cluster';
import { deployManaged } from './managed';
import { report, type Deployed } from './report';

export interface Collaborators {
  agent: Agent;
  azure: Azure;
  tokens: Tokens;
  /** First pause of waits; tests shorten it. */
  firstDelayMs?: number;
  /** How the cluster is called; tests replace it. */
  transport?: Transport;
}

/** What a step has begun, for the message of a cancellation. */
export interface InFlight {
  /** A sentence: what is left in Azure if the step ends now. */
  left?: string;
}

/**
 * Deploys an image or a model version to the target of the inputs and waits until it serves.
 *
 * @throws TaskError with the containers' own logs printed before; CancelledError that names what is left
 */
export async function deploy(inputs: Inputs, collaborators: Collaborators): Promise<Outcome> {
  const inFlight: InFlight = {};
  const work = start(inputs, collaborators, inFlight);
  const deployed = await untilCancelled(collaborators.agent, inFlight, work);
  return report(collaborators.agent, deployed);
}

function start(inputs: Inputs, collaborators: Collaborators, inFlight: InFlight): Promise<Deployed> {
  switch (inputs.target) {
    case 'managedEndpoint':
      return deployManaged(inputs, collaborators, inFlight);
    case 'containerInstance':
      return deployContainer(inputs, collaborators, inFlight);
    case 'aks':
      return deployToCluster(inputs, collaborators, inFlight);
  }
}

/** Ends at once when the agent cancels the step, whatever call is on its way; nothing is undone behind its back. */
async function untilCancelled<T>(agent: Agent, inFlight: InFlight, work: Promise<T>): Promise<T> {
  const signal = agent.cancelled;
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<'aborted'>((resolve) => {
    onAbort = () => resolve('aborted');
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  work.catch(() => undefined); // Its failure after a cancellation is of no interest; before, it is thrown below.
  try {
    const first = await Promise.race([work.then((value) => ({ value })), aborted]);
    if (first !== 'aborted') return first.value;
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    if (onAbort) signal.removeEventListener('abort', onAbort);
  }
  throw new CancelledError(`Cancelled. ${inFlight.left ?? 'Nothing was created.'}`);
}
