import { runTask } from '../../lib/agent/run';
import { readInputs } from './inputs';

runTask(async (agent) => {
  const inputs = readInputs(agent);
  const [{ openAzure }, { publishPipeline }] = await Promise.all([import('../../lib/azure/open'), import('./publish')]);
  return publishPipeline(inputs, { agent, azure: await openAzure(agent), now: Date.now() });
});
