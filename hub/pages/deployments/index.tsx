import '../../components/table.css';
import './deployments.css';
import { useCallback, useEffect, useMemo, useRef, useState, type ReactElement } from 'react';
import { useHost } from '../../app/providers';
import { useUrlState } from '../../app/url-state';
import { displayText } from '../../components/display-text';
import { EmptyState } from '../../components/EmptyState';
import { LoadMore } from '../../components/LoadMore';
import { ProblemMessage } from '../../components/ProblemMessage';
import { SkeletonRows } from '../../components/SkeletonRows';
import { saveFile } from '../../components/save-file';
import { useNow } from '../../components/time';
import { utcText } from '../../components/charts/text';
import {
  problemText,
  useAsksApproval,
  useBypasses,
  useDeploymentEvents,
  useRegistrations,
  useRunGates,
  type DeploymentEvents,
  type Loading,
} from '../../data/queries';
import { isUnasked } from '../../data/approval-proof';
import { history, periodsAt, undated } from '../../data/serving';
import type { DeploymentEvent, Serving } from '../../data/types';
import { homesOf, type Homes } from '../../data/workspaces';
import { AtDate, MomentField, rowKey } from './AtDate';
import type { Audit } from './export';
import { HistoryTable, MatrixTable, notesOf, ProductionStrip } from './History';
import { readMoment } from './moment';
import { proofOf, type Proof } from './proof';

/** What serves where, what served at a date and on whose decision, and how it came about. */
export default function DeploymentsPage(): ReactElement {
  const list = useDeploymentEvents();
  // Which workspace's model a step deployed is known of registrations alone.
  const registrations = useRegistrations();
  const homes = useMemo(() => homesOf(registrations.versions), [registrations.versions]);
  const { params, patch } = useUrlState();
  const asked = params['at'];
  const now = new Date(useNow()).toISOString();
  const read = readMoment(asked);
  const isFuture = read !== undefined && Date.parse(read) > Date.parse(now);
  const at = isFuture ? undefined : read;
  const periods = useMemo(() => history(list.events), [list.events]);
  if (list.isLoading) return <SkeletonRows rows={6} label="Loading deployments" />;
  return (
    <>
      <ProblemMessage problem={list.problem} what="The deployments" onRetry={() => list.refresh()} />
      {list.problem === undefined && (
        <ProblemMessage
          problem={registrations.problem}
          severity="warning"
          what="Which workspaces have models of one name"
          onRetry={registrations.refresh}
        />
      )}
      {list.events.length + list.unreadable.length === 0 && list.problem === undefined && !list.loadMore ? (
        <EmptyState title="Nothing has been deployed yet" yaml={sample}>
          A deployment appears here once the DeployModel task has run in a pipeline that you may see.
        </EmptyState>
      ) : (
        <>
          <h2 className="title-s">Now</h2>
          {list.loadedSince !== undefined && (
            <p role="note" className="hub-warning">
              <strong>Not complete: </strong>
              {`what was last changed by runs queued before ${utcText(list.loadedSince)} is missing here. Load more below.`}
            </p>
          )}
          <MatrixTable servings={periodsAt(periods, now).flatMap(({ serving }) => serving)} homes={homes} />
          <h2 className="title-s">Production at a date</h2>
          <MomentField
            at={at}
            now={now}
            isAsked={asked !== undefined}
            onChange={(moment) => patch({ at: moment }, { replace: true })}
          />
          {asked !== undefined && read === undefined && (
            <p role="alert">{`“${displayText(asked)}” in the address is no time with a zone; what serves now is shown.`}</p>
          )}
          {isFuture && (
            <p role="alert">{`${utcText(read)} lies in the future: nobody knows what will serve then. What serves now is shown.`}</p>
          )}
          <ServedAt key={at ?? 'now'} list={list} homes={homes} at={at ?? now} />
          <h2 className="title-s">History</h2>
          <ProductionStrip periods={periods} at={at} now={now} />
          <HistoryTable periods={periods} />
          <LoadMore
            shown={list.events.length}
            noun="deployments"
            hasMore={list.loadMore !== undefined}
            busy={list.isLoadingMore}
            // What was deployed may have been registered as long ago.
            onMore={() => {
              list.loadMore?.();
              registrations.loadMore?.();
            }}
          />
        </>
      )}
    </>
  );
}

const sample = `- task: DeployModel@0
  inputs:
    azureSubscription: my-connection
    resourceGroup: my-group
    workspace: my-workspace
    target: managedEndpoint
    modelName: churn
    modelVersion: $(register.modelVersion)
    endpointName: churn
    deploymentFile: deployment.yml`;

function ServedAt({ list, homes, at }: { list: DeploymentEvents; homes: Homes; at: string }): ReactElement {
  const host = useHost();
  const [proofs, setProofs] = useState<ReadonlyMap<string, Proof>>(new Map());
  const onProof = useCallback((key: string, proof: Proof) => setProofs((known) => new Map(known).set(key, proof)), []);
  const current = useMemo(() => periodsAt(history(list.events), at), [list.events, at]);
  const servings = current.flatMap(({ serving }) => serving);
  const rows = [...servings]
    .sort(productionFirst)
    .map((serving) => ({ serving, proof: proofs.get(proofKey(serving)) }));
  const doubts = current.flatMap((period) =>
    notesOf({ ...period, rollback: undefined }).map(
      (note) => `${period.place.environment}, ${period.place.name}: ${note}.`,
    ),
  );
  const audit: Audit = {
    at,
    readAt: new Date().toISOString(),
    organization: host.organization,
    project: host.project.name,
    readBy: host.user.displayName,
    rows,
    unverified: [...gaps(list, at), ...doubts],
  };
  const isReading = rows.some(
    ({ proof }) => proof === undefined || proof.approval.state === 'reading' || proof.evidence.state === 'reading',
  );
  return (
    <>
      {servings.map((serving) => (
        <ProofReader key={proofKey(serving)} name={proofKey(serving)} event={serving.event} onProof={onProof} />
      ))}
      <AtDate audit={audit} homes={homes} isReading={isReading} save={saveFile} />
    </>
  );
}

function proofKey(serving: Serving): string {
  return `${rowKey(serving)} ${serving.event.run.id} ${serving.event.entry.sha256}`;
}

/** What was not read, and so may have changed what served, in sentences. */
export function gaps(
  list: Pick<DeploymentEvents, 'events' | 'unreadable' | 'loadedSince' | 'problem'>,
  at: string,
): string[] {
  const { loadedSince, unreadable, problem } = list;
  const broken = undated(list.events);
  return [
    ...(loadedSince === undefined
      ? []
      : [
          Date.parse(at) < Date.parse(loadedSince)
            ? `Only runs queued since ${utcText(loadedSince)} were read; what served before that is not known. Load more below.`
            : `Runs queued before ${utcText(loadedSince)} were not read: services that were last changed by them are missing, and where one of them waited long and deployed late, a row that is shown is wrong. Load more below.`,
        ]),
    ...(problem === undefined ? [] : [`The list could not be read completely. ${problemText(problem)}`]),
    ...unreadable.map(
      ({ run, problem: text }) => `The index of run ${run.number} does not say what was deployed: ${text}.`,
    ),
    ...broken.map(({ run }) => `A step of run ${run.number} has no time that can be read.`),
  ];
}

/** Reads what proves one step, and hands it on; shows nothing itself. */
function ProofReader({
  name,
  event,
  onProof,
}: {
  name: string;
  event: DeploymentEvent;
  onProof: (name: string, proof: Proof) => void;
}): null {
  const bypasses = useBypasses(event.run.id);
  const run = useRunGates(event.run.id);
  const [gatesRead, bypassesRead, evidenceRead] = [
    reading(run, run.gates),
    reading(bypasses, bypasses.isLoading ? undefined : bypasses.bypasses),
    reading({ problem: run.evidenceProblem }, run.evidence),
  ];
  const asksToday = useAsksApproval(isUnasked({ run: event.run, ...event.entry }, gatesRead))(
    event.entry.environment,
    event.run,
  );
  const told = useRef('');
  useEffect(() => {
    const proof = proofOf(event, { gates: gatesRead, bypasses: bypassesRead, evidence: evidenceRead, asksToday });
    // Answers are new objects at every visit; only what changed is handed on.
    const text = JSON.stringify(proof);
    if (told.current === text) return;
    told.current = text;
    onProof(name, proof);
  }, [name, event, gatesRead, bypassesRead, evidenceRead, asksToday, onProof]);
  return null;
}

function reading<T>({ problem }: Pick<Loading, 'problem'>, value: T | undefined): T | string | undefined {
  return problem === undefined ? value : problemText(problem);
}

/** An auditor looks for production. */
function productionFirst(one: Serving, other: Serving): number {
  return Number(other.isProduction) - Number(one.isProduction);
}
