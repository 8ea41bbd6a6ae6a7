import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { CheckConfiguration } from '../devops/checks';
import { listDefinitions, type Definition } from '../devops/definitions';
import type { Environment } from '../devops/environments';
import { problemOf } from '../devops/problems';
import {
  buildBits,
  environmentBits,
  environmentToken,
  evaluatePermissions,
  folderToken,
  namespaces,
  type Evaluation,
} from '../devops/security';
import { listOwnTeams } from '../devops/teams';
import { approversOf, findingsOf } from './audit-rules';
import { useClient } from './context';
import { useEnvironmentChecks } from './environment-checks';
import { keys } from './keys';
import { loadingOf, once } from './loading';
import { isProductionName } from './production-name';
import type { AuditedEnvironment, AuditedFolder, EnvironmentAudit, Teams } from './results';

const query = { staleTime: 5 * 60_000, ...once } as const;

/** Who may deploy where, and who sees whose runs: checks of the environments, folders of the pipelines, the viewer's own rights. */
export function useEnvironmentAudit(): EnvironmentAudit {
  const client = useClient();
  const { project } = client.connection;
  const { environments, checks } = useEnvironmentChecks();
  const definitions = useQuery({
    queryKey: keys.definitions,
    queryFn: ({ signal }) => listDefinitions(client, signal),
    ...query,
  });
  const evaluations = useMemo(
    () => evaluationsFor(project, environments.data?.environments ?? [], definitions.data ?? []),
    [project, environments.data, definitions.data],
  );
  const rights = useQuery({
    queryKey: keys.rights(evaluations.map(keyOf)),
    queryFn: ({ signal }) => evaluatePermissions(client, evaluations, signal),
    enabled: !environments.isPending && !definitions.isPending && evaluations.length > 0,
    ...query,
  });
  const teams = useTeams();
  const granted = useMemo(() => grantedOf(evaluations, rights.data), [evaluations, rights.data]);
  const loading = loadingOf(environments, checks, definitions, rights);
  return {
    environments: {
      rows: useMemo(
        () =>
          (environments.data?.environments ?? []).map((each) =>
            audited(each, checks.data ?? [], (bits) => granted?.(environmentRight(project, each.id, bits))),
          ),
        [environments.data, checks.data, granted, project],
      ),
      isCut: environments.data?.isCut ?? false,
      checksKnown: checks.data !== undefined,
      problem: problemOf(environments.error),
      checksProblem: problemOf(checks.error),
    },
    folders: {
      rows: useMemo(
        () => foldersOf(definitions.data ?? [], (path, bits) => granted?.(folderRight(project, path, bits))),
        [definitions.data, granted, project],
      ),
      problem: problemOf(definitions.error),
    },
    rightsProblem: problemOf(rights.error),
    teams: { rows: teams.teams, problem: teams.problem },
    isLoading: loading.isLoading || teams.isLoading,
    refresh: () => {
      loading.refresh();
      teams.refresh();
    },
  };
}

/** The viewer's teams in this project. */
export function useTeams(): Teams {
  const client = useClient();
  const teams = useQuery({ queryKey: keys.teams, queryFn: ({ signal }) => listOwnTeams(client, signal), ...query });
  return { ...loadingOf(teams), teams: teams.data ?? [] };
}

type Granted = (evaluation: Evaluation) => boolean | undefined;

function grantedOf(evaluations: readonly Evaluation[], answers: readonly boolean[] | undefined): Granted | undefined {
  if (answers === undefined) return undefined;
  const known = new Map(evaluations.map((evaluation, position) => [keyOf(evaluation), answers[position]]));
  return (evaluation) => known.get(keyOf(evaluation));
}

function keyOf({ namespace, token, permissions }: Evaluation): string {
  return JSON.stringify([namespace, token, permissions]);
}

function environmentRight(project: string, id: number, permissions: number): Evaluation {
  return { namespace: namespaces.environment, token: environmentToken(project, id), permissions };
}

function folderRight(project: string, path: string, permissions: number): Evaluation {
  return { namespace: namespaces.build, token: folderToken(project, path), permissions };
}

const folderBits = {
  viewRuns: buildBits.viewBuilds | buildBits.viewBuildDefinition,
  queueRuns: buildBits.queueBuilds,
  editPipelines: buildBits.editBuildDefinition,
  administer: buildBits.administerBuildPermissions,
} as const;

function evaluationsFor(
  project: string,
  environments: readonly Environment[],
  definitions: readonly Definition[],
): Evaluation[] {
  return [
    ...environments.flatMap(({ id }) =>
      Object.values(environmentBits).map((bits) => environmentRight(project, id, bits)),
    ),
    ...pathsOf(definitions).flatMap((path) =>
      Object.values(folderBits).map((bits) => folderRight(project, path, bits)),
    ),
  ];
}

function pathsOf(definitions: readonly Definition[]): string[] {
  return [...new Set(definitions.map(({ folder }) => folder))].sort();
}

function audited(
  { id, name }: Environment,
  checks: readonly CheckConfiguration[],
  may: (bits: number) => boolean | undefined,
): AuditedEnvironment {
  const own = checks.filter(({ environmentId }) => environmentId === id);
  const [view, use, administer] = [environmentBits.view, environmentBits.use, environmentBits.administer].map(may);
  const isKnown = view !== undefined && use !== undefined && administer !== undefined;
  return {
    id,
    name,
    isProduction: isProductionName(name),
    findings: findingsOf(own),
    approvers: approversOf(own),
    otherChecks: own.filter(({ kind, isDisabled }) => kind === 'other' && !isDisabled).map((check) => check.name),
    viewer: isKnown ? { view, use, administer } : undefined,
  };
}

function foldersOf(
  definitions: readonly Definition[],
  may: (path: string, bits: number) => boolean | undefined,
): AuditedFolder[] {
  return pathsOf(definitions).map((path) => ({
    path,
    pipelines: definitions.filter(({ folder }) => folder === path).map(({ id, name }) => ({ id, name })),
    viewer: viewerOf(path, may),
  }));
}

function viewerOf(path: string, may: (path: string, bits: number) => boolean | undefined): AuditedFolder['viewer'] {
  const viewRuns = may(path, folderBits.viewRuns);
  const queueRuns = may(path, folderBits.queueRuns);
  const editPipelines = may(path, folderBits.editPipelines);
  const administer = may(path, folderBits.administer);
  if (viewRuns === undefined || queueRuns === undefined) return undefined;
  if (editPipelines === undefined || administer === undefined) return undefined;
  return { viewRuns, queueRuns, editPipelines, administer };
}
