import { useQuery } from '@tanstack/react-query';
import { queryChecks, type CheckConfiguration } from '../devops/checks';
import { listEnvironments } from '../devops/environments';
import { useClient } from './context';
import { keys } from './keys';
import { once } from './loading';
import type { Run } from './types';

/** The project's environments, and what stands before them: two requests for all of them, shared by every page. */
export function useEnvironmentChecks({ enabled = true } = {}) {
  const client = useClient();
  const query = { staleTime: 5 * 60_000, ...once } as const;
  const environments = useQuery({
    queryKey: keys.environments,
    queryFn: ({ signal }) => listEnvironments(client, signal),
    enabled,
    ...query,
  });
  const ids = environments.data?.environments.map(({ id }) => id) ?? [];
  const checks = useQuery({
    queryKey: keys.checks(ids),
    queryFn: ({ signal }) => queryChecks(client, ids, signal),
    enabled: enabled && environments.data !== undefined,
    ...query,
  });
  return { environments, checks };
}

/**
 * Whether an environment asks for an approval now; `undefined` where the viewer cannot read that, `later` where it began to
 * when the run had ended.
 */
export type AsksApproval = (
  environment: string | undefined,
  run: Pick<Run, 'finishedAt'>,
) => boolean | 'later' | 'reading' | undefined;

/** @param enabled whether anything depends on it: else nothing is asked for */
export function useAsksApproval(enabled: boolean): AsksApproval {
  const { environments, checks } = useEnvironmentChecks({ enabled });
  return (environment, { finishedAt }) => {
    if (environment === undefined || environments.isError || checks.isError) return undefined;
    const name = environment.toLowerCase();
    const found = environments.data?.environments.find((each) => each.name.toLowerCase() === name);
    if (environments.data !== undefined && found === undefined) return undefined;
    if (found === undefined || checks.data === undefined) return enabled ? 'reading' : undefined;
    const asking = checks.data.filter(
      ({ environmentId, kind, isDisabled }) => environmentId === found.id && kind === 'approval' && !isDisabled,
    );
    const isLater = ({ createdOn }: CheckConfiguration): boolean =>
      createdOn !== undefined && finishedAt !== undefined && Date.parse(createdOn) > Date.parse(finishedAt);
    return asking.length > 0 && (asking.every(isLater) ? 'later' : true);
  };
}
