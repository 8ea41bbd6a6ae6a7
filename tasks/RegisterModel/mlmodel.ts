import { parseYaml } from '../../lib/agent/yaml';
import { TaskError } from '../../lib/agent/errors';
import type { Azure } from '../../lib/azure/azure';
import { downloadArtifact } from '../../lib/azure/runs';
import type { ModelFile } from './files';

export type Flavors = Record<string, { data: Record<string, string> }>;

/** Members of a flavor that are no single value are left out: the service takes texts. */
const largestBytes = 1024 * 1024;

/**
 * The flavors that the `MLmodel` file of an MLflow model names, as the service keeps them (FlavorData).
 *
 * @throws TaskError when the folder holds no MLmodel, which makes it no MLflow model
 */
export async function readFlavors(
  azure: Azure,
  job: string,
  path: string,
  files: readonly ModelFile[],
): Promise<Flavors> {
  const file = files.find((entry) => entry.path === 'MLmodel');
  if (!file) {
    throw new TaskError(
      `"${path}" of job ${job} is no MLflow model: it has no file MLmodel, but ${files
        .map((entry) => entry.path)
        .slice(0, 10)
        .join(', ')}.`,
      'Name the folder that mlflow.*.log_model wrote, or set modelType to custom_model.',
    );
  }
  if (file.bytes > largestBytes)
    throw new TaskError(`${path}/MLmodel of job ${job} has ${file.bytes} bytes, which is no MLmodel file.`);
  const content = await downloadArtifact(azure, job, path === '' ? 'MLmodel' : `${path}/MLmodel`);
  const flavors = (await parseYaml(`${path}/MLmodel`, content.toString('utf8'))).optional('flavors');
  return Object.fromEntries(
    (flavors?.entries() ?? []).map(([name, flavor]) => {
      const members = flavor.isMap ? flavor.entries() : [];
      const data = members.filter(([, value]) => !value.isNull && !value.isMap && !value.isList);
      return [name, { data: Object.fromEntries(data.map(([key, value]) => [key, value.asString()])) }];
    }),
  );
}
