import type { Agent } from '../../lib/agent/agent';
import type { Azure } from '../../lib/azure/azure';
import type { Tokens } from '../../lib/azure/credential';
import type { Transport } from '../../lib/azure/kubernetes';
import type { DeploymentApproval } from '../../lib/evidence/types';

export interface Collaborators {
  agent: Agent;
  azure: Azure;
  tokens: Tokens;
  /** The approval that let this stage in, where it needs one. */
  approval?: DeploymentApproval;
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
