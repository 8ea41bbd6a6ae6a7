import { ExternalLink } from '../../components/ExternalLink';
import { ProblemMessage } from '../../components/ProblemMessage';
import { SkeletonRows } from '../../components/SkeletonRows';
import { Text } from '../../components/Text';
import { TimeAgo } from '../../components/TimeAgo';
import { cut, displayText } from '../../components/display-text';
import { useChanges, useModelVersion } from '../../data/queries';
import { versionParams } from '../../data/workspaces';
import type { Change, Gate } from '../../data/results';
import { versionRecords } from '../version/records';
import type { Champion } from './champion';
import { gatedRecords } from './judgement';
import { evaluationOf, registrationOf } from './subject';

/** Commits since the run that made the version it was compared with, and whether the data is the same as its. */
export function WhatChanged({ gate }: { gate: Gate }) {
  const { run } = gate.approval;
  const records = gatedRecords(gate);
  const champion = evaluationOf(records)?.champion?.model;
  const compared = useModelVersion(champion?.name, champion?.version, champion && versionParams(champion).workspace);
  // Another pipeline's commits say nothing of this one.
  const since = compared.version?.run;
  const comparable = since !== undefined && since.pipeline.id === run.pipeline.id ? since.id : undefined;
  const changes = useChanges(compared.isLoading ? undefined : run.id, comparable);
  const isReading = compared.isLoading || changes.isLoading;
  const registered = registrationOf(records);
  // That run may have registered other models too.
  const theirs =
    compared.version && versionRecords(compared.version, compared.evidence).registered?.body.dataFingerprint;
  const problem = compared.problem ?? compared.evidenceProblem;
  const title = champion === undefined ? '' : `Version ${displayText(champion.version)}`;
  return (
    <section aria-label="What changed">
      <h3 className="title-xs">What changed</h3>
      <ProblemMessage what={title} severity="warning" problem={problem} onRetry={compared.refresh} />
      <ProblemMessage what="The commits" severity="warning" problem={changes.problem} onRetry={changes.refresh} />
      {isReading ? (
        <SkeletonRows rows={2} label="Reading the commits" />
      ) : (
        <>
          <p>
            {displayText(
              commitsText(
                changes.changes.length,
                comparable === undefined ? undefined : champion,
                changes.problem !== undefined,
                comparable === undefined || since?.commit === run.commit
                  ? undefined
                  : [run.commit, since?.commit ?? ''],
              ),
            )}
          </p>
          <Commits changes={changes.changes} />
        </>
      )}
      <p>
        {displayText(
          registered === undefined
            ? 'This run registered no version before this stage, so no record names the data of what is deployed.'
            : dataText(registered.dataFingerprint, theirs, champion, compared.isFetching),
        )}
      </p>
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

/** @param apart commits of this run and of the one it was compared with, where they are not the same */
function commitsText(
  count: number,
  champion: Champion | undefined,
  failed: boolean,
  apart: readonly [string, string] | undefined,
): string {
  const since = champion
    ? `since the run that made version ${champion.version}, which served production when it was compared`
    : 'since the run before, as Azure DevOps reckons';
  // What was built from older code, or from another branch, adds nothing and yet is other code.
  if (count === 0 && !failed && apart !== undefined && champion !== undefined)
    return `Azure DevOps names no commits ${since}, but the code is another: this run is of commit ${apart[0].slice(0, 8)}, version ${champion.version} of ${apart[1].slice(0, 8)}.`;
  if (count === 0) return failed ? `Which commits there are ${since} is not known.` : `No commits ${since}.`;
  return `${count < mostCommits ? 'Commits' : `The newest ${mostCommits} commits`} ${since}:`;
}

function dataText(
  mine: string | undefined,
  theirs: string | undefined,
  champion: Champion | undefined,
  isReading: boolean,
): string {
  if (mine === undefined) return 'The training data is not named in the registration.';
  const named = `Trained on data ${cut(mine, 20)}`;
  if (champion === undefined) return `${named}; no evaluation names a version in production to hold it against.`;
  const other = `version ${champion.version}`;
  if (theirs === undefined) return `${named}; the data of ${other} is ${isReading ? 'being read' : 'not known'}.`;
  return mine === theirs ? `${named}, the same as ${other}.` : `${named}, ${other} on other data (${cut(theirs, 20)}).`;
}
