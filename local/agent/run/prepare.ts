import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

import type { ServiceConnection, VariableGroup } from '../server';
import { readTaskDefinition, type TaskDefinition } from '../task/definition';
import { MissingServiceConnection, resolveServiceConnections } from '../task/inputs';
import { nodeBinary, selectHandler, selectRuntime } from '../task/node-handler';
import { scanMacros } from '../variables';
import type { JobPlan, PipelinePlan, StagePlan, StepPlan, VariableEntry } from '../yaml/model';
import { PipelineError, type Position } from '../yaml/nodes';
import type { RunPipelineOptions } from './options';

export interface PreparedTask {
  definition: TaskDefinition;
  inputs: Record<string, string>;
  node: string;
}

/** Everything a run needs that can be missing: found before anything runs. */
export interface Prepared {
  tasks: Map<StepPlan, PreparedTask>;
  endpoints: ServiceConnection[];
  groups: Map<string, VariableGroup>;
  notes: string[];
}

type Options = Pick<RunPipelineOptions, 'server' | 'tasksFolder' | 'handler' | 'nodePath' | 'variables'>;

export function stepsOf(job: JobPlan): StepPlan[] {
  return job.body.kind === 'job' ? job.body.steps : job.body.hooks.flatMap((hook) => hook.steps);
}

/**
 * Finds the tasks, variable groups and service connections that a pipeline names.
 * @throws PipelineError that lists all that are missing, with their places.
 */
export async function prepare(plan: PipelinePlan, options: Options): Promise<Prepared> {
  return new Preparation(plan, options).run();
}

class Preparation {
  private readonly problems: { message: string; at: Position }[] = [];
  private readonly prepared: Prepared = { tasks: new Map(), endpoints: [], groups: new Map(), notes: [] };
  private readonly definitions = new Map<string, TaskDefinition>();

  constructor(
    private readonly plan: PipelinePlan,
    private readonly options: Options,
  ) {}

  async run(): Promise<Prepared> {
    await this.findGroups();
    for (const stage of this.plan.stages) {
      for (const job of stage.jobs) {
        for (const step of stepsOf(job)) await this.prepareStep(stage, job, step);
      }
    }
    if (this.problems.length > 0) throw new PipelineError(this.problems);
    return this.prepared;
  }

  private async findGroups(): Promise<void> {
    const jobs = this.plan.stages.flatMap((stage) => stage.jobs);
    const blocks = [
      this.plan.variables,
      ...this.plan.stages.map((stage) => stage.variables),
      ...jobs.map((job) => job.variables),
    ];
    for (const variable of blocks.flat()) {
      if (variable.kind !== 'group' || this.prepared.groups.has(variable.name)) continue;
      const group = await this.options.server.variableGroup(variable.name);
      if (group) this.prepared.groups.set(variable.name, group);
      else {
        const reason = 'could not be found. The variable group does not exist or has not been authorized for use.';
        this.problems.push({ message: `Variable group ${variable.name} ${reason}`, at: variable.at });
      }
    }
  }

  private async prepareStep(stage: StagePlan, job: JobPlan, step: StepPlan): Promise<void> {
    if (step.kind !== 'task') return;
    const where = `Job ${job.name}: Step ${step.refName}`;
    try {
      const definition = this.findTask(step.task, step.major, step.at);
      if (!definition) return;
      selectHandler(definition);
      this.checkInputs(definition, step);
      const node = nodeBinary(selectRuntime(definition, this.options.handler ?? 'node20'), this.options.nodePath);
      if (node.note !== undefined && !this.prepared.notes.includes(node.note)) this.prepared.notes.push(node.note);
      const lookUp = this.staticVariables(stage, job);
      const { server } = this.options;
      const resolved = await resolveServiceConnections(definition, step.inputs, (reference) =>
        server.serviceConnection(scanMacros(reference, lookUp)),
      );
      for (const endpoint of resolved.endpoints) {
        if (!this.prepared.endpoints.some(({ id }) => id === endpoint.id)) this.prepared.endpoints.push(endpoint);
      }
      this.prepared.tasks.set(step, { definition, inputs: resolved.inputs, node: node.file });
    } catch (error) {
      await this.report(error, where, step);
    }
  }

  private async report(error: unknown, where: string, step: StepPlan & { kind: 'task' }): Promise<void> {
    if (!(error instanceof Error)) throw error;
    if (!(error instanceof MissingServiceConnection)) {
      this.problems.push({ message: `${where}: ${error.message}`, at: step.at });
      return;
    }
    const names = await this.options.server.serviceConnectionNames();
    const known = ` There are: ${names.length === 0 ? 'none' : names.join(', ')}.`;
    this.problems.push({ message: `${where} ${error.message}${known}`, at: step.inputsAt[error.input] ?? step.at });
  }

  private findTask(name: string, major: number, at: Position): TaskDefinition | undefined {
    const { tasksFolder } = this.options;
    const known = existsSync(tasksFolder)
      ? readdirSync(tasksFolder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))
      : [];
    const folder = known.find((candidate) => candidate.toLowerCase() === name.toLowerCase());
    if (folder === undefined) {
      const list = known.length === 0 ? `there are none in ${tasksFolder}` : `there are: ${known.join(', ')}`;
      this.problems.push({
        message: `A task is missing. The pipeline references a task called '${name}'; ${list}.`,
        at,
      });
      return undefined;
    }
    const definition = this.definitions.get(folder) ?? readTaskDefinition(path.join(tasksFolder, folder));
    this.definitions.set(folder, definition);
    if (definition.preJob.size > 0 || definition.postJob.size > 0) {
      const what = definition.preJob.size > 0 ? 'prejobexecution' : 'postjobexecution';
      this.problems.push({ message: `The task ${name} has a ${what}, which is not supported.`, at });
      return undefined;
    }
    if (definition.major === major) return definition;
    this.problems.push({
      message: `The task ${name} has version ${definition.version}; '@${major}' does not name it.`,
      at,
    });
    return undefined;
  }

  /** The service runs a task with an input it does not know; here a wrong name is refused, nothing is silently ignored. */
  private checkInputs(definition: TaskDefinition, step: StepPlan & { kind: 'task' }): void {
    for (const key of Object.keys(step.inputs)) {
      const known = definition.inputs.some(({ name, aliases }) =>
        [name, ...aliases].some((one) => one.toLowerCase() === key.trim().toLowerCase()),
      );
      const at = step.inputsAt[key] ?? step.at;
      if (!known) this.problems.push({ message: `The task ${definition.name} has no input '${key}'.`, at });
    }
  }

  /** Values known when the pipeline is compiled; the later block wins. */
  private staticVariables(stage: StagePlan, job: JobPlan): (name: string) => string | undefined {
    const values = new Map<string, string>();
    for (const [name, value] of Object.entries(this.options.variables ?? {})) values.set(name.toLowerCase(), value);
    const add = (variable: VariableEntry): void => {
      if (variable.kind === 'value') values.set(variable.name.toLowerCase(), variable.value);
      const group = variable.kind === 'group' ? this.prepared.groups.get(variable.name) : undefined;
      for (const [name, { value, isSecret }] of Object.entries(group?.variables ?? {})) {
        if (!isSecret) values.set(name.toLowerCase(), value);
      }
    };
    for (const variable of [...this.plan.variables, ...stage.variables, ...job.variables]) add(variable);
    return (name) => values.get(name.toLowerCase());
  }
}
