import { TrendLine } from '../../components/charts/TrendLine';
import { metricRows } from '../../components/evidence/metrics';
import { MetricsTable } from '../../components/evidence/MetricsTable';
import { Text } from '../../components/Text';
import { headlineOf, trendOf } from '../../data/registry';
import { productionNow, recordOf, type Known } from './known';

export function MetricsTab({ known }: { known: Known }) {
  const { version, siblings, evidence } = known;
  const evaluation = recordOf(evidence, 'mlops.evaluation.v1')?.body;
  const registered = recordOf(evidence, 'mlops.model-version.v1')?.body.metrics ?? version.registration.metrics;
  const rows = metricRows(evaluation, registered);
  const metric = headlineOf(version)?.metric;
  if (rows.length === 0) return <p>No metric was registered, and no evaluation was made.</p>;
  return (
    <>
      {metric !== undefined && (
        <section aria-label="Trend">
          <h2 className="title-xs">
            <Text value={`${metric} over versions`} />
          </h2>
          <TrendLine title={metric} points={trendOf([version, ...siblings], metric, productionNow(known))} />
        </section>
      )}
      <section aria-label="Metrics">
        <h2 className="title-xs">
          {evaluation?.champion === undefined ? 'Metrics' : 'Against production, on the same hold-out rows'}
        </h2>
        <MetricsTable rows={rows} />
      </section>
    </>
  );
}
