import { runTask } from '../../lib/agent/run';
import { readInputs } from './inputs';

runTask(async (agent) => {
  const inputs = readInputs(agent);
  const [{ openAzure }, { packageModel }] = await Promise.all([import('../../lib/azure/open'), import('./package')]);
  const azure = await openAzure(agent);
  return packageModel(inputs, { agent, azure, tokens: azure.tokens });
});
