import type { Agent } from '../../lib/agent/agent';
import { TaskError } from '../../lib/agent/errors';
import { readJobConnection } from '../../lib/agent/service-connection';
import type { Http } from '../../lib/azure/http';

/**
 * Asks Azure DevOps to cancel this run, as the job itself. Operation: Builds - Update Build (7.1), `status: cancelling`.
 * Needs the permission "Stop builds" for the project's build service.
 */
export async function cancelRun(agent: Agent, http: Http): Promise<void> {
  const build = agent.variable('Build.BuildId');
  const project = agent.variable('System.TeamProjectId') ?? agent.variable('System.TeamProject');
  if (build === undefined || project === undefined) {
    throw new TaskError('whenNotBetter is cancelRun, but this is no run of a pipeline.', 'Use fail or warn instead.');
  }
  const { collectionUrl, accessToken } = readJobConnection(agent);
  agent.print('Cancelling the run.');
  const answer = await http.send({
    method: 'PATCH',
    url: `${collectionUrl}/${encodeURIComponent(project)}/_apis/build/builds/${encodeURIComponent(build)}?api-version=7.1`,
    headers: { Authorization: `Bearer ${accessToken}`, 'X-TFS-FedAuthRedirect': 'Suppress' },
    body: { status: 'cancelling' },
    accept: [401, 403],
    idempotent: true,
    attempts: 4,
  });
  if (answer.status < 300) return;
  throw new TaskError(
    `Azure DevOps refused to cancel run ${build} (status ${answer.status}).`,
    'Give the project’s build service the permission "Stop builds" on this pipeline, or use whenNotBetter: fail.',
  );
}
