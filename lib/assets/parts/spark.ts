import { existsSync } from 'node:fs';
import path from 'node:path';
import type { YamlReader } from '../../agent/yaml';
import { pythonStr } from '../python-repr';
import { record, required } from '../shape/record';
import { pythonText, text } from '../shape/scalars';
import { refine } from '../shape/shape';

/** What Spark jobs have beside the settings that components and nodes share. Service: SparkJob. */

const instanceTypes = /^standard_e(?:4|8|16|32|64)s_v3$/i;

/** In the spelling of the file. */
export const sparkInstanceType = refine(text, (value, at) => {
  if (instanceTypes.test(value)) return value;
  throw at.error(
    `${at.path} is "${value}", which serverless Spark does not have`,
    'Known values: standard_e4s_v3, standard_e8s_v3, standard_e16s_v3, standard_e32s_v3, standard_e64s_v3.',
  );
});

/** Numbers and dots: `3.4`, also as a number of YAML. */
const runtimeVersion = refine(pythonText, (value, at) => {
  if (/^\d+(?:\.\d+)*$/.test(value)) return value;
  throw at.error(`${at.path} is "${value}"; a version is numbers and dots, like 3.4`);
});

/** Machines of serverless Spark. */
export const sparkResources = record({
  instance_type: required(sparkInstanceType),
  runtime_version: required(runtimeVersion),
});

const dynamic = 'spark.dynamicAllocation.';
const instances = 'spark.executor.instances';

/** The settings as the service wants them: text. Dynamic allocation starts with the fewest executors. */
export function textConf(conf: Readonly<Record<string, unknown>>): Record<string, string> {
  const isDynamic = String(conf[`${dynamic}enabled`]).toLowerCase() === 'true';
  const kept = Object.entries(conf).filter(([key]) => isDynamic || !key.startsWith(dynamic));
  const texts = Object.fromEntries(kept.map(([key, value]) => [key, pythonStr(value)]));
  if (!isDynamic) return texts;
  const fewest = texts[`${dynamic}minExecutors`];
  return {
    ...texts,
    [`${dynamic}enabled`]: 'True',
    ...(texts[instances] === undefined && fewest !== undefined ? { [instances]: fewest } : {}),
  };
}

/** The file that starts is in the code. */
export function checkSparkEntry(folder: string, at: YamlReader): void {
  const place = at.required('entry').required('file');
  const file = path.join(folder, place.asString());
  if (!existsSync(file))
    throw place.error(`entry: ${file} does not exist`, 'The entry is a path in the folder of the code.');
}
