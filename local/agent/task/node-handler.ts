import { spawnSync } from 'node:child_process';

import type { Handler, TaskDefinition } from './definition';

export type HandlerChoice = 'node20' | 'node24';

/** Keys of `execution` that run on Node; the first is preferred (agent source `TaskManager.cs`). */
const nodeHandlers = ['Node24', 'Node20_1'] as const;
const oldHandlers = ['Node16', 'Node10', 'Node'];

/**
 * Picks the handler of a task (agent source `TaskRunner.GetHandlerData`).
 * @throws Error when the task has none that runs here; the old Node runtimes are named.
 */
export function selectHandler(definition: TaskDefinition, handlers = definition.execution): Handler {
  for (const name of nodeHandlers) {
    const handler = handlers.get(name);
    if (handler) return handler;
  }
  const old = oldHandlers.find((name) => handlers.has(name));
  if (old !== undefined) {
    throw new Error(
      `Task ${definition.name} runs on the handler ${old} only; the local agent has Node20_1 and Node24.`,
    );
  }
  throw new Error(
    'The current operating system is not capable of running this task. ' +
      'That typically means the task was written for Windows only. For example, written for Windows Desktop PowerShell.',
  );
}

/**
 * The Node runtime: a task that declares only Node20_1 gets 20, one that declares Node24 gets what is chosen here, 20 being
 * the agent's default (knob `UseNode24withHandlerData`).
 */
export function selectRuntime(definition: TaskDefinition, choice: HandlerChoice): HandlerChoice {
  if (!definition.execution.has('Node24')) return 'node20';
  return definition.execution.has('Node20_1') ? choice : 'node24';
}

export interface NodeBinary {
  file: string;
  /** Said in the log when another major stands in for the one asked for. */
  note?: string;
}

/**
 * The binary of a runtime: what is given, what NODE20 or NODE24 names, the running one for its own major; in place of
 * Node 20 a newer running one, with a note.
 * @throws Error that says how to get it, when there is none.
 */
export function nodeBinary(runtime: HandlerChoice, given: Partial<Record<HandlerChoice, string>> = {}): NodeBinary {
  const major = runtime === 'node20' ? 20 : 24;
  const named = given[runtime] ?? process.env[`NODE${major}`] ?? '';
  if (named !== '') return { file: checked(named, major) };
  const running = Number(process.versions.node.split('.')[0]);
  if (running === major) return { file: process.execPath };
  if (running > major) {
    const note = `Node ${major} is not installed; the task runs on Node ${process.versions.node}. NODE${major} may name one.`;
    return { file: process.execPath, note };
  }
  throw new Error(
    `This step requires a node version that does not exist here: Node ${major}. Set NODE${major} to the path of its binary.`,
  );
}

/** @throws Error when the file that was named is no Node of that major */
function checked(file: string, major: number): string {
  const { error, stdout } = spawnSync(file, ['--version'], { encoding: 'utf8' });
  if (error) throw new Error(`NODE${major} names ${file}, which cannot be started: ${error.message}.`);
  if (stdout.startsWith(`v${major}.`)) return file;
  throw new Error(`NODE${major} names ${file}, which is Node ${stdout.trim()}.`);
}
