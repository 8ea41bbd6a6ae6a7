import './quiet';
import type { Http, HttpAnswer, HttpRequest } from '../azure/http';
import { createHttp } from '../azure/http-client';
import { at, isRecord, text } from './json';
import { readNetwork } from '../azure/network';
import type { Agent } from './agent';
import { TaskError } from './errors';
import { isRun, isRunId } from './pipeline-run';
import {
  attachmentPath,
  listOf,
  readApproval,
  readAttachment,
  readPlans,
  readRequesters,
  readTimelineRecord,
  type Approval,
  type Identity,
  type RunAttachment,
  type TimelineRecord,
} from './run-answers';
import { readJobConnection } from './service-connection';

/** The run that this step belongs to, seen and annotated through Azure DevOps with the job's own token. */
export interface RunService {
  readonly runId: string;
  /** Who queued the run and for whom; never empty. Builds - Get. */
  requesters(): Promise<Identity[]>;
  /** Ids of the plans whose jobs are the run's, lower case. Builds - Get. */
  plans(): Promise<string[]>;
  /** Records of the run's current timeline: the newest attempt of every stage. Timeline - Get. */
  timeline(): Promise<TimelineRecord[]>;
  /** Attachments of one type, of every attempt. Attachments - List. */
  attachments(type: string): Promise<RunAttachment[]>;
  /** Bytes of an attachment. Attachments - Get. */
  content(attachment: RunAttachment): Promise<Buffer>;
  /** Approvals by id, steps included. Approvals - Query. */
  approvals(ids: readonly string[]): Promise<Approval[]>;
  /** A property of the run that is text; `undefined` when it has none of this name. Properties - Get Build Properties. */
  property(name: string): Promise<string | undefined>;
  /** Needs the permission "Update build information". Properties - Update Build Properties. */
  setProperty(name: string, value: string): Promise<void>;
  /**
   * Keeps the run for ever, once for each owner. Needs the permission "Retain indefinitely". Leases - Get By Owner Id, Add.
   */
  retain(owner: string): Promise<void>;
}

/** Azure DevOps refused, or answered something else than asked for. */
export class RunServiceError extends TaskError {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

/** Days from which on a lease is shown as "forever" (Leases - Add). */
const forever = 36_500;

/** Short: what is asked here is small, and a step must not hang on it. */
const timeoutMs = 10_000;
const attempts = 3;

/** Product and version, set by the build. */
declare const __PRODUCT__: string | undefined;

/**
 * @param http tests pass their own; otherwise the agent's proxy and certificates are honoured
 * @throws TaskError outside a run of a pipeline, and without the job's token
 */
export function openRunService(agent: Agent, http?: Http): RunService {
  const { runId, pipelineId, project } = requireRun(agent);
  const { collectionUrl, accessToken } = readJobConnection(agent);
  return createRunService({ collectionUrl, project, runId, pipelineId, accessToken, http: http ?? openHttp(agent) });
}

function requireRun(agent: Agent): { runId: string; pipelineId: number; project: string } {
  const runId = agent.variable('Build.BuildId') ?? '';
  const project = agent.variable('System.TeamProjectId') ?? agent.variable('System.TeamProject');
  const pipelineId = Number(agent.variable('System.DefinitionId') ?? agent.variable('Build.DefinitionId'));
  if (!isRun(agent) || project === undefined) {
    throw new TaskError('This is no run of a pipeline.', 'Run this step in an Azure Pipelines pipeline.');
  }
  if (!isRunId(runId)) {
    throw new TaskError(
      `Build.BuildId is "${runId}", which is no run.`,
      'Find the step that sets it: any line of its output can.',
    );
  }
  return { runId, project, pipelineId };
}

function openHttp(agent: Agent): Http {
  return createHttp({
    tokens: { get: () => Promise.reject(new Error('no token is needed here')) },
    network: readNetwork(),
    agent,
    userAgent: typeof __PRODUCT__ === 'string' ? __PRODUCT__ : 'mlops-azure-ml/dev',
    maySend: () => false,
  });
}

interface RunConnection {
  /** Without a slash at its end. */
  collectionUrl: string;
  /** Id or name. */
  project: string;
  runId: string;
  /** NaN where the agent does not say. */
  pipelineId: number;
  accessToken: string;
  http: Http;
}

type Call = Pick<HttpRequest, 'method' | 'body' | 'as' | 'headers' | 'idempotent'> & { what: string; path: string };

/** Every address is put together here, below the collection: no answer can send the token elsewhere. */
export function createRunService(connection: RunConnection): RunService {
  const { runId, pipelineId } = connection;
  const base = `${connection.collectionUrl}/${encodeURIComponent(connection.project)}/_apis`;
  const run = `build/builds/${encodeURIComponent(runId)}`;

  async function call({ what, path, headers, ...request }: Call): Promise<HttpAnswer> {
    const answer = await connection.http.send({
      ...request,
      url: `${base}/${path}`,
      headers: { Authorization: `Bearer ${connection.accessToken}`, 'X-TFS-FedAuthRedirect': 'Suppress', ...headers },
      accept: [302, 400, 401, 403, 404],
      timeoutMs,
      attempts,
    });
    // 203 and 302 lead to the sign-in page.
    if (answer.status < 300 && answer.status !== 203) return answer;
    const said = text(at(answer.body, 'message'));
    throw new RunServiceError(
      `Azure DevOps answered ${answer.status} when asked for ${what}${said ? `: ${said}` : ''}`,
      answer.status,
    );
  }
  const get = async (what: string, path: string): Promise<unknown> => (await call({ method: 'GET', what, path })).body;

  return {
    runId,
    requesters: async () => readRequesters(await get('the run', `${run}?api-version=7.1`)),
    plans: async () => readPlans(await get('the run', `${run}?api-version=7.1`)),
    async timeline() {
      const body = await get("the run's timeline", `${run}/timeline?api-version=7.1`);
      return listOf('timeline', at(body, 'records'), readTimelineRecord);
    },
    async attachments(type) {
      const path = `${run}/attachments/${encodeURIComponent(type)}?api-version=7.1-preview.2`;
      const body = await get(`the attachments ${type}`, path);
      return listOf(`attachments ${type}`, at(body, 'value'), (item) => readAttachment(item, type, runId));
    },
    async content(attachment) {
      const path = `${run}/${attachmentPath(attachment)}?api-version=7.1-preview.2`;
      const what = `the attachment ${attachment.name}`;
      const headers = { Accept: 'application/octet-stream' };
      const { body } = await call({ method: 'GET', what, path, as: 'buffer', headers });
      if (Buffer.isBuffer(body)) return body;
      throw new TaskError(`Azure DevOps gave no bytes for ${what}.`);
    },
    async approvals(ids) {
      const wanted = ids.map(encodeURIComponent).join(',');
      const path = `pipelines/approvals?approvalIds=${wanted}&$expand=steps&api-version=7.2-preview.2`;
      return listOf('approvals', at(await get('the approvals', path), 'value'), readApproval);
    },
    async property(name) {
      const path = `${run}/properties?filter=${encodeURIComponent(name)}&api-version=7.1-preview.1`;
      const value = at(await get("the run's properties", path), 'value', name);
      return text(isRecord(value) ? value['$value'] : value);
    },
    async setProperty(name, value) {
      await call({
        method: 'PATCH',
        what: `the property ${name}`,
        path: `${run}/properties?api-version=7.1-preview.1`,
        headers: { 'Content-Type': 'application/json-patch+json' },
        body: JSON.stringify([{ op: 'add', path: `/${name}`, value }]),
        idempotent: true,
      });
    },
    async retain(owner) {
      if (!Number.isInteger(pipelineId)) throw new TaskError('The agent does not name the pipeline.');
      const query = `ownerId=${encodeURIComponent(owner)}&definitionId=${pipelineId}&runId=${encodeURIComponent(runId)}`;
      const found = await get('the leases of the run', `build/retention/leases?${query}&api-version=7.1`);
      const leases: unknown[] = listOf('leases', at(found, 'value'), (lease) => lease);
      const isOurs = (lease: unknown) => at(lease, 'ownerId') === owner && String(at(lease, 'runId')) === runId;
      if (leases.some(isOurs)) return;
      const lease = { daysValid: forever, definitionId: pipelineId, ownerId: owner, protectPipeline: true };
      await call({
        method: 'POST',
        what: 'a lease of the run',
        path: 'build/retention/leases?api-version=7.1',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify([{ ...lease, runId: Number(runId) }]),
      });
    },
  };
}
