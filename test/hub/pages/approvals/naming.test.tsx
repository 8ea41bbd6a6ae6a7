import '../../support';
import assert from 'node:assert/strict';
import { objections } from '../../../../hub/pages/approvals/judgement';
import { samples } from '../../../lib/evidence/samples';
import { attachment, scene, settled } from './scene';

const group = '/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces';
const idIn = (workspace: string, version: string): string =>
  `${group}/${workspace}/models/diabetes/versions/${version}`;

function workspaceIn(link: HTMLElement): string | null {
  return new URL(link.getAttribute('href') ?? '').searchParams.get('workspace');
}

describe('the version that an approval is about', () => {
  it('is named with its workspace: in the title of the panel, and what it was compared with', async () => {
    const of = scene();
    of.sample.stages[0]!.attachments = [
      attachment('mlops.evaluation.v1', 'evaluation.json', {
        champion: {
          ...samples['mlops.evaluation.v1'].champion,
          model: { name: 'diabetes', version: '3', id: idIn('ws-prod', '3') },
        },
      }),
      attachment('mlops.model-version.v1', 'model.json', {
        model: { name: 'diabetes', version: '4', id: idIn('ws-dev', '4') },
      }),
    ];
    const view = of.open();
    assert.equal(workspaceIn(await view.findByRole('link', { name: 'diabetes version 4' })), 'ws-dev');
    await settled(view);
    await view.user.click(view.getByText('The evaluation in full'));
    assert.equal(workspaceIn(view.getByRole('link', { name: 'diabetes version 3' })), 'ws-prod');
  });

  it('is listed once for each workspace that the run registered it in, which a step that names none adds nothing to', async () => {
    const of = scene();
    const entry = { name: 'm', sha256: 'a'.repeat(64), stage: 'Train', at: '2026-11-20T09:10:00Z' };
    const named = { ...entry, model: 'churn', version: '8' };
    of.sample.properties = {
      'mlops.v1.model-version': ['ws-dev', 'ws-prod'].map((workspace) => ({ ...named, workspace, metrics: {} })),
      'mlops.v1.deployment': [{ ...named, target: 'aks', service: 'churn' }],
    };
    const view = of.open({ list: 'pending' });
    const links = await view.findAllByRole('link', { name: 'churn 8' });
    assert.deepEqual(links.map(workspaceIn), ['ws-dev', 'ws-prod']);
    view.getByText('ws-dev');
    await settled(view);
  });
});

describe('what speaks against a version', () => {
  it('says numbers with as many digits as tell them apart', () => {
    const body = {
      kind: 'mlops.evaluation.v1' as const,
      ...samples['mlops.evaluation.v1'],
      warnings: [],
      guardrails: [
        {
          metric: 'auc',
          passed: false,
          improvement: 0,
          lower: 0.999951,
          upper: 0.999959,
          method: 'x',
          margin: 0.99996,
        },
      ],
    };
    const record = { kind: body.kind, name: 'e', stage: 'Train', sha256: 'a'.repeat(64), body };
    const said = objections([record]);
    assert.ok(
      said.some((text) => text.includes('lies between 0.999951 and 0.999959, all of it has to lie above 0.99996')),
      said.join('\n'),
    );
  });
});
