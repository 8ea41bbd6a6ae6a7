import { runTask } from '../../lib/agent/run';
import { readInputs } from './inputs';

runTask(async (agent) => {
  const inputs = readInputs(agent);
  const { readPolicy } = await import('./policy');
  const policy = await readPolicy(inputs.policy);
  const { openAzure } = await import('../../lib/azure/open');
  const azure = await openAzure(agent);
  const { evaluate } = await import('./evaluate');
  const { cancelRun } = await import('./cancel-run');
  return evaluate(inputs, policy, { azure, agent, cancelRun: () => cancelRun(agent, azure.http) });
});
