import type { Agent } from '../../lib/agent/agent';
import { at, isRecord, textAt } from '../../lib/agent/json';
import { markdownBlock } from '../../lib/agent/markdown';

/** The call that starts a batch endpoint. */
export interface Call {
  url: string;
  headers: Record<string, string>;
  body: unknown;
}

/** A token is never printed: whoever calls puts their own there. */
const authorization = 'Bearer $TOKEN';

/**
 * The call that starts a deployment with its inputs (`BatchEndpoints` scoring, REST).
 *
 * @param inputs of the pipeline's component, as its specification declares them
 * @param given values of the file, in the members of the service
 * @param outputs of the job in the file, in the members of the service (JobOutput): those with a path are written there
 * @param deployment named where the endpoint's default is another one
 */
export function callOf(
  url: string,
  inputs: unknown,
  given: Record<string, unknown>,
  outputs?: unknown,
  deployment?: string,
): Call {
  const names = [...new Set([...Object.keys(isRecord(inputs) ? inputs : {}), ...Object.keys(given)])];
  const data = names.flatMap((name): [string, unknown][] => {
    const input = inputOf(at(inputs, name), given[name]);
    return input === undefined ? [] : [[name, input]];
  });
  const written = Object.entries(isRecord(outputs) ? outputs : {}).flatMap(([name, output]): [string, unknown][] => {
    const uri = textAt(output, 'uri');
    const type = textAt(output, 'jobOutputType') ?? 'uri_folder';
    return uri === undefined ? [] : [[name, { JobOutputType: dataType(type), Uri: uri }]];
  });
  const list = (entries: [string, unknown][]): unknown =>
    entries.length > 0 ? Object.fromEntries(entries) : undefined;
  return {
    url,
    headers: {
      Authorization: authorization,
      'Content-Type': 'application/json',
      ...(deployment === undefined ? {} : { 'azureml-model-deployment': deployment }),
    },
    body: { properties: { InputData: list(data), OutputData: list(written) } },
  };
}

const primitives = ['string', 'number', 'integer', 'boolean'];

function inputOf(declared: unknown, given: unknown): unknown {
  const value = textAt(given, 'value') ?? textAt(declared, 'default');
  if (value !== undefined) return { JobInputType: 'Literal', Value: value };
  const type = textAt(given, 'jobInputType') ?? textAt(declared, 'type') ?? 'uri_folder';
  const uri = textAt(given, 'uri');
  const isOptional = /^true$/i.test(String(at(declared, 'optional')));
  if (uri === undefined && isOptional) return undefined;
  if (primitives.includes(type)) return { JobInputType: 'Literal', Value: `<${type}>` };
  return { JobInputType: dataType(type), Uri: uri ?? 'azureml://datastores/workspaceblobstore/paths/<path>' };
}

/** `uri_folder` → `UriFolder` */
function dataType(type: string): string {
  const known: Record<string, string> = { mltable: 'MLTable', mlflow_model: 'MLFlowModel' };
  return known[type] ?? type.replace(/(?:^|_)([a-z])/g, (_all, letter: string) => letter.toUpperCase());
}

/** Prints a call: the request itself, and as curl has it. @returns markdown for the run's summary */
export function printCall(agent: Agent, { url, headers, body }: Call, audience: string): string {
  const lines = [
    `POST ${url}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    '',
    JSON.stringify(body, null, 2),
  ];
  const curl = [
    `curl -X POST ${quoted(url)}`,
    ...Object.entries(headers).map(([name, value]) =>
      value === authorization ? `-H "${name}: ${value}"` : `-H ${quoted(`${name}: ${value}`)}`,
    ),
    `-d ${quoted(JSON.stringify(body))}`,
  ].join(' ');
  const token = `TOKEN is a token of Microsoft Entra ID for ${audience}, of an identity that may start the endpoint (batchEndpoints/score/action).`;
  agent.print(['The call that starts the pipeline:', '', ...lines, '', 'With curl:', '', curl, '', token].join('\n'));
  return ['The call that starts the pipeline:', '', markdownBlock(lines), '', markdownBlock([curl]), '', token].join(
    '\n',
  );
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** How the alert of a monitor comes to make the call. */
export function alertText(workspaceId: string, monitor: string): string[] {
  return [
    `How drift starts it: the monitor ${monitor} marks its run when a threshold is passed. Subscribe to the events of`,
    `${workspaceId} (Event Grid),`,
    'type Microsoft.MachineLearningServices.RunStatusChanged, with the filter',
    'data.RunTags.azureml_modelmonitor_threshold_breached contains "has failed due to one or more features violating metric thresholds",',
    'and let the handler (a Logic App or a Function with a managed identity) make the call above.',
  ];
}
