import { DataSanityDetails } from '../../components/evidence/DataSanityDetails';
import { EvaluationDetails } from '../../components/evidence/EvaluationDetails';
import { SaveRecord } from '../../components/evidence/SaveRecord';
import { recordOf, type Known } from './known';

export function EvaluationTab({ known }: { known: Known }) {
  const evaluation = recordOf(known.evidence, 'mlops.evaluation.v1');
  const sanity = recordOf(known.evidence, 'mlops.data-sanity.v1');
  return (
    <>
      <section aria-label="Evaluation against production">
        <h2 className="title-xs">Evaluation against production</h2>
        {evaluation === undefined ? (
          <p>The run that registered this version did not evaluate it.</p>
        ) : (
          <>
            <EvaluationDetails body={evaluation.body} />
            <SaveRecord record={evaluation} run={known.version.run.id} />
          </>
        )}
      </section>
      <section aria-label="Data">
        <h2 className="title-xs">Data</h2>
        {sanity === undefined ? (
          <p>The run that registered this version did not test the data.</p>
        ) : (
          <>
            <DataSanityDetails body={sanity.body} />
            <SaveRecord record={sanity} run={known.version.run.id} />
          </>
        )}
      </section>
    </>
  );
}
