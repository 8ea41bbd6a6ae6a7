import { runTask } from '../../lib/agent/run';
import { readInputs } from './inputs';

runTask(async (agent) => {
  const inputs = readInputs(agent);
  const [{ openAzure }, { registerModel }] = await Promise.all([import('../../lib/azure/open'), import('./register')]);
  return registerModel(inputs, { agent, azure: await openAzure(agent) });
});
