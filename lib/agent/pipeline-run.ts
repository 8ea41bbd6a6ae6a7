import type { Agent } from './agent';

/** The run of the pipeline that a step belongs to, from the predefined variables (System.*, Build.*). */
export interface PipelineRun {
  /** `https://dev.azure.com/org/` */
  organization: string;
  project: string;
  pipelineId: string;
  pipelineName: string;
  runId: string;
  runNumber: string;
  stage: string;
  job: string;
  /** Name of the step within its job; stays the same when the job is run again. */
  step: string;
  /** Full commit id, where the repository has commits. */
  commit?: string;
  /** `refs/heads/main` */
  branch?: string;
  /** Address of the repository without user and password. */
  repository?: string;
  /** Page of the run. */
  url?: string;
}

/** Reads the run's variables; outside a pipeline the texts are empty. */
export function readPipelineRun(agent: Agent): PipelineRun {
  const variable = (...names: string[]): string => names.map((name) => agent.variable(name)).find(Boolean) ?? '';
  const organization = variable('System.CollectionUri', 'System.TeamFoundationCollectionUri');
  const project = variable('System.TeamProject');
  const runId = variable('Build.BuildId');
  const isComplete = organization !== '' && project !== '' && runId !== '';
  return {
    organization,
    project,
    pipelineId: variable('System.DefinitionId'),
    pipelineName: variable('Build.DefinitionName'),
    runId,
    runNumber: variable('Build.BuildNumber'),
    stage: variable('System.StageName'),
    job: [variable('System.PhaseName'), variable('System.JobName')].filter(Boolean).join('/'),
    step: [variable('System.TaskInstanceName'), variable('System.TaskDisplayName')].filter(Boolean).join('/'),
    commit: variable('Build.SourceVersion') || undefined,
    branch: variable('Build.SourceBranch') || undefined,
    repository: withoutUser(variable('Build.Repository.Uri')),
    url: isComplete
      ? `${organization.replace(/\/+$/, '')}/${encodeURIComponent(project)}/_build/results?buildId=${runId}`
      : undefined,
  };
}

/**
 * Classic releases name the run whose artifacts they take: that one is not theirs to judge or to annotate. On an agent only the
 * kind of its host tells, for any step of the job can set Build.BuildId by a line of its output.
 */
export function isRun(agent: Agent): boolean {
  const host = agent.variable('System.HostType');
  return host === undefined ? isRunId(agent.variable('Build.BuildId') ?? '') : host.toLowerCase() === 'build';
}

/** Whether a text is the number of a run. */
export function isRunId(text: string): boolean {
  return /^\d+$/.test(text);
}

/** Tags that say of an asset in Azure ML which run made it. Values that are not known are left out. */
export function runTags(run: PipelineRun): Record<string, string> {
  return present({
    'mlops.project': run.project,
    'mlops.pipeline': run.pipelineName,
    'mlops.run': run.runId,
    'mlops.runNumber': run.runNumber,
    'mlops.runUrl': run.url,
    'mlops.commit': run.commit,
    'mlops.branch': run.branch,
  });
}

/** The properties that MLflow and the studio show a run's commit by. */
export function gitProperties(run: PipelineRun): Record<string, string> {
  return present({
    'azureml.git.repository_uri': run.repository,
    'azureml.git.branch': run.branch,
    'azureml.git.commit': run.commit,
    'mlflow.source.git.repoURL': run.repository,
    'mlflow.source.git.branch': run.branch,
    'mlflow.source.git.commit': run.commit,
  });
}

function present(values: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter((entry): entry is [string, string] => Boolean(entry[1])));
}

function withoutUser(address: string): string | undefined {
  if (address === '') return undefined;
  if (!URL.canParse(address)) return address;
  const url = new URL(address);
  url.username = '';
  url.password = '';
  return url.toString();
}
