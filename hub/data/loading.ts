import { problemOf } from '../devops/problems';
import type { Loading } from './results';

/** The part of a query's state that pages show. */
export interface QueryState {
  isPending: boolean;
  isFetching: boolean;
  /** `'idle'` for a query that is not enabled: it is pending for ever and loads nothing. */
  fetchStatus: string;
  error: unknown;
  refetch(): unknown;
}

export function loadingOf(...queries: readonly QueryState[]): Loading {
  return {
    isLoading: queries.some((query) => query.isPending && query.fetchStatus !== 'idle'),
    isFetching: queries.some((query) => query.isFetching),
    problem: queries.map((query) => problemOf(query.error)).find((problem) => problem !== undefined),
    refresh: () => {
      for (const query of queries) query.refetch();
    },
  };
}

/** Options of every query: the client repeats what may be repeated, and knows offline better than a guess before the request. */
export const once = { retry: false, networkMode: 'always' } as const;

/** Evidence of a finished run never changes. */
export const forGood = { ...once, staleTime: Infinity } as const;
export const finishedFor = (run: { finishedAt?: string } | undefined): number =>
  run?.finishedAt === undefined ? 30_000 : Infinity;
