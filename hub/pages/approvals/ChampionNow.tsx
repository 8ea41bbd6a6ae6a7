import { useMemo } from 'react';
import { displayText } from '../../components/display-text';
import { ProblemMessage } from '../../components/ProblemMessage';
import { useNow } from '../../components/time';
import { Verdict } from '../../components/Verdict';
import { useDeploymentEvents } from '../../data/queries';
import { united } from '../../data/model-version';
import { standingOf, type Champion } from './champion';

export interface ChampionNowProps {
  champion: Champion;
  /** Version of the champion's model that the run is about. */
  candidate: string | undefined;
  /** Later on, production has moved on as a matter of course. */
  isPending: boolean;
}

/** A run may wait for days: whether production still serves what its version was compared with. */
export function ChampionNow({ champion, candidate, isPending }: ChampionNowProps) {
  const own = useDeploymentEvents({ model: champion.name });
  // Another model may have taken its place; the list of all does not reach as far back.
  const all = useDeploymentEvents();
  const events = useMemo(() => united(own.events, all.events), [own.events, all.events]);
  const problem = own.problem ?? all.problem;
  const now = useNow();
  if (own.isLoading || all.isLoading) return <p className="secondary-text">Reading what production serves now.</p>;
  if (problem !== undefined) {
    const refresh = () => {
      own.refresh();
      all.refresh();
    };
    return <ProblemMessage what="What production serves now" severity="warning" problem={problem} onRetry={refresh} />;
  }
  const { kind, text } = standingOf(champion, events, new Date(now), candidate, own.loadedSince === undefined);
  const isStale = kind === 'changed' && isPending;
  return (
    <p role={isStale ? 'alert' : undefined}>
      {isStale && (
        <>
          <Verdict kind="warning" text="Production has changed since" />{' '}
        </>
      )}
      {displayText(text)}
      {kind === 'changed' &&
        ` Figures, commits and data below are held against version ${displayText(champion.version)}.`}
    </p>
  );
}
