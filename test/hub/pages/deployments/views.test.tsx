import { renderHub } from '../../support';
import assert from 'node:assert/strict';
import { fireEvent, within } from '@testing-library/react';
import { history, servingAt } from '../../../../hub/data/serving';
import { gaps } from '../../../../hub/pages/deployments';
import { AtDate, MomentField } from '../../../../hub/pages/deployments/AtDate';
import type { Audit } from '../../../../hub/pages/deployments/export';
import { HistoryTable, MatrixTable, ProductionStrip } from '../../../../hub/pages/deployments/History';
import { proofOf } from '../../../../hub/pages/deployments/proof';
import { homesOf } from '../../../../hub/data/workspaces';
import { container, registration, run, step } from '../../data/samples';

const at = '2026-11-20T09:30:00Z';
const nowhere = new Map();
const events = [
  container('2026-11-02T00:00:00Z', '6'),
  container('2026-11-03T00:00:00Z', '7'),
  container('2026-11-04T00:00:00Z', '6'),
  container('2026-11-05T00:00:00Z', '8', 'churn-test'),
];

function audit(bypassed: boolean): Audit {
  const rows = servingAt(events.slice(0, 1), at).map((serving) => {
    const bypasses = bypassed ? [{ stage: 'deploy', check: 'Approval', message: 'by an administrator' }] : [];
    return {
      serving,
      proof: proofOf(serving.event, {
        bypasses,
        gates: { stages: ['deploy'], gates: [] },
        evidence: 'You are offline.',
        asksToday: false,
      }),
    };
  });
  return {
    at,
    readAt: at,
    organization: '',
    project: 'Churn',
    readBy: 'Ana',
    rows,
    unverified: ['Older runs were not read.'],
  };
}

describe('what served at a date', () => {
  it('names version, share, run, approval and evidence, and what is not certain', () => {
    const { getByRole, getByText } = renderHub(
      <AtDate homes={nowhere} audit={audit(false)} isReading={false} save={() => undefined} />,
    );
    const row = getByRole('row', { name: /churn-prod/ });
    for (const text of ['churn 6', '100 %', 'No approval was asked for', 'Not verified: You are offline.'])
      within(row).getByText(text);
    getByText('Older runs were not read.');
  });

  it('shows a bypass loudly', () => {
    const { getByRole } = renderHub(
      <AtDate homes={nowhere} audit={audit(true)} isReading={false} save={() => undefined} />,
    );
    const row = getByRole('row', { name: /churn-prod/ });
    assert.equal(row.className, 'hub-alarm');
    assert.match(row.querySelector('strong')!.textContent, /BYPASSED: Approval: by an administrator/);
  });

  it('shows the digest that was approved, and loudly that it is another one', () => {
    const shown = audit(false);
    const rows = shown.rows.map(({ serving, proof }) => {
      const approval = { ...proof!.approval, state: 'otherEvidence' as const, digests: ['e'.repeat(64)] };
      return { serving, proof: { ...proof!, approval } };
    });
    const { getByRole } = renderHub(
      <AtDate homes={nowhere} audit={{ ...shown, rows }} isReading={false} save={() => undefined} />,
    );
    const row = getByRole('row', { name: /churn-prod/ });
    assert.match(row.querySelector('strong')!.textContent, /OTHER EVIDENCE APPROVED/);
    within(row).getByText(/^sha256:eeee/);
  });

  it('exports what it shows, once everything was read', async () => {
    const saved: string[] = [];
    const save = (name: string, type: string, text: string): void => void saved.push(name, type, text);
    const { getByRole, user } = renderHub(<AtDate homes={nowhere} audit={audit(true)} isReading={false} save={save} />);
    await user.click(getByRole('button', { name: 'Export CSV' }));
    await user.click(getByRole('button', { name: 'Export JSON' }));
    assert.deepEqual(
      [saved[0], saved[3]],
      ['deployments-2026-11-20T093000Z.csv', 'deployments-2026-11-20T093000Z.json'],
    );
    assert.match(saved[2]!, /BYPASSED/);
    assert.match(saved[5]!, /"state":"bypassed"/);
  });

  it('says that nothing served', () => {
    renderHub(
      <AtDate homes={nowhere} audit={{ ...audit(true), rows: [] }} isReading={false} save={() => undefined} />,
    ).getByText(/had left anything serving at 2026-11-20 09:30:00 UTC/);
  });

  it('is picked in UTC', () => {
    const chosen: (string | undefined)[] = [];
    const { getByLabelText, getByRole } = renderHub(
      <MomentField at={at} now={at} onChange={(moment) => chosen.push(moment)} />,
    );
    fireEvent.change(getByLabelText(/Date and time/), { target: { value: '2026-11-01T08:00' } });
    fireEvent.click(getByRole('button', { name: 'Now' }));
    assert.deepEqual(chosen, ['2026-11-01T08:00:00Z', undefined]);
  });

  it('is typed digit by digit: the field keeps what no moment is yet, and takes it when it is left', () => {
    const chosen: (string | undefined)[] = [];
    const { getByLabelText } = renderHub(<MomentField at={at} now={at} onChange={(moment) => chosen.push(moment)} />);
    const field = getByLabelText(/Date and time/) as HTMLInputElement;
    for (const value of ['2026-12-20T09:30', '0002-12-20T09:30', '0202-12-20T09:30']) {
      fireEvent.change(field, { target: { value } });
      assert.equal(field.value, value);
    }
    assert.deepEqual(chosen, []);
    fireEvent.change(field, { target: { value: '2025-12-20T09:30' } });
    fireEvent.change(field, { target: { value: '2027-12-20T09:30' } });
    fireEvent.blur(field);
    assert.deepEqual(chosen, ['2025-12-20T09:30:00Z', '2027-12-20T09:30:00Z']);
    assert.equal(field.value, '2026-11-20T09:30');
  });
});

describe('services of one name', () => {
  const cluster = '/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks1';
  const of = (namespace: string, version: string, day: number) =>
    step(`2026-11-0${day}T00:00:00Z`, {
      ...{ target: 'aks', service: 'churn', model: 'churn', version, place: `${cluster}/namespaces/${namespace}` },
    });
  const both = [of('eu', '6', 2), of('us', '7', 3)];

  it('are two rows, and the page says which is which', () => {
    const rows = servingAt(both, at).map((serving) => ({ serving }));
    const { getByText } = renderHub(
      <AtDate homes={nowhere} audit={{ ...audit(false), rows }} isReading={false} save={() => undefined} />,
    );
    assert.equal(getByText('rg / aks1 / eu').parentElement?.title, `${cluster}/namespaces/eu`);
    getByText('rg / aks1 / us');
    const strip = renderHub(<ProductionStrip periods={history(both)} now={at} />);
    assert.match(strip.getByRole('img').getAttribute('aria-label') ?? '', /churn \(rg \/ aks1 \/ eu\)/);
  });
});

describe('what is not certain', () => {
  const list = { events, unreadable: [] };

  it('is what was not read, unreadable entries, and steps without a time', () => {
    assert.deepEqual(gaps(list, at), []);
    assert.match(
      gaps({ ...list, loadedSince: '2026-11-01T00:00:00Z' }, at)[0]!,
      /^Runs queued before 2026-11-01 00:00 UTC were not read: .* a row that is shown is wrong/,
    );
    assert.match(
      gaps({ ...list, loadedSince: '2026-11-30T00:00:00Z' }, at)[0]!,
      /what served before that is not known/,
    );
    const unreadable = [{ run: run(5), kind: 'mlops.deployment.v1' as const, problem: 'it is not JSON' }];
    assert.deepEqual(gaps({ ...list, unreadable }, at), [
      'The index of run 20261101.5 does not say what was deployed: it is not JSON.',
    ]);
    assert.equal(gaps({ ...list, events: [{ ...events[0]!, at: '?' }] }, at).length, 1);
  });
});

describe('matrix and history', () => {
  it('shows version and share in the cell of model and environment', () => {
    const { getByRole } = renderHub(<MatrixTable homes={nowhere} servings={servingAt(events, at)} />);
    const cells = within(getByRole('row', { name: /^churn/ })).getAllByRole('cell');
    assert.deepEqual(
      cells.map(({ textContent }) => textContent.replace(/,.*/, '')),
      ['8 100 %', '6 100 %'],
    );
  });

  it('links to the version of the workspace that it is of, in the matrix and at a date', () => {
    const placed = step('2026-11-02T00:00:00Z', {
      ...{ deployment: 'blue', model: 'churn', version: '7', traffic: { blue: 100 } },
      place: '/x/providers/ml/workspaces/ws-prod/onlineEndpoints/churn',
    });
    const homes = homesOf(['ws-dev', 'ws-prod'].map((workspace) => registration('7', { workspace })));
    const servings = servingAt([placed], at);
    const rows = servings.map((serving) => ({ serving }));
    const { getAllByRole, getByRole } = renderHub(
      <>
        <MatrixTable homes={homes} servings={servings} />
        <AtDate homes={homes} audit={{ ...audit(false), rows }} isReading={false} save={() => undefined} />
      </>,
    );
    getByRole('rowheader', { name: 'churn ws-prod' });
    assert.deepEqual(
      getAllByRole('link', { name: /^(churn )?7$/ }).map((link) =>
        new URL((link as HTMLAnchorElement).href).searchParams.get('workspace'),
      ),
      ['ws-prod', 'ws-prod'],
    );
  });

  it('says where a step rolled back', () => {
    const { getByText, getAllByRole } = renderHub(<HistoryTable periods={history(events)} />);
    getByText('rolled back from churn 7 to churn 6');
    assert.equal(getAllByRole('row').length, 5);
  });

  it('draws production alone', () => {
    const { getByRole } = renderHub(<ProductionStrip periods={history(events)} now={at} />);
    assert.doesNotMatch(getByRole('img').getAttribute('aria-label') ?? '', /churn-test/);
  });
});
