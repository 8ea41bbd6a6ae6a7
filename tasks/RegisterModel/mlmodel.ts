import { parseYaml, type YamlReader } from '../../lib/agent/yaml';
import { TaskError } from '../../lib/agent/errors';
import type { Azure } from '../../lib/azure/azure';
import { downloadArtifact } from '../../lib/azure/runs';
import type { ModelFile } from './files';

export type Flavors = Record<string, { data: Record<string, string> }>;

/** Names and types of a model's columns; JSON, as MLflow writes it. */
export interface Signature {
  inputs?: string;
  outputs?: string;
}

export interface MlModel {
  flavors: Flavors;
  signature?: Signature;
}

/** Members of a flavor that are no single value are left out: the service takes texts. */
const largestBytes = 1024 * 1024;

/**
 * What the `MLmodel` file of an MLflow model says: the flavors, as the service keeps them (FlavorData), and the signature.
 *
 * @throws TaskError when the folder holds no MLmodel, which makes it no MLflow model
 */
export async function readMlModel(
  azure: Azure,
  job: string,
  path: string,
  files: readonly ModelFile[],
): Promise<MlModel> {
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
  const mlmodel = await parseYaml(`${path}/MLmodel`, content.toString('utf8'));
  return { flavors: readFlavors(mlmodel.optional('flavors')), signature: readSignature(mlmodel.optional('signature')) };
}

function readFlavors(flavors: YamlReader | undefined): Flavors {
  return Object.fromEntries(
    (flavors?.entries() ?? []).map(([name, flavor]) => {
      const members = flavor.isMap ? flavor.entries() : [];
      const data = members.filter(([, value]) => !value.isNull && !value.isMap && !value.isList);
      return [name, { data: Object.fromEntries(data.map(([key, value]) => [key, value.asString()])) }];
    }),
  );
}

/** Without `params`, whose defaults are values. */
function readSignature(signature: YamlReader | undefined): Signature | undefined {
  if (!signature?.isMap) return undefined;
  const column = (name: string): string | undefined => {
    const value = signature.optional(name);
    return value === undefined || value.isMap || value.isList ? undefined : value.asString();
  };
  const [inputs, outputs] = [column('inputs'), column('outputs')];
  return inputs === undefined && outputs === undefined ? undefined : { inputs, outputs };
}
