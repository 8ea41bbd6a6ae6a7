import { runTask } from '../../lib/agent/run';
import { readInputs } from './inputs';

runTask(async (agent) => {
  const inputs = readInputs(agent);
  const [{ checkApproval }, { readIntended }, { openAzure, openSubscription }] = await Promise.all([
    import('./approval'),
    import('./intended'),
    import('../../lib/azure/open'),
  ]);
  const intended = await readIntended(inputs, openSubscription(agent).workspaceId);
  const approval = await checkApproval(agent, inputs.approvalPolicy, intended);
  const { deploy } = await import('./deploy');
  const azure = await openAzure(agent);
  return deploy(inputs, { agent, azure, tokens: azure.tokens, approval });
});
