import { useInfiniteQuery, useQueries } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { EvidenceKind } from '../../lib/evidence/evidence';
import { indexProperty, modelTag } from '../../lib/evidence/index-entry';
import { getProperties, listBuilds, type Build } from '../devops/builds';
import type { Client } from '../devops/client';
import { firstCursor, pageOf, type Cursor, type Page } from '../devops/pager';
import { problemOf, type Problem } from '../devops/problems';
import { useClient } from './context';
import { sha256Hex } from './hashing';
import { keys } from './keys';
import { finishedFor, loadingOf, once } from './loading';
import type { Paged, UnreadableEntry } from './results';
import { readRunIndex, type RunIndex } from './run-index';
import type { Run } from './types';

export interface IndexedRun {
  run: Run;
  index: RunIndex;
}

export interface RunList extends Paged {
  runs: IndexedRun[];
  /** When the oldest loaded run was queued; absent when all are loaded, or none is. */
  loadedSince?: string;
  pages: number;
}

export interface RunListQuery {
  tags: readonly string[];
  model?: string;
  kinds: readonly EvidenceKind[];
  enabled?: boolean;
}

const pageSize = 50;

export interface ListedRun extends IndexedRun {
  hasProperties: boolean;
}

interface PageParameter {
  cursor: Cursor;
  seen: readonly number[];
}

/** Runs with their index, newest first, page by page: one request a page. */
export function useRunList({ tags, model, kinds, enabled = true }: RunListQuery): RunList {
  const client = useClient();
  const first: PageParameter = { cursor: firstCursor(pageSize), seen: [] };
  const list = useInfiniteQuery({
    queryKey: keys.runList(tags, model, kinds),
    queryFn: ({ pageParam, signal }) => readPage(client, { tags, model, kinds }, pageParam, signal),
    initialPageParam: first,
    getNextPageParam: (last, pages): PageParameter | undefined =>
      last.next && { cursor: last.next, seen: pages.flatMap(({ items }) => items.map(({ run }) => run.id)) },
    enabled,
    // Asking again asks for every page that was loaded: only on the viewer's word, or after a while.
    staleTime: 5 * 60_000,
    ...once,
  });
  const listed = useMemo(() => list.data?.pages.flatMap(({ items }) => items) ?? [], [list.data]);
  const fallback = useIndexOf(listed, kinds);
  const runs = useMemo(() => listed.map((each) => fallback.runs.get(each.run.id) ?? each), [listed, fallback]);
  const unreadable = useMemo(() => runs.flatMap(unreadableOf), [runs]);
  const more = list.hasNextPage;
  const loading = loadingOf(list);
  return {
    ...loading,
    isLoading: loading.isLoading || (fallback.isLoading && fallback.runs.size === 0),
    problem: loading.problem ?? fallback.problem,
    runs,
    unreadable,
    pages: list.data?.pages.length ?? 0,
    loadedSince: more ? listed.at(-1)?.run.queuedAt : undefined,
    loadMore: more ? () => void list.fetchNextPage() : undefined,
    isLoadingMore: list.isFetchingNextPage,
  };
}

async function readPage(
  client: Client,
  { tags, model, kinds }: RunListQuery,
  { cursor, seen }: PageParameter,
  signal: AbortSignal,
): Promise<Page<ListedRun>> {
  const ofModel = model === undefined ? [] : [modelTag(await sha256Hex(model))];
  const query = { tags: [...tags, ...ofModel], properties: kinds.map(indexProperty) };
  const known = new Set(seen);
  const rules = { top: pageSize, id: ({ run }: Build) => run.id, time: ({ run }: Build) => run.queuedAt };
  let page: Page<Build>;
  let here: Cursor | undefined = cursor;
  do {
    const { top, maxTime, continuationToken }: Cursor = here;
    const answer = await listBuilds(client, { ...query, top, maxTime, continuationToken }, signal);
    page = pageOf(answer, here, known, rules);
    here = page.next;
  } while (page.items.length === 0 && here !== undefined);
  return { ...page, items: page.items.map(indexed) };
}

export function indexed({ run, properties, hasProperties }: Build): ListedRun {
  return { run, hasProperties, index: readRunIndex(properties) };
}

export interface Fallback {
  runs: Map<number, IndexedRun>;
  isLoading: boolean;
  problem?: Problem;
}

/** Where the list carries no properties, each run is asked for its own; the client lets few of these go at once. */
export function useIndexOf(listed: readonly ListedRun[], kinds: readonly EvidenceKind[]): Fallback {
  const client = useClient();
  const bare = useMemo(() => listed.filter(({ hasProperties }) => !hasProperties), [listed]);
  return useQueries({
    queries: bare.map(({ run }) => ({
      queryKey: [...keys.index(run.id), ...kinds],
      queryFn: async ({ signal }: { signal: AbortSignal }): Promise<IndexedRun> => ({
        run,
        index: readRunIndex(await getProperties(client, run.id, kinds.map(indexProperty), signal)),
      }),
      staleTime: finishedFor(run),
      ...once,
    })),
    combine: collect,
  });
}

function collect(results: readonly { data?: IndexedRun; error: unknown; isPending: boolean }[]): Fallback {
  return {
    runs: new Map(results.flatMap(({ data }) => (data === undefined ? [] : [[data.run.id, data] as const]))),
    isLoading: results.some(({ isPending }) => isPending),
    problem: results.map(({ error }) => problemOf(error)).find((problem) => problem !== undefined),
  };
}

function unreadableOf({ run, index }: IndexedRun): UnreadableEntry[] {
  return index.problems.map(({ kind, problem }) => ({ run, kind, problem }));
}
