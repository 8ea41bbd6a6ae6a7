import type { Core } from '../../service';
import { Assets } from '../assets';
import { startCommand } from '../job-children';
import type { JobEnd } from '../job-control';
import { checkPlaceholders, commandText, refuseUnsupported, trialResources } from '../job-document';
import type { JobControl } from '../job-control';
import type { JobHost, NewJob } from '../job-host';
import { checkCompute, checkLimits, jobResource, readInputs, readOutputs, reference } from '../job-parts';
import { invalid, isObject, object, optionalObject, optionalText, text, textMap, type Json } from '../wire';
import { duration } from './rest';
import { SweepRun } from './run';
import { checkSampling, type Combination } from './sampling';
import { readSweepSettings, type SweepSettings } from './settings';

/** Checks a request for a sweep job (swagger: `SweepJob`). @throws ArmFault 400 naming the place. */
export function newSweepJob(host: JobHost, workspace: string, name: string, asked: Json, createdBy: string): NewJob {
  const { core } = host;
  const settings = readSweepSettings(asked, 'properties');
  checkSampling(settings, 'properties.searchSpace');
  const trial = readTrial(core, workspace, asked, settings);
  const computeId = optionalText(asked, 'computeId', 'properties') ?? null;
  checkCompute(core, workspace, computeId);
  const inputs = readInputs(asked['inputs']);
  const outputs = readOutputs(asked['outputs'], name);
  checkPlaceholders(trial.command, inputs, outputs, 'properties.trial.command');
  const limits = optionalObject(asked['limits'], 'properties.limits');
  checkLimits(limits);
  const document = jobResource(core, workspace, name, asked, {
    createdBy,
    status: 'NotStarted',
    specific: {
      jobType: 'Sweep',
      searchSpace: optionalObject(asked['searchSpace'], 'properties.searchSpace'),
      samplingAlgorithm: algorithm(asked['samplingAlgorithm']),
      objective: { primaryMetric: settings.metric, goal: capital(settings.goal) },
      limits: { jobLimitsType: 'Sweep', ...limits },
      earlyTermination: isObject(asked['earlyTermination']) ? asked['earlyTermination'] : null,
      trial,
      inputs,
      outputs,
      queueSettings: { jobTier: 'Null', ...optionalObject(asked['queueSettings'], 'properties.queueSettings') },
    },
  });
  return { document, work: () => (control) => runJob(host, control, asked, settings) };
}

function runJob(host: JobHost, control: JobControl, asked: Json, settings: SweepSettings): ReturnType<SweepRun['run']> {
  const trial = object(asked['trial'], 'properties.trial');
  const start = (name: string, values: Combination): Promise<JobEnd> =>
    startTrial(host, control, name, values, {
      ...trial,
      command: text(trial, 'command', 'properties.trial').replaceAll(
        /\$\{\{\s*search_space\.([\w.-]+)\s*\}\}/g,
        (whole, key: string) => values[key] ?? whole,
      ),
      inputs: asked['inputs'],
      outputs: own(asked['outputs']),
      ...trialLimits(settings),
    });
  return new SweepRun(host, control, settings, start).run();
}

/** Starts a trial with its values as parameters of its run. */
export function startTrial(
  host: JobHost,
  control: JobControl,
  name: string,
  values: Combination,
  properties: Json,
  componentId?: string,
): Promise<JobEnd> {
  const variables = Object.entries(values).map(([key, value]) => [`AZUREML_SWEEP_${key}`, value]);
  return startCommand(host, control, {
    name,
    properties: {
      ...properties,
      displayName: name,
      environmentVariables: {
        ...textMap(properties['environmentVariables'], 'trial'),
        ...Object.fromEntries(variables),
      },
    },
    params: values,
    tags: { hyperparameters: JSON.stringify(values) },
    ...(componentId === undefined ? {} : { componentId }),
  });
}

export function trialLimits({ limits }: SweepSettings): Json {
  const { trialTimeoutMs } = limits;
  return trialTimeoutMs === undefined
    ? {}
    : { limits: { jobLimitsType: 'Command', timeout: duration(trialTimeoutMs) } };
}

/** Each trial has places of its own: those that the sweep names get the best trial's outputs. */
function own(outputs: unknown): Json {
  const given = Object.entries(optionalObject(outputs, 'properties.outputs')).filter(([, output]) => isObject(output));
  return Object.fromEntries(
    given.map(([key, output]) => {
      const { jobOutputType, mode } = optionalObject(output, key);
      return [key, { jobOutputType, mode }];
    }),
  );
}

function readTrial(core: Core, workspace: string, asked: Json, settings: SweepSettings): Json & { command: string } {
  const where = 'properties.trial';
  const trial = object(asked['trial'], where);
  refuseUnsupported(trial, where);
  const command = commandText(trial, where);
  for (const [whole, key = ''] of command.matchAll(/\$\{\{\s*search_space\.([\w.-]+)\s*\}\}/g))
    if (settings.space[key] === undefined) throw unknownParameter(whole, key);
  const assets = new Assets(core, workspace);
  const code = optionalText(trial, 'codeId', where);
  return {
    command,
    environmentId: reference(assets, 'environments', text(trial, 'environmentId', where), `${where}.environmentId`),
    codeId: code === undefined ? null : reference(assets, 'codes', code, `${where}.codeId`),
    environmentVariables: textMap(trial['environmentVariables'], `${where}.environmentVariables`),
    distribution: null,
    resources: trialResources(trial['resources'], `${where}.resources`),
  };
}

function unknownParameter(whole: string, key: string): Error {
  return invalid(
    `The command uses ${whole}, but the search space has no '${key}'.`,
    'ValidationError',
    'properties.trial.command',
  );
}

/** Enumerations as the swagger spells them, whatever the case they were sent in. */
function algorithm(given: unknown): Json {
  const asked = optionalObject(given, 'properties.samplingAlgorithm');
  const type = optionalText(asked, 'samplingAlgorithmType', 'properties.samplingAlgorithm') ?? 'Random';
  const rule = optionalText(asked, 'rule', 'properties.samplingAlgorithm');
  return { ...asked, samplingAlgorithmType: capital(type), ...(rule === undefined ? {} : { rule: capital(rule) }) };
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
