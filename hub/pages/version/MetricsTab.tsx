import { TrendLine } from '../../components/charts/TrendLine';
import { metricRows } from '../../components/evidence/metrics';
import { MetricsTable } from '../../components/evidence/MetricsTable';
import { displayText } from '../../components/display-text';
import { OmittedNote } from '../../components/evidence/OmittedNote';
import { Text } from '../../components/Text';
import { headlineOf, trendOf } from '../../data/registry';
import { absence, productionNow, type Known } from './known';

export function MetricsTab({ known }: { known: Known }) {
  const { version, siblings, records } = known;
  const evaluation = records.evaluation?.body;
  const champion = evaluation?.champion?.model;
  const registered = records.registered?.body;
  const rows = metricRows(evaluation, registered?.metrics ?? version.registration.metrics);
  const metric = headlineOf(version)?.metric;
  const trend =
    metric === undefined ? [] : trendOf([version, ...siblings], metric, productionNow(known), version.version);
  if (rows.length === 0) {
    return <p>{absence(known, 'mlops.model-version.v1', 'No metric was registered, and no evaluation was made.')}</p>;
  }
  return (
    <>
      {metric !== undefined && (
        <section aria-label="Trend">
          <h2 className="title-xs">
            <Text value={`${metric} over versions`} />
          </h2>
          <TrendLine title={metric} points={trend} />
          {known.hasOlder && <p className="secondary-text">{displayText(readText(trend.map(({ label }) => label)))}</p>}
        </section>
      )}
      <section aria-label="Metrics">
        <h2 className="title-xs">
          {champion === undefined ? (
            'Metrics'
          ) : (
            <Text
              value={`Against version ${champion.version}, which served production when it was compared, on the same hold-out rows`}
              max={200}
            />
          )}
        </h2>
        {registered === undefined && (
          <p role="note">
            The record of the registration was not read: these are the few metrics that the index names.
          </p>
        )}
        <MetricsTable rows={rows} other={champion && `Version ${champion.version}`} />
        <OmittedNote omitted={registered?.omitted} />
      </section>
    </>
  );
}

/** @param labels of the versions, oldest first */
function readText(labels: readonly string[]): string {
  const [oldest = '', newest] = [labels[0], labels.at(-1)];
  return `Versions that were read: ${newest === undefined || newest === oldest ? oldest : `${oldest} to ${newest}`}.`;
}
