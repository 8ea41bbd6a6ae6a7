import type { EvaluationEvidence, Segment } from '../../../lib/evidence/types';
import { IntervalPlot } from '../charts/IntervalPlot';
import { numberText, numberTexts } from '../charts/text';
import { KeyValueList } from '../KeyValueList';
import { OmittedNote } from './OmittedNote';
import '../table.css';
import { Text } from '../Text';
import { Verdict, verdictOf } from '../Verdict';
import { versionParams } from '../../data/workspaces';
import { ViewLink } from '../ViewLink';

export interface EvaluationDetailsProps {
  body: EvaluationEvidence;
}

/** The decision of the gate with everything it rests on: rules, intervals, hold-out rows, segments, warnings. */
export function EvaluationDetails({ body }: EvaluationDetailsProps) {
  const { champion, comparison, policy, holdout } = body;
  return (
    <>
      <p>
        <Verdict {...verdictOf(body.decision)} />: <Text value={body.reason} max={400} />
      </p>
      {comparison !== undefined && (
        <IntervalPlot metric={body.metric} confidence={policy.confidence} {...intervalOf(comparison)} />
      )}
      {champion === undefined && <p>Nothing served production, so there was nothing to compare with.</p>}
      {body.warnings.length > 0 && (
        <ul className="hub-list" aria-label="Warnings">
          {body.warnings.map((warning, position) => (
            <li key={position}>
              <Text value={warning} max={400} />
            </li>
          ))}
        </ul>
      )}
      <KeyValueList
        items={[
          { label: 'Metric', value: <Text value={`${body.metric}, ${body.orientation} is better`} /> },
          {
            label: 'Compared with',
            value: champion && (
              <ViewLink view="version" params={versionParams(champion.model)}>
                <Text value={`${champion.model.name} version ${champion.model.version}`} />
              </ViewLink>
            ),
          },
          { label: 'Served by', value: champion && <Text value={`${champion.endpoint}/${champion.deployment}`} /> },
          { label: 'Hold-out rows', value: `${holdout.rows}, ${numberText(holdout.overlap * 100)} % in common` },
          { label: 'Method', value: comparison && <Text value={comparison.method} /> },
          { label: 'Confidence', value: `${numberText(policy.confidence * 100)} %` },
          { label: 'Minimum improvement', value: numberText(policy.minimumImprovement) },
          { label: 'Margin', value: numberText(policy.margin) },
          { label: 'Minimum rows', value: policy.minimumRows },
          { label: 'Resamples', value: policy.resamples },
        ]}
      />
      {body.guardrails.length > 0 && (
        <section aria-label="Guardrails">
          <h3 className="title-xs">Guardrails</h3>
          {body.guardrails.map((guardrail, position) => (
            <div key={position}>
              <strong>
                <Text value={guardrail.metric} />
              </strong>{' '}
              <Verdict kind={guardrail.passed ? 'good' : 'bad'} text={guardrail.passed ? 'Held' : 'Broken'} />
              <IntervalPlot
                metric={guardrail.metric}
                confidence={policy.confidence}
                {...intervalOf(guardrail)}
                regions={{ beyond: 'within the guardrail', below: 'breaks the guardrail' }}
              />
            </div>
          ))}
        </section>
      )}
      <OmittedNote omitted={body.omitted} />
      <Segments metric={body.metric} champion={champion?.model.version} segments={body.segments ?? []} />
    </>
  );
}

interface SegmentsProps {
  metric: string;
  champion: string | undefined;
  segments: readonly Segment[];
}

function Segments({ metric, champion, segments }: SegmentsProps) {
  if (segments.length === 0) return null;
  return (
    <section aria-label="Segments">
      <h3 className="title-xs">Segments</h3>
      <div className="hub-scroll" role="region" aria-label="Table of segments" tabIndex={0}>
        <table className="hub-table">
          <thead>
            <tr>
              <th scope="col">Segment</th>
              <th scope="col">Rows</th>
              <th scope="col">
                <Text value={`${metric}, this version`} />
              </th>
              <th scope="col">
                <Text value={`${metric}, ${champion === undefined ? 'production' : `version ${champion}`}`} />
              </th>
            </tr>
          </thead>
          <tbody>
            {segments.map((segment, position) => (
              <SegmentRow key={position} segment={segment} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function SegmentRow({ segment: { segment, value, rows, candidate, champion, note } }: { segment: Segment }) {
  const [mine, theirs] = numberTexts([candidate ?? NaN, champion ?? NaN]);
  return (
    <tr>
      <th scope="row">
        <Text value={`${segment} = ${value}`} />
      </th>
      <td>{rows}</td>
      <td>{candidate === undefined ? <Text value={note ?? ''} max={120} /> : mine}</td>
      <td>{champion === undefined ? '' : theirs}</td>
    </tr>
  );
}

/** Records write numbers that JSON cannot carry as texts. */
function intervalOf(comparison: Record<'improvement' | 'lower' | 'upper' | 'margin', number | string>) {
  const { improvement, lower, upper, margin } = comparison;
  return { improvement: Number(improvement), lower: Number(lower), upper: Number(upper), margin: Number(margin) };
}
