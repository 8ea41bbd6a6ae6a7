import type { YamlReader } from '../../../agent/yaml';
import { isRecord } from '../../../agent/json';
import { definitionOf, prefixed } from '../../component/common';
import type { ComponentDefinition } from '../../component/component';
import { entry, files, sparkConf } from '../../component/spark';
import { code } from '../../parts/code';
import { environment } from '../../parts/environment';
import { isRemote, localPath } from '../../parts/paths';
import { checkSparkEntry, sparkInstanceType } from '../../parts/spark';
import { mapOf } from '../../shape/collections';
import { dropped, openRecord, optional, record, required } from '../../shape/record';
import { anything, pythonText, text } from '../../shape/scalars';
import { nullable, refine, shape, type Shape } from '../../shape/shape';
import { useOf, type ComponentUse } from '../component-use';
import { nodeOf, type Node } from '../node';
import { declaredInputs } from '../node-inputs';
import { declaredOutputs } from '../node-outputs';
import {
  anyNodeFields,
  bindable,
  componentNodeFields,
  forgottenEnvironment,
  nodeCompute,
  nodeIdentity,
} from '../node-parts';
import { checkArguments, checkConf, checkModes, isDynamic } from './spark-rules';

/** `3.4`, also where YAML takes it for a number. */
const runtimeVersion: Shape<string> = shape({ type: ['string', 'number'] }, (at, scope) => {
  const value = pythonText.read(at, scope);
  if (/^\d+(\.\d+)*$/.test(value)) return value;
  throw at.error(`${at.path} is "${value}"`, 'Write numbers between dots, in quotes: "3.4".');
});

/** Names of machines: in lower case where the node runs a component, as in the file where it is written out. */
const resources = (machine: Shape<string>) =>
  record({ instance_type: required(bindable(machine)), runtime_version: required(bindable(runtimeVersion)) }, 'yaml');

const lowerCase = refine(sparkInstanceType, (value) => value.toLowerCase());

const conf = mapOf(anything);

const runFields = {
  compute: nodeCompute,
  identity: nodeIdentity,
  resources: optional(resources(lowerCase)),
  conf: optional(conf),
};

const programFields = {
  entry: optional(entry),
  py_files: optional(files),
  jars: optional(files),
  files: optional(files),
  archives: optional(files),
  args: optional(text),
};

/** Runs on a compute that is attached, or without one on resources of its own. */
function checkPlace(at: YamlReader, computeId: unknown, ownResources: unknown): void {
  if (computeId === undefined && ownResources === undefined) {
    throw at.error(`${at.path} has neither compute nor resources`, 'A Spark node needs one of them.', true);
  }
  if (computeId !== undefined && ownResources !== undefined) {
    throw at.required('resources').error(`${at.path} has both compute and resources`, 'Keep one of them.', true);
  }
}

/** Of a node that names none: an attached pool runs under its own identity, serverless Spark as the user. */
const defaultIdentity = (computeId: unknown): unknown => ({
  identity_type: computeId === undefined ? 'UserIdentity' : 'Managed',
});

/** Without a number of executors, the least of those that may be there. */
function withInstances(settings: Record<string, unknown>): Record<string, unknown> {
  const isOpen = isDynamic(settings) && settings['spark.executor.instances'] === undefined;
  return isOpen
    ? { ...settings, 'spark.executor.instances': settings['spark.dynamicAllocation.minExecutors'] }
    : settings;
}

const pythonEntry = (value: unknown): unknown =>
  isRecord(value) ? { spark_job_entry_type: 'SparkJobPythonEntry', ...value } : undefined;

/** A Spark node that runs a component. */
export function sparkOfComponent(use: Shape<ComponentUse>): Shape<Node> {
  const fields = openRecord(
    {
      ...componentNodeFields,
      ...runFields,
      ...programFields,
      component: required(use),
      code: dropped(text),
      environment: dropped(nullable(forgottenEnvironment)),
    },
    'yaml',
  );
  return refine(fields, ({ component, inputs, outputs, others, ...members }, at) => {
    checkPlace(at, members.computeId, members.resources);
    const { definition } = component;
    const settings = withInstances(mergedConf(members.conf, definition));
    if (definition) {
      checkConf(settings, at);
      checkModes(at, inputs, outputs, definition);
    }
    return nodeOf({
      type: 'spark',
      at,
      inputs,
      outputs,
      use: component,
      lacksCompute: false,
      members: () => ({
        identity: defaultIdentity(members.computeId),
        ...members,
        ...program(definition?.spec ?? members),
        conf: settings,
        ...others,
      }),
    });
  });
}

/** What is said in the component stands; only its settings may be said again. */
function program(from: Record<string, unknown>): Record<string, unknown> {
  const { py_files, jars, files: others, archives, args } = from;
  return { entry: pythonEntry(from.entry), py_files, jars, files: others, archives, args };
}

/** The node's settings before the component's; those that Spark has no names for are taken together from one of them. */
function mergedConf(own: Record<string, unknown> = {}, definition?: ComponentDefinition): Record<string, unknown> {
  const declared = isRecord(definition?.spec.conf) ? definition.spec.conf : {};
  const ours = sparkConf({}, own);
  const isOwn = (key: string): boolean => !key.startsWith('spark.');
  const hasOwn = Object.keys(ours).some(isOwn);
  const kept = Object.entries(declared).filter(([key]) => !(hasOwn && isOwn(key)));
  return { ...Object.fromEntries(kept), ...ours };
}

const inline = record(
  {
    ...anyNodeFields,
    ...runFields,
    ...programFields,
    resources: optional(resources(sparkInstanceType)),
    entry: required(entry),
    code: optional(code),
    environment: optional(nullable(environment)),
  },
  'yaml',
);

/** A Spark node that is written out: its component is made of it. */
export const sparkInline: Shape<Node> = refine(inline, (values, at, scope) => {
  const { code: folder, environment: image, description, inputs, outputs, ...members } = values;
  checkPlace(at, members.computeId, members.resources);
  const settings = withInstances(sparkConf({}, members.conf));
  checkConf(settings, at);
  checkModes(at, inputs, outputs);
  checkArguments(at, members.args, Object.keys(inputs));
  const local = at.optional('code')?.asString();
  if (local !== undefined && !isRemote(local)) checkSparkEntry(localPath(scope.folder, local), at);
  const { entry: start, py_files, jars, files: others, archives, args, tags = {}, properties } = members;
  return nodeOf({
    type: 'spark',
    at,
    inputs,
    outputs,
    use: (around) =>
      useOf(
        definitionOf(
          'spark',
          {
            description,
            tags,
            properties,
            is_deterministic: true,
            inputs: declaredInputs(inputs, around),
            outputs: declaredOutputs(outputs, around),
          },
          {
            entry: start,
            code: prefixed(folder),
            py_files,
            jars,
            files: others,
            archives,
            conf: settings,
            environment: prefixed(image),
            args,
          },
          at,
        ),
        'YAML.JOB',
        at,
      ),
    lacksCompute: false,
    members: () => ({
      identity: defaultIdentity(members.computeId),
      ...members,
      entry: pythonEntry(start),
      conf: settings,
    }),
  });
});
