import { textAt } from '../../agent/json';
import { mapOf } from '../shape/collections';
import { optional, record, withDefault } from '../shape/record';
import { pythonText, text, word } from '../shape/scalars';
import { nullable, refine, type Shape } from '../shape/shape';
import { assetTypes, checkPortName } from './inputs';
import { outputName } from './names';

export const outputModes = {
  rw_mount: 'ReadWriteMount',
  mount: 'ReadWriteMount',
  upload: 'Upload',
  direct: 'Direct',
} as const;

const output = record({
  type: withDefault(assetTypes, () => 'uri_folder' as const, { as: 'jobOutputType' }),
  mode: optional(word(outputModes)),
  path: optional(text, { as: 'uri' }),
  name: optional(outputName, { as: 'assetName' }),
  version: optional(pythonText, { as: 'assetVersion' }),
});

/** An output is registered under a name; a version alone says nothing. */
const checkedOutput = refine(nullable(output), (value, at) => {
  if (value?.assetVersion !== undefined && value.assetName === undefined) {
    throw at.required('version').error(`${at.path} has a version, but no name`, 'Give it a name.', true);
  }
  return value ?? { jobOutputType: 'uri_folder' };
});

/** The `outputs` of a job; one without members is a folder in the workspace's default place. */
export const jobOutputs: Shape<Record<string, unknown>> = mapOf(checkedOutput, checkPortName);

/** The first stable api-version that knows `assetName` of a job's output; otherwise the usual one serves. */
export function outputsApiVersion(outputs: Readonly<Record<string, unknown>>): string | undefined {
  const registers = Object.values(outputs).some((one) => textAt(one, 'assetName') !== undefined);
  return registers ? '2025-12-01' : undefined;
}
