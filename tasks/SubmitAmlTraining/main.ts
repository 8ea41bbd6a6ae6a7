import { runTask } from '../../lib/agent/run';
import { readInputs } from './inputs';

runTask(async (agent) => {
  const inputs = readInputs(agent);
  const [{ openAzure }, { train }] = await Promise.all([import('../../lib/azure/open'), import('./train')]);
  return train(inputs, { agent, azure: await openAzure(agent) });
});
