import { runTask } from '../../lib/agent/run';
import { readInputs } from './inputs';

runTask(async (agent) => {
  const inputs = readInputs(agent);
  const { runSmokeTest } = await import('./open');
  return runSmokeTest(inputs, agent);
});
