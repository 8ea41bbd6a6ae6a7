import { ExternalLink } from '../../components/ExternalLink';
import { ProblemMessage } from '../../components/ProblemMessage';
import { SkeletonRows } from '../../components/SkeletonRows';
import { Text } from '../../components/Text';
import { TimeAgo } from '../../components/TimeAgo';
import { cut, displayText } from '../../components/display-text';
import { recordsOf, useChanges, useModelVersion } from '../../data/queries';
import type { Change, Gate } from '../../data/results';
import { gatedRecords } from './judgement';

/** Commits since the run that made what production serves, and whether the data is the same as its. */
export function WhatChanged({ gate }: { gate: Gate }) {
  const { run } = gate.approval;
  const evidence = { ...gate.evidence, records: gatedRecords(gate) };
  const champion = recordsOf(evidence, 'mlops.evaluation.v1').at(-1)?.body.champion?.model;
  const production = useModelVersion(champion?.name, champion?.version);
  // Another pipeline's commits say nothing of this one.
  const since = production.version?.run;
  const comparable = since !== undefined && since.pipeline.id === run.pipeline.id ? since.id : undefined;
  const changes = useChanges(production.isLoading ? undefined : run.id, comparable);
  const isReading = production.isLoading || changes.isLoading;
  const mine = recordsOf(evidence, 'mlops.model-version.v1').at(-1)?.body.dataFingerprint;
  const theirs = recordsOf(production.evidence, 'mlops.model-version.v1').at(-1)?.body.dataFingerprint;
  const problem = production.problem ?? production.evidenceProblem;
  return (
    <section aria-label="What changed">
      <h3 className="title-xs">What changed</h3>
      <ProblemMessage what="What production serves" severity="warning" problem={problem} onRetry={production.refresh} />
      <ProblemMessage what="The commits" severity="warning" problem={changes.problem} onRetry={changes.refresh} />
      {isReading ? (
        <SkeletonRows rows={2} label="Reading the commits" />
      ) : (
        <>
          <p>{commitsText(changes.changes.length, comparable !== undefined, changes.problem !== undefined)}</p>
          <Commits changes={changes.changes} />
        </>
      )}
      <p>{displayText(dataText(mine, theirs, champion !== undefined, production.isFetching))}</p>
    </section>
  );
}

function Commits({ changes }: { changes: readonly Change[] }) {
  return (
    <ul className="hub-list">
      {changes.map(({ id, message, author, at, url }, position) => (
        <li key={position}>
          {url === undefined ? (
            <code>{displayText(id).slice(0, 8)}</code>
          ) : (
            <ExternalLink href={url}>{displayText(id).slice(0, 8)}</ExternalLink>
          )}{' '}
          <Text value={message} max={120} />{' '}
          <span className="secondary-text">
            (<Text value={author} max={40} />, <TimeAgo time={at} />)
          </span>
        </li>
      ))}
    </ul>
  );
}

/** The service gives this many at most. */
const mostCommits = 50;

function commitsText(count: number, sinceProduction: boolean, failed: boolean): string {
  const since = sinceProduction
    ? 'since the run that made what production serves'
    : 'since the run before, as Azure DevOps reckons';
  if (count === 0) return failed ? `Which commits there are ${since} is not known.` : `No commits ${since}.`;
  return `${count < mostCommits ? 'Commits' : `The newest ${mostCommits} commits`} ${since}:`;
}

function dataText(
  mine: string | undefined,
  theirs: string | undefined,
  hasChampion: boolean,
  isReading: boolean,
): string {
  if (mine === undefined) return 'The training data is not named in the registration.';
  const named = `Trained on data ${cut(mine, 20)}`;
  if (!hasChampion) return `${named}; no evaluation names a version in production to hold it against.`;
  if (theirs === undefined) return `${named}; production’s data is ${isReading ? 'being read' : 'not known'}.`;
  return mine === theirs
    ? `${named}, the same as production.`
    : `${named}, production on other data: ${cut(theirs, 20)}.`;
}
