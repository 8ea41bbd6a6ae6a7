import type { Agent } from '../../lib/agent/agent';
import { TaskError } from '../../lib/agent/errors';

/** When findings fail the step. */
export type FailOn = 'error' | 'warning' | 'never';

export interface Inputs {
  /** Absolute path of the contract. */
  contract: string;
  /** Absolute path of a file or folder, or a glob. */
  data: string;
  failOn: FailOn;
  showSamples: boolean;
}

/** @throws TaskError for a missing input or one that is not in its list */
export function readInputs(agent: Agent): Inputs {
  return {
    contract: requiredPath(agent, 'contract', 'Name the data contract, for example contract.yaml.'),
    data: requiredPath(agent, 'data', 'Name a CSV file, a folder or a glob.'),
    failOn: readFailOn(agent.input('failOn') ?? 'error'),
    showSamples: agent.booleanInput('showSamples'),
  };
}

function requiredPath(agent: Agent, name: string, advice: string): string {
  const value = agent.pathInput(name);
  if (value === undefined) throw new TaskError(`Input "${name}" is missing.`, advice);
  return value;
}

function readFailOn(value: string): FailOn {
  if (value === 'error' || value === 'warning' || value === 'never') return value;
  throw new TaskError(`Input "failOn" is "${value}".`, 'Write error, warning or never.');
}
