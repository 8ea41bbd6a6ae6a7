import type { RefObject } from 'react';
import type { EvaluationEvidence } from '../../../lib/evidence/types';
import { DataSanityDetails } from '../../components/evidence/DataSanityDetails';
import { EvaluationDetails } from '../../components/evidence/EvaluationDetails';
import { metricRows } from '../../components/evidence/metrics';
import { MetricsTable } from '../../components/evidence/MetricsTable';
import { displayText } from '../../components/display-text';
import { Text } from '../../components/Text';
import { Verdict } from '../../components/Verdict';
import { recordsOf } from '../../data/queries';
import type { Gate } from '../../data/results';
import { ChampionNow } from './ChampionNow';
import { checklist, gatedRecords, objections, type Item } from './judgement';
import { candidateOf, evaluationOf, registrationOf } from './subject';

const words: Record<Item['state'], { kind: 'good' | 'bad' | 'warning' | 'neutral'; text: string }> = {
  good: { kind: 'good', text: 'Good' },
  bad: { kind: 'bad', text: 'Speaks against it' },
  warning: { kind: 'warning', text: 'With warnings' },
  missing: { kind: 'neutral', text: 'Missing' },
};

export interface EvidencePartProps {
  gate: Gate;
  /** Takes the focus when the evidence was read again. */
  heading: RefObject<HTMLHeadingElement>;
}

/** Checklist, objections and differences against the champion, of the records that the digest covers. */
export function EvidencePart({ gate, heading }: EvidencePartProps) {
  const records = gatedRecords(gate);
  const covered = { ...gate.evidence, records };
  const evaluation = evaluationOf(records);
  const sanity = recordsOf(covered, 'mlops.data-sanity.v1').at(-1)?.body;
  const registered = registrationOf(records)?.metrics ?? {};
  const champion = evaluation?.champion?.model;
  const against = objections(records);
  const rows = metricRows(evaluation, registered);
  return (
    <>
      <section aria-label="Evidence">
        <h3 ref={heading} tabIndex={-1} className="hub-heading title-xs">
          Evidence
        </h3>
        <ul className="approvals-checklist">
          {checklist(gate).map(({ title, state, text }, position) => (
            <li key={position}>
              <Verdict {...words[state]} />
              <span>
                {title}: <Text value={text} max={300} />
              </span>
            </li>
          ))}
        </ul>
      </section>
      {against.length > 0 && (
        <section aria-label="What speaks against it">
          <h3 className="title-xs">What speaks against it</h3>
          <ul className="hub-list approvals-against">
            {against.map((text, position) => (
              <li key={position}>{displayText(text)}</li>
            ))}
          </ul>
        </section>
      )}
      {(rows.length > 0 || champion !== undefined) && (
        <section aria-label="Metrics">
          <h3 className="title-xs">{displayText(metricsTitle(evaluation))}</h3>
          {champion !== undefined && (
            <ChampionNow
              champion={champion}
              candidate={candidateOf(records, champion)}
              isPending={gate.approval.status === 'pending'}
            />
          )}
          {rows.length > 0 && <MetricsTable rows={rows} other={champion && `Version ${champion.version}`} />}
        </section>
      )}
      {evaluation !== undefined && (
        <details>
          <summary>The evaluation in full</summary>
          <EvaluationDetails body={evaluation} />
        </details>
      )}
      {sanity !== undefined && (
        <details>
          <summary>The test of the data in full</summary>
          <DataSanityDetails body={sanity} />
        </details>
      )}
    </>
  );
}

function metricsTitle(evaluation: EvaluationEvidence | undefined): string {
  if (evaluation === undefined) return 'Metrics as registered: nothing compared them with production';
  if (evaluation.champion === undefined) return 'Metrics: nothing served production when it was evaluated';
  return `Against version ${evaluation.champion.model.version}, which served production when it was compared, on the same hold-out rows`;
}
