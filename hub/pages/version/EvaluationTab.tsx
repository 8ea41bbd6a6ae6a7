import { DataSanityDetails } from '../../components/evidence/DataSanityDetails';
import { EvaluationDetails } from '../../components/evidence/EvaluationDetails';
import { SaveRecord } from '../../components/evidence/SaveRecord';
import { absence, type Known } from './known';

export function EvaluationTab({ known }: { known: Known }) {
  const { evaluation, dataSanity } = known.records;
  return (
    <>
      <section aria-label="Evaluation against production">
        <h2 className="title-xs">Evaluation against production</h2>
        {evaluation === undefined ? (
          <p>{absence(known, 'mlops.evaluation.v1', 'The run that registered this version did not evaluate it.')}</p>
        ) : (
          <>
            <EvaluationDetails body={evaluation.body} />
            <SaveRecord record={evaluation} run={known.version.run.id} />
          </>
        )}
      </section>
      <section aria-label="Data">
        <h2 className="title-xs">Data</h2>
        {dataSanity === undefined ? (
          <p>{absence(known, 'mlops.data-sanity.v1', 'The run that registered this version did not test the data.')}</p>
        ) : (
          <>
            <DataSanityDetails body={dataSanity.body} />
            <SaveRecord record={dataSanity} run={known.version.run.id} />
          </>
        )}
      </section>
    </>
  );
}
