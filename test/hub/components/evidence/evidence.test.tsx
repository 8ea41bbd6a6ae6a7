import { renderHub } from '../../support';
import assert from 'node:assert/strict';
import { DataSanityDetails } from '../../../../hub/components/evidence/DataSanityDetails';
import { EvaluationDetails } from '../../../../hub/components/evidence/EvaluationDetails';
import { metricRows } from '../../../../hub/components/evidence/metrics';
import { MetricsTable } from '../../../../hub/components/evidence/MetricsTable';
import { samples } from '../../../lib/evidence/samples';

const evaluation = samples['mlops.evaluation.v1'];
const comparison = evaluation.comparison!;

describe('metrics beside production', () => {
  it('hold each metric against its own rule, whatever became of the promotion', () => {
    const broken = { metric: 'mae', passed: false, ...comparison, improvement: -1 };
    const rows = metricRows({ ...evaluation, promote: false, guardrails: [broken] }, { mse: 7, r2: 0.5 });
    assert.deepEqual(
      rows.map(({ metric, passed, direction }) => [metric, passed, direction]),
      [
        ['mse', true, 'improvement'],
        ['mae', false, 'worse'],
        ['r2', undefined, 'unknown'],
      ],
    );
    assert.equal(rows[0]!.value, 1);
  });

  it('do not pass what a policy promotes although its interval reaches below the margin', () => {
    const [row] = metricRows({ ...evaluation, comparison: { ...comparison, lower: -0.5 } }, {});
    assert.equal(row!.passed, false);
  });

  it('show what is no finite number without a difference', () => {
    const rows = metricRows({ ...evaluation, candidate: { job: 'a', metrics: {} } }, { mse: 'Infinity' });
    assert.equal(rows[0]!.difference, undefined);
    const { getByRole } = renderHub(<MetricsTable rows={rows} />);
    getByRole('row', { name: /^mse infinite 2/ });
  });
});

describe('records in full', () => {
  it('say that a record was cut to its size', () => {
    const { getByText } = renderHub(<DataSanityDetails body={samples['mlops.data-sanity.v1']} />);
    getByText('Too much for the record and left out of it: 3 of /checks.');
    getByText('t: AGE: at least 0');
  });

  it('show an evaluation with its segments, also those without figures, and equal warnings', () => {
    const { getByRole, getAllByText } = renderHub(
      <EvaluationDetails body={{ ...evaluation, warnings: ['few rows', 'few rows'] }} />,
    );
    getByRole('row', { name: 'region = north 40 1 2' });
    getByRole('row', { name: /^region = south 3 fewer than 10 rows/ });
    assert.equal(getAllByText('few rows').length, 2);
    getByRole('link', { name: 'diabetes version 3' });
  });

  it('shows figures of a segment with as many digits as tell them apart', () => {
    const segment = { segment: 'region', value: 'north', rows: 40, candidate: 0.999961, champion: 0.999957 };
    const { getByRole } = renderHub(<EvaluationDetails body={{ ...evaluation, segments: [segment] }} />);
    getByRole('row', { name: 'region = north 40 0.999961 0.999957' });
  });

  it('shorten a fingerprint that is a digest, and leave a name of the user’s own', () => {
    const sanity = samples['mlops.data-sanity.v1'];
    const { getByText, getByRole, unmount } = renderHub(
      <DataSanityDetails body={{ ...sanity, dataFingerprint: 'c'.repeat(64) }} />,
    );
    getByText(`sha256:${'c'.repeat(12)}…`);
    getByRole('button', { name: 'Copy the digest of the data' });
    unmount();
    renderHub(<DataSanityDetails body={{ ...sanity, dataFingerprint: 'week 46' }} />).getByText('week 46');
  });

  it('name the metric of each guardrail beside its verdict, and the version that was compared with', () => {
    const guardrail = (metric: string, passed: boolean) => ({ metric, passed, ...comparison });
    const { getByRole, getAllByText } = renderHub(
      <EvaluationDetails body={{ ...evaluation, guardrails: [guardrail('mae', true), guardrail('r2', false)] }} />,
    );
    const said = getAllByText(/^(Held|Broken)$/).map((word) => word.closest('div')?.textContent);
    assert.match(said[0]!, /^mae Held/);
    assert.match(said[1]!, /^r2 Broken/);
    getByRole('columnheader', { name: 'mse, version 3' });
  });

  it('say when there was nothing to compare with', () => {
    const { getByText } = renderHub(
      <EvaluationDetails body={{ ...evaluation, champion: undefined, comparison: undefined }} />,
    );
    getByText('Nothing served production, so there was nothing to compare with.');
  });
});
