import type { EnvironmentReference, HookName, JobPlan, StepPlan, VariableEntry } from './model';
import { entry, isEmpty, type MapNode, type YamlNode } from './nodes';
import { MapReader, type Problems } from './reader';
import { nonEmpty, readSteps } from './steps';

const identifier = /^[A-Za-z_]\w*$/;

/** Keys of jobs and stages that have no effect on one machine. */
export const harmlessPool = { pool: 'has no effect: every job runs on this machine.' };
export const insidePool = { pool: ['name', 'vmImage', 'demands'] };

const refusedInJob = {
  container: 'jobs do not run in containers.',
  services: 'there are no service containers.',
  server: 'agentless jobs are not run.',
};

/** Reads the jobs of a stage. */
export function readJobs(node: YamlNode, problems: Problems): JobPlan[] {
  if (node.kind !== 'list') {
    problems.add(node.at, 'jobs must be a list.');
    return [];
  }
  const jobs = node.items.flatMap((item, index) => {
    if (item.kind === 'map' && (entry(item, 'job') ?? entry(item, 'deployment')))
      return [readJob(item, index, problems)];
    problems.add(item.at, 'A job is one of job, deployment or template.');
    return [];
  });
  checkGraph(jobs, 'job', problems);
  return jobs;
}

/** The one job of a pipeline that has only steps. */
export function jobOfSteps(steps: YamlNode, problems: Problems): JobPlan {
  const body = { kind: 'job' as const, steps: readSteps(steps, problems) };
  return {
    name: 'Job',
    displayName: 'Job',
    dependsOn: [],
    condition: undefined,
    continueOnError: false,
    timeoutMinutes: 60,
    cancelTimeoutMinutes: 5,
    variables: [],
    matrix: undefined,
    maxParallel: 0,
    body,
    at: steps.at,
  };
}

function readJob(node: MapNode, index: number, problems: Problems): JobPlan {
  const deployment = entry(node, 'deployment') !== undefined;
  const reader = new MapReader(node, deployment ? 'a deployment job' : 'a job', problems);
  const given = reader.text(deployment ? 'deployment' : 'job');
  const name = given && given.text !== '' ? given.text : `Job${index + 1}`;
  if (!identifier.test(name))
    problems.add(given?.at ?? node.at, `The job name '${name}' is not valid: letters, digits and underscores only.`);
  const displayName = reader.string('displayName', name);
  readPool(reader, problems);
  reader.harmless({
    workspace: 'has no effect: every job starts with an empty folder.',
    uses: 'has no effect: nothing needs to be declared.',
    templateContext: 'is for templates of an organization.',
  });
  reader.refused(refusedInJob);
  const strategy = reader.map('strategy');
  const common = {
    name,
    displayName,
    dependsOn: reader.textOrList('dependsOn') ?? [],
    condition: nonEmpty(reader.text('condition')),
    continueOnError: reader.boolean('continueOnError', false),
    timeoutMinutes: reader.number('timeoutInMinutes', 60),
    cancelTimeoutMinutes: reader.number('cancelTimeoutInMinutes', 5),
    variables: readVariables(reader.take('variables'), problems),
    at: node.at,
  };
  const plan = deployment
    ? { ...common, matrix: undefined, maxParallel: 0, body: readDeployment(reader, strategy, problems) }
    : { ...common, ...readMatrix(strategy, problems), body: readJobBody(reader, problems) };
  reader.done();
  return plan;
}

function readJobBody(reader: MapReader, problems: Problems): JobPlan['body'] {
  const steps = reader.take('steps');
  return { kind: 'job', steps: steps === undefined || isEmpty(steps) ? [] : readSteps(steps, problems) };
}

/** A pool has no effect, but `server` would be a job without agent. */
export function readPool(reader: MapReader, problems: Problems): void {
  const pool = reader.has('pool') ? reader.take('pool') : undefined;
  if (pool?.kind === 'scalar' && pool.text.toLowerCase() === 'server') {
    problems.add(pool.at, "'pool: server' is not supported on one machine: agentless jobs are not run.");
    return;
  }
  reader.harmless(harmlessPool, insidePool);
}

function readMatrix(strategy: MapNode | undefined, problems: Problems): Pick<JobPlan, 'matrix' | 'maxParallel'> {
  if (!strategy) return { matrix: undefined, maxParallel: 0 };
  const reader = new MapReader(strategy, 'a strategy', problems);
  reader.refused({ parallel: 'slicing is not done; write a matrix.' });
  const maxParallel = reader.number('maxParallel', 0);
  const node = reader.take('matrix');
  reader.done();
  if (node === undefined) return { matrix: undefined, maxParallel };
  if (node.kind !== 'map') {
    problems.add(node.at, 'A matrix whose legs are computed during the run is not supported.');
    return { matrix: undefined, maxParallel };
  }
  const legs = new MapReader(node, 'a matrix', problems);
  const matrix = node.entries.map(({ key }) => {
    if (!identifier.test(key.text))
      problems.add(key.at, `The leg name '${key.text}' is not valid: letters, digits and underscores only.`);
    return { name: key.text, variables: legs.texts(key.text) };
  });
  return { matrix, maxParallel };
}

function readDeployment(reader: MapReader, strategy: MapNode | undefined, problems: Problems): JobPlan['body'] {
  const environment = readEnvironment(reader, problems);
  if (!strategy) {
    problems.add(reader.at, 'A deployment job needs a strategy with runOnce.');
    return { kind: 'deployment', environment, hooks: [] };
  }
  const strategies = new MapReader(strategy, 'a deployment strategy', problems);
  strategies.refused({ rolling: 'only runOnce is.', canary: 'only runOnce is.' });
  const runOnce = strategies.map('runOnce');
  strategies.done();
  return { kind: 'deployment', environment, hooks: runOnce ? readHooks(runOnce, problems) : [] };
}

function readHooks(node: MapNode, problems: Problems): { name: HookName; steps: StepPlan[] }[] {
  const reader = new MapReader(node, 'runOnce', problems);
  const hooks: { name: HookName; steps: StepPlan[] }[] = [];
  const add = (owner: MapReader, key: string, name: HookName): void => {
    const hook = owner.map(key);
    if (!hook) return;
    const inner = new MapReader(hook, key, problems);
    readPool(inner, problems);
    const steps = inner.take('steps');
    inner.done();
    hooks.push({ name, steps: steps === undefined || isEmpty(steps) ? [] : readSteps(steps, problems) });
  };
  for (const name of ['preDeploy', 'deploy', 'routeTraffic', 'postRouteTraffic'] as const) add(reader, name, name);
  const on = reader.map('on');
  if (on) {
    const outcomes = new MapReader(on, 'on', problems);
    add(outcomes, 'success', 'onSuccess');
    add(outcomes, 'failure', 'onFailure');
    outcomes.done();
  }
  reader.done();
  return hooks;
}

function readEnvironment(reader: MapReader, problems: Problems): EnvironmentReference {
  const node = reader.take('environment');
  let name = node?.kind === 'scalar' ? node.text : '';
  if (node?.kind === 'map') {
    const inner = new MapReader(node, 'an environment', problems);
    name = inner.string('name');
    const why = 'environments have no resources.';
    inner.refused({ resourceName: why, resourceId: why, resourceType: why, tags: why });
    inner.done();
  }
  const at = node?.at ?? reader.at;
  if (name === '') problems.add(at, 'A deployment job needs an environment.');
  if (name.includes('.'))
    problems.add(at, `'${name}' names a resource of an environment: environments have no resources here.`);
  if (/\$[([]/.test(name))
    problems.add(at, `The environment '${name}' is decided during the run, which is not supported.`);
  return { name, at };
}

/** Reads a `variables:` block: the map form or the list form. */
export function readVariables(node: YamlNode | undefined, problems: Problems): VariableEntry[] {
  if (node === undefined || isEmpty(node)) return [];
  if (node.kind === 'scalar') {
    problems.add(node.at, 'variables must be a mapping or a list.');
    return [];
  }
  if (node.kind === 'map') {
    return node.entries.flatMap(({ key, value }): VariableEntry[] => {
      if (value.kind === 'scalar')
        return [{ kind: 'value', name: key.text, value: value.text, readOnly: false, at: key.at }];
      problems.add(value.at, `The variable ${key.text} must be a text.`);
      return [];
    });
  }
  return node.items.flatMap((item) => readVariable(item, problems));
}

function readVariable(item: YamlNode, problems: Problems): VariableEntry[] {
  if (item.kind !== 'map') {
    problems.add(item.at, 'A variable has a name and a value, or names a group.');
    return [];
  }
  const reader = new MapReader(item, 'a variable', problems);
  const group = reader.text('group');
  if (group) {
    reader.done();
    return [{ kind: 'group', name: group.text, at: group.at }];
  }
  const name = reader.text('name');
  const value = reader.text('value');
  const readOnly = reader.boolean('readonly', false);
  reader.done();
  if (!name || name.text === '') {
    problems.add(item.at, 'A variable has a name and a value, or names a group.');
    return [];
  }
  return [{ kind: 'value', name: name.text, value: value?.text ?? '', readOnly, at: name.at }];
}

/** Names are unique, dependencies exist and do not go round. */
export function checkGraph(
  nodes: { name: string; dependsOn: { text: string; at: JobPlan['at'] }[]; at: JobPlan['at'] }[],
  what: 'job' | 'stage',
  problems: Problems,
): void {
  const byName = new Map<string, (typeof nodes)[number]>();
  for (const node of nodes) {
    if (byName.has(node.name.toLowerCase()))
      problems.add(node.at, `The ${what} name '${node.name}' appears more than once.`);
    byName.set(node.name.toLowerCase(), node);
  }
  for (const node of nodes) {
    for (const { text, at } of node.dependsOn) {
      if (!byName.has(text.toLowerCase()))
        problems.add(at, `The ${what} '${node.name}' depends on unknown ${what} '${text}'.`);
    }
  }
  const reaches = (from: string, target: string, seen: Set<string>): boolean =>
    (byName.get(from)?.dependsOn ?? []).some(({ text }) => {
      const next = text.toLowerCase();
      if (next === target) return true;
      if (seen.has(next)) return false;
      seen.add(next);
      return reaches(next, target, seen);
    });
  for (const [key, node] of byName) {
    if (reaches(key, key, new Set())) problems.add(node.at, `The ${what} '${node.name}' depends on itself.`);
  }
}
