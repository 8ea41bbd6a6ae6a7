import { TaskError } from '../../lib/agent/errors';
import type { YamlReader } from '../../lib/agent/yaml';
import { Problems } from '../../lib/assets/shape/gather';
import type { Scope } from '../../lib/assets/shape/shape';
import type { Rehearsal } from '../../lib/assets/reconcile/rehearsal';

/** A compute of the workspace that runs need. */
export interface NeededCompute {
  /** ARM id. */
  id: string;
  /** Who names it: an input, or `file:line:column: key`. */
  where: string;
}

/**
 * Computes of the workspace that a pipeline's file, and those that it names, run on. Those of other places, `serverless` and
 * expressions are not looked for.
 *
 * @param input name that the input `compute` gives: it counts instead of the file's default
 */
export function neededComputes(reader: YamlReader, scope: Scope, input?: string): NeededCompute[] {
  const given = input === undefined ? [] : [{ id: idOf(input, scope), where: 'Input "compute"' }];
  const own = input === undefined ? defaults(reader) : [];
  const nodes = [...new Set([reader, ...scope.opened])].flatMap(nodeComputes);
  const named = [...own, ...nodes].flatMap((at) => {
    const name = at.isMap || at.isList ? undefined : nameIn(at.asString(), scope);
    return name === undefined ? [] : [{ id: idOf(name, scope), where: at.place }];
  });
  return [...given, ...named];
}

const idOf = (name: string, { workspaceId }: Scope): string => `${workspaceId}/computes/${name}`;

/** The default of the settings counts before that of the pipeline. */
function defaults(at: YamlReader): YamlReader[] {
  const settings = at.optional('settings');
  const found = (settings?.isMap ? settings.optional('default_compute') : undefined) ?? at.optional('compute');
  return found ? [found] : [];
}

/** Of the nodes of a pipeline, and of the pipelines that are written inside it. */
function nodeComputes(pipeline: YamlReader): YamlReader[] {
  const jobs = pipeline.isMap ? pipeline.optional('jobs') : undefined;
  const nodes = jobs?.isMap ? jobs.entries().map(([, node]) => node) : [];
  return nodes
    .filter((node) => node.isMap)
    .flatMap((node) => {
      const inner = node.optional('component');
      return [...defaults(node), ...nodeComputes(node), ...(inner ? nodeComputes(inner) : [])];
    });
}

/** `gpu` of `gpu`, `azureml:gpu` and the workspace's own ids. */
function nameIn(text: string, { workspaceId }: Scope): string | undefined {
  const bare = text.replace(/^azureml:/, '');
  const prefix = `${workspaceId}/computes/`;
  const isId = bare.toLowerCase().startsWith(prefix.toLowerCase());
  const name = isId ? bare.slice(prefix.length) : bare;
  return /^[A-Za-z][A-Za-z0-9-]*$/.test(name) && name.toLowerCase() !== 'serverless' ? name : undefined;
}

/**
 * Looks each compute up, once: runs on one that is not there can only fail.
 *
 * @throws TaskError, or `Problems`, with who names what is not there
 */
export async function checkComputesExist(needed: readonly NeededCompute[], rehearsal: Rehearsal): Promise<void> {
  // The first that names it is told.
  const distinct = new Map([...needed].reverse().map((one) => [one.id.toLowerCase(), one]));
  const problems: TaskError[] = [];
  for (const { id, where } of [...distinct.values()].reverse()) {
    if ((await rehearsal.get(id)) !== undefined) continue;
    problems.push(
      new TaskError(
        `${where}: the workspace has no compute "${id.split('/').at(-1) ?? ''}".`,
        'Make it first, for example with ProvisionWorkspace, or name one that is there. Nothing was published.',
      ),
    );
  }
  const [first, ...rest] = problems;
  if (first) throw rest.length > 0 ? new Problems(problems) : first;
}
