import { Readable } from 'node:stream';
import { TaskError } from '../agent/errors';
import type { Azure } from './azure';
import type { HttpAnswer, HttpRequest } from './http';
import { at, isRecord, number, stringMap, text, textAt } from '../agent/json';

/** Run history's view of a run. Operation: Runs_GetDetails, data plane 2019-08-01 (without the experiment, as `az ml job stream` asks). */
export interface RunDetails {
  runId: string;
  /** NotStarted, Queued, Preparing, Running, Finalizing, Completed, Failed, Canceled, … as the service says it. */
  status: string;
  /** ISO 8601. */
  startTime?: string;
  endTime?: string;
  /** What the service says about a failed run, innermost message last. */
  error?: string;
  warnings: string[];
  properties: Record<string, string>;
  tags: Record<string, string>;
  /** Log name → address with a signature that lives for hours: never print it. */
  logFiles: Record<string, string>;
}

/** A run as MLflow tracks it. */
export interface TrackedRun {
  experimentId: string;
  /** RUNNING, SCHEDULED, FINISHED, FAILED, KILLED */
  status: string;
  /** The last value of each metric; NaN and infinities included. */
  metrics: Record<string, number>;
  params: Record<string, string>;
  tags: Record<string, string>;
}

/** @throws AzureError, also when there is no such run (404) */
export async function runDetails(azure: Azure, runId: string): Promise<RunDetails> {
  const url = `${azure.workspace.historyUrl}/runs/${encodeURIComponent(runId)}/details`;
  const { body } = await azure.http.send({ method: 'GET', url, resource: azure.cloud.resources.arm });
  return {
    runId: textAt(body, 'runId') ?? runId,
    status: textAt(body, 'status') ?? 'Unknown',
    startTime: textAt(body, 'startTimeUtc'),
    endTime: textAt(body, 'endTimeUtc'),
    error: errorOf(at(body, 'error')),
    warnings: messages(at(body, 'warnings')),
    properties: stringMap(at(body, 'properties')),
    tags: stringMap(at(body, 'tags')),
    logFiles: stringMap(at(body, 'logFiles')),
  };
}

/** A run below another one: a node of a pipeline, a trial of a sweep. */
export interface ChildRun {
  runId: string;
  /** What people call it: the node's name in the pipeline's file. */
  displayName: string;
  /** As run history spells it. */
  status: string;
  /** `azureml.StepRun`, `azureml.PipelineRun`, `hyperdrive`, …: which runs have runs of their own. */
  runType: string;
  startTime?: string;
  endTime?: string;
  properties: Record<string, string>;
}

/** The runs directly below a run, in the order in which they were made. Operation: Runs_GetChild, all pages. */
export async function childRuns(azure: Azure, runId: string): Promise<ChildRun[]> {
  const children: ChildRun[] = [];
  const seen = new Set<string>();
  let token: string | undefined;
  do {
    const query = token === undefined ? '' : `?$continuationtoken=${encodeURIComponent(token)}`;
    const url = `${azure.workspace.historyUrl}/runs/${encodeURIComponent(runId)}/children${query}`;
    const { body } = await azure.http.send({ method: 'GET', url, resource: azure.cloud.resources.arm });
    const value = at(body, 'value');
    if (!Array.isArray(value)) throw new TaskError(`The runs below run ${runId} came without a list.`);
    children.push(...value.map(readChild).filter((child) => child.runId !== ''));
    token = textAt(body, 'continuationToken');
    if (token !== undefined && seen.has(token)) {
      throw new TaskError(`The list of the runs below run ${runId} does not end: its continuation repeats.`);
    }
    if (token !== undefined) seen.add(token);
  } while (token !== undefined);
  return children;
}

function readChild(run: unknown): ChildRun {
  const runId = textAt(run, 'runId') ?? '';
  return {
    runId,
    displayName: textAt(run, 'displayName') ?? textAt(run, 'name') ?? runId,
    status: textAt(run, 'status') ?? 'Unknown',
    runType: textAt(run, 'runType') ?? '',
    startTime: textAt(run, 'startTimeUtc'),
    endTime: textAt(run, 'endTimeUtc'),
    properties: stringMap(at(run, 'properties')),
  };
}

/**
 * The run in MLflow's words. Operation: MLflow REST `runs/get`.
 *
 * @throws AzureError, also when there is no such run (404)
 */
export async function trackedRun(azure: Azure, runId: string): Promise<TrackedRun> {
  const url = `${azure.workspace.mlflowUrl}/runs/get?run_id=${encodeURIComponent(runId)}`;
  const { body } = await azure.http.send({ method: 'GET', url, resource: azure.cloud.resources.arm });
  const info = at(body, 'run', 'info');
  const data = at(body, 'run', 'data');
  const metrics = pairs(at(data, 'metrics')).flatMap(([key, value]): [string, number][] => {
    const measured = metricValue(value);
    return measured === undefined ? [] : [[key, measured]];
  });
  const texts = (name: string): Record<string, string> =>
    Object.fromEntries(pairs(at(data, name)).filter((pair): pair is [string, string] => typeof pair[1] === 'string'));
  return {
    experimentId: textAt(info, 'experiment_id') ?? '',
    status: textAt(info, 'status') ?? 'UNKNOWN',
    metrics: Object.fromEntries(metrics),
    params: texts('params'),
    tags: texts('tags'),
  };
}

/**
 * Paths of a run's artifacts below `prefix` (empty: all), in code-point order. Operation: Artifacts_ListInContainer.
 *
 * @param prefix a folder (`model` or `model/`) or a file's path
 */
export async function listArtifacts(azure: Azure, runId: string, prefix = ''): Promise<string[]> {
  const folder = prefix.replace(/^\/+|\/+$/g, '');
  const paths = new Set<string>();
  let continuationToken: string | undefined;
  do {
    const query = new URLSearchParams();
    if (folder !== '') query.set('path', folder);
    if (continuationToken !== undefined) query.set('continuationToken', continuationToken);
    const { body } = await sendToArtifacts(azure, `${containerUrl(azure, runId)}?${query.toString()}`);
    const value = at(body, 'value');
    if (!Array.isArray(value)) throw new TaskError(`The artifacts of run ${runId} came without a list.`);
    for (const path of value.map((entry) => textAt(entry, 'path'))) if (path !== undefined) paths.add(path);
    const next = textAt(body, 'continuationToken');
    if (next !== undefined && next === continuationToken)
      throw new TaskError(`The list of the artifacts of run ${runId} does not end: its continuation repeats.`);
    continuationToken = next;
  } while (continuationToken !== undefined);
  // The service takes `path` as a prefix of text: "model" would also give "model2/…".
  const below = [...paths].filter((path) => folder === '' || path === folder || path.startsWith(`${folder}/`));
  return below.sort((left, right) => (left < right ? -1 : 1));
}

/**
 * The bytes of one artifact.
 *
 * @param path as `listArtifacts` gives it
 * @throws AzureError, also when there is no such artifact (404)
 */
export async function downloadArtifact(azure: Azure, runId: string, path: string): Promise<Buffer> {
  const { body } = await azure.http.send({ ...(await contentRequest(azure, runId, path)), as: 'buffer' });
  if (Buffer.isBuffer(body)) return body;
  throw new TaskError(`The artifact ${path} of run ${runId} came without content.`);
}

/** Like `downloadArtifact`, as a stream: for files that need not fit into memory. */
export async function openArtifact(azure: Azure, runId: string, path: string): Promise<Readable> {
  const { body } = await azure.http.send({ ...(await contentRequest(azure, runId, path)), as: 'stream' });
  if (body instanceof Readable) return body;
  throw new TaskError(`The artifact ${path} of run ${runId} came without content.`);
}

/** Operation: Artifacts_GetContentInformation. The address carries a signature; no bearer token goes there. */
async function contentRequest(azure: Azure, runId: string, path: string): Promise<HttpRequest> {
  const query = new URLSearchParams({ path }).toString();
  const { body } = await sendToArtifacts(azure, `${containerUrl(azure, runId)}/contentinfo?${query}`);
  const url = textAt(body, 'contentUri');
  if (url === undefined || !URL.canParse(url) || new URL(url).protocol !== 'https:') {
    throw new TaskError(`The service gave no https address for the artifact ${path} of run ${runId}.`);
  }
  return { method: 'GET', url, timeoutMs: 10 * 60_000 };
}

function containerUrl(azure: Azure, runId: string): string {
  return `${azure.workspace.artifactUrl}/artifacts/ExperimentRun/${encodeURIComponent(`dcid.${runId}`)}`;
}

/** The artifact service takes tokens for Azure Machine Learning; some clouds and older clients use Resource Manager's. */
async function sendToArtifacts(azure: Azure, url: string): Promise<HttpAnswer> {
  const request: HttpRequest = { method: 'GET', url };
  const answer = await azure.http.send({
    ...request,
    resource: azure.cloud.resources.machineLearning,
    accept: [401],
  });
  if (answer.status !== 401) return answer;
  return azure.http.send({ ...request, resource: azure.cloud.resources.arm });
}

function pairs(list: unknown): [string, unknown][] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((entry): [string, unknown][] => {
    const key = textAt(entry, 'key');
    return key === undefined ? [] : [[key, at(entry, 'value')]];
  });
}

/** JSON has no NaN: the tracking server writes it, and infinities, as text. */
function metricValue(value: unknown): number | undefined {
  if (value === 'NaN') return Number.NaN;
  if (value === 'Infinity') return Number.POSITIVE_INFINITY;
  if (value === '-Infinity') return Number.NEGATIVE_INFINITY;
  return number(value);
}

function messages(list: unknown): string[] {
  if (!Array.isArray(list)) return [];
  return list.map((entry) => textAt(entry, 'message')).filter((message) => message !== undefined);
}

/** `{error: {code, message, details[], innerError}}`: the first useful code and every different message. */
function errorOf(envelope: unknown): string | undefined {
  const error = isRecord(envelope) && isRecord(envelope['error']) ? envelope['error'] : envelope;
  if (!isRecord(error)) return undefined;
  const parts = [text(error['message']), ...messages(error['details'])].filter((part) => part !== undefined);
  const said = [...new Set(parts)].join(' ');
  const code = text(error['code']);
  if (said === '') return code;
  return code === undefined ? said : `${code}: ${said}`;
}
