import type { YamlReader } from '../../agent/yaml';
import { entry, files, sparkConf } from '../component/spark';
import { code } from '../parts/code';
import { sparkEnvironment } from '../parts/environment';
import { jobInputs } from '../parts/inputs';
import { defaultExperiment, jobFields, services } from '../parts/job';
import { lowerCaseJobName } from '../parts/names';
import { jobOutputs, outputsApiVersion } from '../parts/outputs';
import { isRemote, localPath } from '../parts/paths';
import { checkSparkEntry, sparkResources, textConf } from '../parts/spark';
import { checkArguments, checkConf } from '../pipeline/nodes/spark-rules';
import { mapOf } from '../shape/collections';
import { gather } from '../shape/gather';
import { dropped, optional, record, required, withDefault } from '../shape/record';
import { anything, exactly, text } from '../shape/scalars';
import { nullable, refine, type Scope } from '../shape/shape';
import { kind } from './kind';

const fields = record({
  ...jobFields,
  // The clients write it in lower case.
  name: optional(lowerCaseJobName),
  type: required(exactly('spark'), { as: '' }),
  // The clients know these here too, and send nothing of them.
  properties: dropped(mapOf(anything)),
  services: dropped(services),
  code: optional(code, { as: 'codeId' }),
  entry: required(entry),
  py_files: optional(files),
  jars: optional(files),
  files: optional(files),
  archives: optional(files),
  conf: withDefault(mapOf(anything), () => ({})),
  environment: optional(nullable(sparkEnvironment), { as: 'environmentId' }),
  args: optional(text),
  inputs: withDefault(jobInputs, () => ({})),
  outputs: withDefault(jobOutputs, () => ({})),
  resources: optional(sparkResources),
});

/** Spark reads and writes its data itself: it has neither mounts nor copies. */
function checkDirect(place: YamlReader | undefined, what: string): (() => void)[] {
  const entries = (place?.entries() ?? []).filter(([, port]) => port.isMap && !port.has('value'));
  return entries.map(([, port]) => () => {
    const mode = port.optional('mode');
    if (mode?.plain() === 'direct') return;
    throw (mode ?? port).error(
      `${port.path}: ${what} of Spark jobs know no mode but direct`,
      'Write mode: direct.',
      true,
    );
  });
}

function checkPlace(at: YamlReader): void {
  if (at.has('compute') === at.has('resources')) {
    throw (at.optional('compute') ?? at).error(
      'a Spark job has either compute or resources',
      'Name an attached Spark pool, or the instance_type and runtime_version of serverless Spark.',
      true,
    );
  }
}

function checkJob(at: YamlReader, scope: Scope, conf: Record<string, unknown>): void {
  const folder = at.optional('code')?.plain();
  gather([
    () => checkPlace(at),
    () => checkConf(conf, at),
    () =>
      checkArguments(
        at,
        at.optional('args')?.asString(),
        (at.optional('inputs')?.entries() ?? []).map(([name]) => name),
      ),
    () => {
      if (typeof folder === 'string' && !isRemote(folder)) checkSparkEntry(localPath(scope.folder, folder), at);
    },
    ...checkDirect(at.optional('inputs'), 'inputs'),
    ...checkDirect(at.optional('outputs'), 'outputs'),
  ]);
}

/** `az ml job create`, type spark. Body: Jobs_CreateOrUpdate, SparkJob. */
export const sparkJob = kind({
  name: 'spark job',
  schemas: ['sparkJob.schema.json'],
  signs: { type: ['spark'], keys: ['compute', 'resources', 'experiment_name'] },
  shape: refine(fields, (job, at, scope) => {
    const conf = sparkConf({}, job.conf);
    checkJob(at, scope, conf);
    return {
      ...job,
      entry: { sparkJobEntryType: 'SparkJobPythonEntry', ...job.entry },
      conf: textConf(conf),
      // As the service's roles allow it: a pool of the workspace acts itself, serverless Spark for whoever submits.
      identity: job.identity ?? { identityType: job.computeId === undefined ? 'UserIdentity' : 'Managed' },
    };
  }),
  resource: ({ name: own, ...job }, scope, name) => ({
    path: `${scope.workspaceId}/jobs/${own ?? name}`,
    body: {
      properties: {
        jobType: 'Spark',
        properties: {},
        ...job,
        displayName: job.displayName ?? own ?? name,
        experimentName: job.experimentName ?? defaultExperiment(scope.folder),
        isArchived: false,
      },
    },
    apiVersion: outputsApiVersion(job.outputs),
  }),
});
