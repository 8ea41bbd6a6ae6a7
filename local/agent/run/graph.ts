import { Dict, fromPlain, type Value } from '../expressions/values';
import type { TaskResult } from '../result';
import type { StagePlan } from '../yaml/model';

export interface Output {
  value: string;
  secret: boolean;
}

/** What has become of the jobs and stages of a run, as conditions and runtime expressions see it. */
export class Outcomes {
  private readonly stages = new Map<string, TaskResult>();
  private readonly jobs = new Map<string, { result: TaskResult; outputs: ReadonlyMap<string, Output> }>();

  constructor(private readonly plan: readonly StagePlan[]) {}

  finishStage(stage: string, result: TaskResult): void {
    this.stages.set(stage.toLowerCase(), result);
  }

  finishJob(stage: string, job: string, result: TaskResult, outputs: ReadonlyMap<string, Output>): void {
    this.jobs.set(key(stage, job), { result, outputs });
  }

  stageResult(stage: string): TaskResult | undefined {
    return this.stages.get(stage.toLowerCase());
  }

  jobResult(stage: string, job: string): TaskResult | undefined {
    return this.jobs.get(key(stage, job))?.result;
  }

  /** `dependencies` in a stage's condition: `A.result`, `A.outputs['Job.step.name']`. */
  stageDependencies(stage: StagePlan): Dict {
    return new Dict(
      stage.dependsOn.map(({ text }) => {
        const dependency = this.find(text);
        const outputs = (dependency?.jobs ?? []).flatMap((job) =>
          this.outputs(text, job.name).map(([name, value]) => [`${job.name}.${name}`, value] as const),
        );
        return [dependency?.name ?? text, node(this.stageResult(text), outputs)] as const;
      }),
    );
  }

  /** `dependencies` in a job: `A.result`, `A.outputs['step.name']`, of the jobs it names in `dependsOn`. */
  jobDependencies(stage: StagePlan, dependsOn: readonly { text: string }[]): Dict {
    return new Dict(
      dependsOn.map(({ text }) => {
        const name = stage.jobs.find((job) => job.name.toLowerCase() === text.toLowerCase())?.name ?? text;
        return [name, node(this.jobResult(stage.name, text), this.outputs(stage.name, text))] as const;
      }),
    );
  }

  /** `stageDependencies`: `Stage.Job.outputs['step.name']`, only of the stages named in `dependsOn`. */
  jobsOfStages(stage: StagePlan): Dict {
    return new Dict(
      stage.dependsOn.map(({ text }) => {
        const dependency = this.find(text);
        const jobs = (dependency?.jobs ?? []).map(
          (job) => [job.name, node(this.jobResult(text, job.name), this.outputs(text, job.name))] as const,
        );
        return [dependency?.name ?? text, new Dict(jobs)] as const;
      }),
    );
  }

  /** Values that must stay secret when they reach another job. */
  secretOutputs(): string[] {
    const outputs = [...this.jobs.values()].flatMap((job) => [...job.outputs.values()]);
    return outputs.filter(({ secret, value }) => secret && value !== '').map(({ value }) => value);
  }

  private outputs(stage: string, job: string): [string, string][] {
    return [...(this.jobs.get(key(stage, job))?.outputs ?? [])].map(([name, { value }]) => [name, value]);
  }

  private find(stage: string): StagePlan | undefined {
    return this.plan.find(({ name }) => name.toLowerCase() === stage.toLowerCase());
  }
}

function key(stage: string, job: string): string {
  return `${stage}\n${job}`.toLowerCase();
}

function node(result: TaskResult | undefined, outputs: Iterable<readonly [string, string]>): Value {
  return new Dict([
    ['result', result ?? null],
    ['outputs', new Dict([...outputs].map(([name, value]) => [name, fromPlain(value)] as const))],
  ]);
}

/** Everything a node depends on, directly and indirectly. */
export function ancestors(
  nodes: readonly { name: string; dependsOn: readonly { text: string }[] }[],
  start: string,
): string[] {
  const found = new Set<string>();
  const visit = (name: string): void => {
    const current = nodes.find((candidate) => candidate.name.toLowerCase() === name.toLowerCase());
    for (const { text } of current?.dependsOn ?? []) {
      if (found.has(text.toLowerCase())) continue;
      found.add(text.toLowerCase());
      visit(text);
    }
  };
  visit(start);
  return [...found];
}

/** Runs nodes as soon as what they depend on has ended, the independent ones at one time. */
export async function runGraph<T extends { name: string; dependsOn: readonly { text: string }[] }>(
  nodes: readonly T[],
  run: (node: T) => Promise<void>,
): Promise<void> {
  const started = new Map<string, Promise<void>>();
  const start = (node: T): Promise<void> => {
    const name = node.name.toLowerCase();
    const existing = started.get(name);
    if (existing) return existing;
    const before = node.dependsOn.flatMap(({ text }) =>
      nodes.filter((other) => other.name.toLowerCase() === text.toLowerCase()),
    );
    // Set before the first await: two dependants must not start it twice.
    const promise = Promise.resolve().then(async () => {
      await Promise.all(before.map(start));
      await run(node);
    });
    started.set(name, promise);
    return promise;
  };
  await Promise.all(nodes.map(start));
}

/** Lets at most so many run at one time. */
export class Slots {
  private free: number;
  private readonly waiting: (() => void)[] = [];

  constructor(count: number) {
    this.free = Math.max(1, count);
  }

  async use<T>(work: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free--;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.free++;
    }
  }
}
