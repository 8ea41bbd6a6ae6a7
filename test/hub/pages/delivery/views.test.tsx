import { renderHub } from '../../support';
import assert from 'node:assert/strict';
import { within } from '@testing-library/react';
import { delivery, deliveryBy } from '../../../../hub/data/delivery';
import { ByTable, Figures, hoursText, medianText, rateText } from '../../../../hub/pages/delivery/DeliveryView';
import { container, registration } from '../../data/samples';

const data = {
  versions: [registration('6', { at: '2026-11-02T00:00:00Z' }, { queuedAt: '2026-11-01T21:00:00Z' })],
  evaluations: [],
  deployments: [
    container('2026-11-02T00:00:00Z', '6'),
    container('2026-11-03T00:00:00Z', '7'),
    container('2026-11-03T02:00:00Z', '6'),
  ],
  smokes: [],
};
const span = { from: '2026-11-01T00:00:00Z', to: '2026-11-20T00:00:00Z' };

describe('delivery figures', () => {
  it('carry their number of cases, what they mean, and what they leave out', () => {
    const { getByText, getAllByText } = renderHub(<Figures figures={delivery(data, span)} failWindowHours={24} />);
    getByText('2 changes to production, 1 version registered');
    getByText('3 h (n = 1; few cases)');
    getByText('1 of 2, 50 % (95 % interval 9 to 91 %; few cases)');
    getByText('2 h (n = 1; few cases)');
    getByText(/^1 not counted: could not be measured/);
    getByText(/from when the run that registered the version was queued/);
    assert.equal(getAllByText(/DORA/).length, 4);
  });

  it('say that there is no case, instead of nought', () => {
    const nothing = delivery({ versions: [], evaluations: [], deployments: [], smokes: [] }, span);
    const { getAllByText } = renderHub(<Figures figures={nothing} failWindowHours={24} />);
    assert.equal(getAllByText('No case yet (n = 0)').length, 4);
  });

  it('stand side by side for each model', () => {
    const { getByRole } = renderHub(<ByTable title="Model" rows={deliveryBy('model', data, span)} />);
    within(getByRole('row', { name: /^churn/ })).getByText('1 of 2, 50 % (95 % interval 9 to 91 %; few cases)');
  });

  it('name the workspace of a model that several have', () => {
    const versions = ['ws-dev', 'ws-prod'].map((workspace) => registration('6', { at: span.from, workspace }));
    const rows = deliveryBy('model', { ...data, versions }, span);
    const { getByRole } = renderHub(<ByTable title="Model" rows={rows} />);
    getByRole('row', { name: /^churn ws-dev/ });
    getByRole('row', { name: /^churn ws-prod/ });
  });

  it('are written in units that suit them', () => {
    assert.deepEqual([0.5, 3.25, 47, 72].map(hoursText), ['30 min', '3.3 h', '47 h', '3 days']);
    assert.equal(medianText({ median: 6, least: 2, most: 72, n: 5 }), '6 h (from 2 h to 3 days, n = 5)');
    assert.equal(rateText({ hits: 0, n: 0 }), 'No case yet (n = 0)');
  });
});
