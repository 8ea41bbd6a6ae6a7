import '../../support';
import assert from 'node:assert/strict';
import { within } from '@testing-library/react';
import { buildOf } from '../../data/run-sample';
import { scene, settled, type Scene } from './scene';

describe('a champion', () => {
  function deployed(of: Scene, version: string) {
    const entry = { name: 'd', sha256: 'b'.repeat(64), stage: 'Production', at: '2026-11-20T10:00:00Z' };
    const facts = { target: 'containerInstance', service: 'scorer', environment: 'churn-prod' };
    const text = JSON.stringify([{ ...entry, ...facts, model: 'diabetes', version }]);
    const properties = { 'mlops.v1.deployment': { $type: 'System.String', $value: text } };
    of.service.list(/^build\/builds$/, ({ url }) => [
      url.searchParams.has('tagFilters') ? { ...buildOf({ id: 720, stages: [] }), properties } : buildOf(of.sample),
    ]);
  }

  it('that production no longer serves is warned of, once', async () => {
    const of = scene();
    deployed(of, '5');
    const view = of.open();
    await view.findAllByText('Production has changed since');
    await settled(view);
    const said =
      'Production has changed since Production serves version 5 (churn-prod) now; this run was compared with version 3.';
    const part = within(view.getByRole('region', { name: 'Metrics' }));
    const all = `${said} Figures, commits and data below are held against version 3.`;
    assert.equal(part.getByRole('alert').textContent, all);
    assert.equal(view.getAllByText('Production has changed since').length, 1);
  });

  it('that production still serves is named without a warning', async () => {
    const of = scene();
    deployed(of, '3');
    const view = of.open();
    const said = 'Production serves version 3 (churn-prod) now; this run was compared with version 3.';
    await view.findAllByText(said);
    await settled(view);
    assert.equal(view.getAllByText(said).length, 1);
    assert.ok(view.queryByText('Production has changed since') === null);
  });
});
