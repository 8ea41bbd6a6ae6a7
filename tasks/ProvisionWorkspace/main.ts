import { runTask } from '../../lib/agent/run';
import { readInputs } from './inputs';

runTask(async (agent) => {
  const inputs = readInputs(agent);
  const [{ openSubscription }, { provision }] = await Promise.all([
    import('../../lib/azure/open'),
    import('./provision'),
  ]);
  return provision(inputs, { agent, subscription: openSubscription(agent) });
});
