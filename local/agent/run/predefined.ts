import os from 'node:os';
import path from 'node:path';

import type { Run, Server } from '../server';
import type { RepositoryState } from './git';

export interface RunFacts {
  run: Run;
  number: string;
  server: Pick<Server, 'collectionUrl' | 'project'>;
  repository: RepositoryState;
  workFolder: string;
}

/** Known when the pipeline is compiled, so that `${{ variables['Build.SourceBranch'] }}` works. */
export function compileTimeVariables(
  server: Pick<Server, 'collectionUrl' | 'project'>,
  repository: RepositoryState,
  definitionName: string,
): Record<string, string> {
  return {
    'Build.Reason': 'Manual',
    'Build.DefinitionName': definitionName,
    'Build.SourceBranch': repository.branch,
    'Build.SourceBranchName': repository.branch.split('/').at(-1) ?? '',
    'Build.SourceVersion': repository.commit,
    'Build.Repository.Name': repository.name,
    'Build.Repository.Provider': 'TfsGit',
    'Build.Repository.Uri': repository.url,
    'System.CollectionUri': server.collectionUrl,
    'System.TeamFoundationCollectionUri': server.collectionUrl,
    'System.TeamProject': server.project.name,
    'System.TeamProjectId': server.project.id,
    'System.HostType': 'build',
  };
}

/** Variables of the run; the same in every job. */
export function runVariables({ run, number, server, repository }: RunFacts): Record<string, string> {
  return {
    ...compileTimeVariables(server, repository, run.definition.name),
    'Build.BuildId': String(run.id),
    'Build.BuildNumber': number,
    'Build.BuildUri': `vstfs:///Build/Build/${run.id}`,
    'Build.ContainerId': String(run.id),
    'Build.DefinitionVersion': '1',
    'Build.QueuedBy': run.requestedFor.displayName,
    'Build.QueuedById': run.requestedFor.id,
    'Build.RequestedFor': run.requestedFor.displayName,
    'Build.RequestedForEmail': run.requestedFor.email,
    'Build.RequestedForId': run.requestedFor.id,
    'Build.Repository.Clean': 'False',
    'Build.Repository.Git.SubmoduleCheckout': 'False',
    'Build.Repository.ID': repository.name,
    'Build.SourceVersionMessage': repository.message,
    'System.CollectionId': server.project.id,
    'System.Culture': 'en-US',
    'System.DefinitionId': String(run.definition.id),
    'System.DefinitionName': run.definition.name,
    'System.EnableAccessToken': 'SecretVariable',
    'System.IsScheduled': 'False',
    'System.OidcRequestUri': run.oidcRequestUri,
    'System.PlanId': run.planId,
    'System.ServerType': 'OnPremises',
    'System.TaskDefinitionsUri': server.collectionUrl,
    'System.TeamFoundationServerUri': server.collectionUrl,
    'System.TimelineId': run.timelineId,
    'Agent.ReadOnlyVariables': 'true',
  };
}

export interface JobFolders {
  workspace: string;
  sources: string;
  staging: string;
  binaries: string;
  testResults: string;
  temp: string;
  tools: string;
}

export function jobFolders(workFolder: string, index: number): JobFolders {
  const workspace = path.join(workFolder, String(index));
  return {
    workspace,
    sources: path.join(workspace, 's'),
    staging: path.join(workspace, 'a'),
    binaries: path.join(workspace, 'b'),
    testResults: path.join(workspace, 'TestResults'),
    temp: path.join(workFolder, '_temp', String(index)),
    tools: path.join(workFolder, '_tool'),
  };
}

export interface JobNames {
  stage: { name: string; displayName: string };
  phase: { name: string; displayName: string };
  job: { name: string; displayName: string; id: string };
  agentName: string;
}

/** Variables of one job: names, directories, machine. */
export function jobVariables(names: JobNames, folders: JobFolders, workFolder: string): Record<string, string> {
  const workingDirectory = folders.sources;
  return {
    'Agent.BuildDirectory': folders.workspace,
    'Agent.HomeDirectory': path.dirname(workFolder),
    'Agent.Id': '1',
    'Agent.JobName': names.job.displayName,
    'Agent.JobStatus': 'Succeeded',
    'Agent.MachineName': os.hostname(),
    'Agent.Name': names.agentName,
    'Agent.OS': process.platform === 'darwin' ? 'Darwin' : 'Linux',
    'Agent.OSArchitecture': { x64: 'X64', arm64: 'ARM64', arm: 'ARM' }[process.arch as string] ?? 'X64',
    'Agent.RootDirectory': path.dirname(workFolder),
    'Agent.TempDirectory': folders.temp,
    'Agent.ToolsDirectory': folders.tools,
    'Agent.Version': '4.999.0',
    'Agent.WorkFolder': workFolder,
    'Build.ArtifactStagingDirectory': folders.staging,
    'Build.BinariesDirectory': folders.binaries,
    'Build.Repository.LocalPath': folders.sources,
    'Build.SourcesDirectory': folders.sources,
    'Build.StagingDirectory': folders.staging,
    'Common.TestResultsDirectory': folders.testResults,
    'Pipeline.Workspace': folders.workspace,
    'System.ArtifactsDirectory': folders.staging,
    'System.DefaultWorkingDirectory': workingDirectory,
    'System.JobAttempt': '1',
    'System.JobDisplayName': names.job.displayName,
    'System.JobId': names.job.id,
    'System.JobName': names.job.name,
    'System.PhaseAttempt': '1',
    'System.PhaseDisplayName': names.phase.displayName,
    'System.PhaseName': names.phase.name,
    'System.StageAttempt': '1',
    'System.StageDisplayName': names.stage.displayName,
    'System.StageName': names.stage.name,
    'System.WorkFolder': workFolder,
  };
}
