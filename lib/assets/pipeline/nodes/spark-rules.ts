import type { YamlReader } from '../../../agent/yaml';
import type { ComponentDefinition } from '../../component/component';
import { gather } from '../../shape/gather';
import type { NodeInput } from '../node-inputs';
import type { NodeOutput } from '../node-outputs';

/** What Spark asks of a node. Source of the rules: SparkJob of the service, spark_helpers of the clients. */

const cores = ['spark.driver.cores', 'spark.driver.memory', 'spark.executor.cores', 'spark.executor.memory'];
const least = 'spark.dynamicAllocation.minExecutors';
const most = 'spark.dynamicAllocation.maxExecutors';
const instances = 'spark.executor.instances';

/** @throws TaskError at the node's `conf`, or at the node */
export function checkConf(conf: Readonly<Record<string, unknown>>, at: YamlReader): void {
  const place = at.optional('conf') ?? at;
  const dynamic = isDynamic(conf);
  const needed = [...cores, ...(dynamic ? [least, most] : [instances])];
  const missing = needed.filter((key) => conf[key] === undefined);
  if (missing.length > 0) throw place.error(`the settings of Spark lack ${missing.join(', ')}`, undefined, true);
  const [from, to, exact] = [conf[least], conf[most], conf[instances]].map((value) =>
    value === undefined ? undefined : Number(value),
  );
  if (!dynamic && (from !== undefined || to !== undefined)) {
    throw place.error(`${least} and ${most} go with spark.dynamicAllocation.enabled: true`, undefined, true);
  }
  if (!dynamic || from === undefined || to === undefined) return;
  if (!(from > 0 && from <= to)) throw place.error(`${least} must be above 0, and not above ${most}`, undefined, true);
  if (exact !== undefined && !(exact >= from && exact <= to)) {
    throw place.error(`${instances} must lie between ${least} and ${most}`, undefined, true);
  }
}

export function isDynamic(conf: Readonly<Record<string, unknown>>): boolean {
  return String(conf['spark.dynamicAllocation.enabled']).toLowerCase() === 'true';
}

/** Spark reads and writes its data itself: it has neither mounts nor copies. What a component does not declare is forgotten. */
export function checkModes(
  at: YamlReader,
  inputs: Record<string, NodeInput>,
  outputs: Record<string, NodeOutput | undefined>,
  definition?: ComponentDefinition,
): void {
  const counts = (name: string, declared?: object): boolean => !declared || Object.hasOwn(declared, name);
  const isDirect = (mode: string | undefined): boolean => mode === 'direct';
  const wrongInputs = Object.entries(inputs).filter(
    ([name, { given }]) =>
      counts(name, definition?.inputs) &&
      given.kind === 'asset' &&
      !isDirect(given.mode) &&
      !isDirect(definition?.inputs[name]?.mode ?? undefined),
  );
  const wrongOutputs = Object.entries(outputs).filter(
    ([name, output]) =>
      counts(name, definition?.outputs) &&
      output !== undefined &&
      output.binding === undefined &&
      !isDirect(output.mode) &&
      !isDirect(definition?.outputs[name]?.mode),
  );
  const refuse = (what: 'inputs' | 'outputs', name: string): never => {
    const place = at
      .optional(what)
      ?.entries()
      .find(([key]) => key === name)?.[1];
    throw (place ?? at).error(
      `${at.path}.${what}.${name}: Spark knows no mode but direct`,
      'Write mode: direct.',
      true,
    );
  };
  gather([
    ...wrongInputs.map(
      ([name]) =>
        () =>
          refuse('inputs', name),
    ),
    ...wrongOutputs.map(
      ([name]) =>
        () =>
          refuse('outputs', name),
    ),
  ]);
}

/** `${{inputs.x}}` of the arguments must be inputs of the node. */
export function checkArguments(at: YamlReader, args: string | undefined, inputs: readonly string[]): void {
  for (const [whole, name = ''] of (args ?? '').matchAll(/\$\{\{inputs\.([\w.-]+)\}\}/g)) {
    if (inputs.includes(name)) continue;
    throw (at.optional('args') ?? at).error(
      `the arguments use ${whole}, but the node has no such input`,
      inputs.length > 0 ? `Its inputs: ${inputs.join(', ')}.` : 'It has no inputs.',
    );
  }
}
