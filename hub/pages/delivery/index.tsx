import '../../components/table.css';
import './delivery.css';
import { useMemo, type ReactElement } from 'react';
import { runTag } from '../../../lib/evidence/index-entry';
import { useUrlState } from '../../app/url-state';
import { counted } from '../../components/counted';
import { EmptyState } from '../../components/EmptyState';
import { LoadMore } from '../../components/LoadMore';
import { ProblemMessage } from '../../components/ProblemMessage';
import { SkeletonRows } from '../../components/SkeletonRows';
import { useNow } from '../../components/time';
import { utcText } from '../../components/charts/text';
import { useCommitTimes } from '../../data/commit-times';
import { changedRuns, delivery, deliveryBy, lastDays, type DeliveryData } from '../../data/delivery';
import { eventsOf } from '../../data/deployment-events';
import { versionsOf } from '../../data/registrations';
import { useRunList, type IndexedRun } from '../../data/run-list';
import { ByTable, Figures } from './DeliveryView';

const kinds = ['mlops.model-version.v1', 'mlops.evaluation.v1', 'mlops.deployment.v1', 'mlops.smoke.v1'] as const;
const tags = [runTag];
const failWindowHours = 24;
const choices = [28, 84, 182, 364];

/** How delivery goes: volume, promotion, lead time, failures, time to roll back; by team and by model. */
export default function DeliveryPage(): ReactElement {
  const { runs, ...list } = useRunList({ tags, kinds });
  const { params, patch } = useUrlState();
  const days = choices.find((choice) => String(choice) === params['days']) ?? 84;
  const now = useNow();
  const span = useMemo(() => ({ ...lastDays(days, now), failWindowHours }), [now, days]);
  const read = useMemo(() => dataOf(runs), [runs]);
  const commitTimes = useCommitTimes(useMemo(() => changedRuns(read, span), [read, span]));
  const isPartial = list.loadedSince !== undefined;
  const data = useMemo(() => ({ ...read, commitTimes, isPartial }), [read, commitTimes, isPartial]);
  const figures = useMemo(() => delivery(data, span), [data, span]);
  const byTeam = useMemo(() => deliveryBy('folder', data, span), [data, span]);
  const byModel = useMemo(() => deliveryBy('model', data, span), [data, span]);
  if (list.isLoading) return <SkeletonRows rows={6} label="Loading runs" />;
  if (runs.length === 0 && list.problem === undefined) {
    return (
      <EmptyState title="Nothing to measure yet">
        Figures appear once runs have registered, evaluated or deployed a model.
      </EmptyState>
    );
  }
  return (
    <>
      <ProblemMessage problem={list.problem} what="The runs" onRetry={() => list.refresh()} />
      <label>
        Time span{' '}
        <select value={days} onChange={({ target }) => patch({ days: target.value }, { replace: true })}>
          {choices.map((choice) => (
            <option key={choice} value={choice}>{`Last ${choice / 7} weeks`}</option>
          ))}
        </select>
      </label>
      {list.loadedSince !== undefined && (
        <p role="note" className="hub-warning">
          <strong>Not complete: </strong>
          {`only runs queued since ${utcText(list.loadedSince)} were read. Figures of the time before, and what served then, are missing.`}
        </p>
      )}
      {list.unreadable.length > 0 && (
        <p
          role="note"
          className="hub-warning"
        >{`${counted(new Set(list.unreadable.map(({ run }) => run.id)).size, 'run')} with an index that cannot be read in part: not counted there.`}</p>
      )}
      <Figures figures={figures} failWindowHours={failWindowHours} />
      <h2 className="title-s">By team</h2>
      <ByTable title="Folder of the pipeline" rows={byTeam} />
      <h2 className="title-s">By model</h2>
      <ByTable title="Model" rows={byModel} />
      <LoadMore
        shown={runs.length}
        noun="runs"
        hasMore={list.loadMore !== undefined}
        busy={list.isLoadingMore}
        onMore={() => list.loadMore?.()}
      />
    </>
  );
}

/** All from one list of runs, so that there is one answer to what was read. */
function dataOf(runs: readonly IndexedRun[]): DeliveryData {
  return {
    versions: versionsOf(runs),
    deployments: eventsOf(runs),
    evaluations: runs.flatMap(({ run, index }) =>
      index.entries['mlops.evaluation.v1'].map((entry) => ({ run, entry })),
    ),
    smokes: runs.flatMap(({ run, index }) => index.entries['mlops.smoke.v1'].map((entry) => ({ run, entry }))),
  };
}
