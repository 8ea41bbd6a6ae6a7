import { runTask } from '../../lib/agent/run';
import { readInputs } from './inputs';

runTask(async (agent) => {
  const inputs = readInputs(agent);
  const { checkData } = await import('./check-data');
  return checkData(inputs, agent);
});
