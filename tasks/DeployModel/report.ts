import type { Agent, Outcome } from '../../lib/agent/agent';
import { leaveEvidence, type Leaving } from '../../lib/agent/leave-evidence';
import { markdownTable } from '../../lib/agent/markdown';
import { trafficText, type Traffic } from '../../lib/azure/online-endpoints';
import { workspaceOf } from '../../lib/evidence/index-entry';
import { deploymentSchema } from '../../lib/evidence/schemas/deployment';
import type { DeploymentApproval } from '../../lib/evidence/types';
import type { Inputs } from './inputs';

/** What serves now. */
export interface Deployed {
  target: Inputs['target'];
  /** Endpoint, container group or Kubernetes deployment. */
  name: string;
  /** Deployment of an endpoint; otherwise the same as `name`. */
  deploymentName: string;
  /** The deployment that had served most before; it keeps running. */
  previousDeployment?: string;
  scoringUri: string;
  /** Where it is: ARM id of the endpoint or group, or of the cluster with `/namespaces/<namespace>`. */
  place?: string;
  /** That serves, where the step named one. */
  image?: string;
  model?: { name: string; version: string; id?: string };
  trafficBefore?: Traffic;
  traffic?: Traffic;
  /** `false`: the same was there already. */
  isNew: boolean;
}

/** Outputs, evidence and summary. */
export async function report(agent: Agent, deployed: Deployed, approval?: DeploymentApproval): Promise<Outcome> {
  const { target, name, deploymentName, previousDeployment, scoringUri, image, model, trafficBefore, traffic } =
    deployed;
  agent.output('scoringUri', scoringUri);
  agent.output('deploymentName', deploymentName);
  agent.output('previousDeployment', previousDeployment ?? '');
  const rows: [string, string | undefined][] = [
    [titles[target], name],
    ['Deployment', target === 'managedEndpoint' ? deploymentName : undefined],
    ['Model', model && `${model.name}, version ${model.version}`],
    ['Image', image],
    ['Traffic before', trafficBefore && trafficText(trafficBefore)],
    ['Traffic now', traffic && trafficText(traffic)],
    ['Previous deployment (still running)', previousDeployment],
    ['Scoring address', scoringUri],
  ];
  const shown = rows.filter((row): row is [string, string] => row[1] !== undefined);
  agent.summary('deployment', ['## Deployment', '', markdownTable(['', ''], shown), ''].join('\n'));
  agent.print(`Scoring address: ${scoringUri}`);
  await leaveEvidence(agent, recordOf(agent, deployed, approval));
  agent.progress(100, 'deployed');
  const what =
    target === 'managedEndpoint' ? `Deployment ${deploymentName} of endpoint ${name}` : `${titles[target]} ${name}`;
  const now = traffic === undefined ? '' : ` Traffic: ${trafficText(traffic)}.`;
  return {
    result: 'succeeded',
    message: `${what} ${deployed.isNew ? 'serves' : 'was there already and serves'}.${now}`,
  };
}

function recordOf(agent: Agent, deployed: Deployed, approval?: DeploymentApproval): Leaving<'mlops.deployment.v1'> {
  const { target, name, place, deploymentName, previousDeployment, scoringUri, image, model } = deployed;
  const { trafficBefore, traffic } = deployed;
  const common = {
    target,
    place,
    deployment: target === 'managedEndpoint' ? deploymentName : undefined,
    image,
    trafficBefore,
    traffic,
    environment: agent.variable('Environment.Name'),
  };
  return {
    schema: deploymentSchema,
    name: 'deployment',
    body: { ...common, name, previousDeployment, scoringUri, model, approval },
    facts: {
      ...common,
      service: name,
      model: model?.name,
      version: model?.version,
      workspace: workspaceOf(model?.id),
      approval: approval?.id,
    },
    lease: model,
  };
}

const titles: Record<Inputs['target'], string> = {
  managedEndpoint: 'Endpoint',
  containerInstance: 'Container group',
  aks: 'Kubernetes deployment',
};
