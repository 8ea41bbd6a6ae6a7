import type { Outcome } from '../../lib/agent/agent';
import { unlessCancelled } from '../../lib/agent/cancellation';
import type { Collaborators, InFlight } from './collaborators';
import { deployContainer } from './container';
import type { Inputs } from './inputs';
import { deployToCluster } from './cluster';
import { deployManaged } from './managed';
import { report, type Deployed } from './report';

/**
 * Deploys an image or a model version to the target of the inputs and waits until it serves.
 *
 * @throws TaskError with the containers' own logs printed before; CancelledError that names what is left
 */
export async function deploy(inputs: Inputs, collaborators: Collaborators): Promise<Outcome> {
  const inFlight: InFlight = {};
  const work = start(inputs, collaborators, inFlight);
  const deployed = await unlessCancelled(collaborators.agent, work, () =>
    Promise.resolve(`Cancelled. ${inFlight.left ?? 'Nothing was created.'}`),
  );
  return report(collaborators.agent, deployed, collaborators.approval);
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
