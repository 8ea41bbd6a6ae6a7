import { runTask } from '../../lib/agent/run';
import { readInputs } from './inputs';

runTask(async (agent) => {
  const inputs = readInputs(agent);
  const [{ checkApproval }, { readIntended }] = await Promise.all([import('./approval'), import('./intended')]);
  const approval = await checkApproval(agent, inputs.approvalPolicy, await readIntended(inputs));
  const [{ openAzure }, { deploy }] = await Promise.all([import('../../lib/azure/open'), import('./deploy')]);
  const azure = await openAzure(agent);
  return deploy(inputs, { agent, azure, tokens: azure.tokens, approval });
});
