import '../../support';
import assert from 'node:assert/strict';
import { within } from '@testing-library/react';
import type { Rendered } from '../../support';
import { buildOf, serveRun, sha256, textOf } from '../../data/run-sample';
import { ana, attachment, cleo, decided, digestOf, refused, scene, settled, type Scene } from './scene';

const attack = '<img src=x onerror=alert(1)><script>alert(2)</script>\u202e';

describe('the panel of an approval', () => {
  it('shows instructions, evidence, differences against production, objections and digest', async () => {
    const of = scene();
    of.sample.stages[0]!.attachments = [
      attachment('mlops.evaluation.v1', 'evaluation.json', {
        decision: 'notBetter',
        promote: false,
        reason: 'it scores worse',
        guardrails: [
          { metric: 'mae', passed: false, improvement: -2, lower: -3, upper: -1, method: 'bootstrap', margin: 0 },
        ],
      }),
      attachment('mlops.model-version.v1', 'model.json'),
      attachment('mlops.data-sanity.v1', 'data.json'),
      attachment('mlops.smoke.v1', 'smoke.json', { problems: ['slow', 'late'] }),
      { kind: 'mlops.training.v1', name: 'training.json', content: 'not json' },
    ];
    const view = of.open();
    const against = within(await view.findByRole('region', { name: 'What speaks against it' }));
    await settled(view);
    for (const words of [
      'The evaluation did not allow the promotion: it scores worse',
      /^Guardrail mae is broken: its improvement lies between −3 and −1/,
      'few rows',
      'Data, error: at least 0: 2 violations.',
      'The smoke test failed: slow',
      'The smoke test failed: late',
      '1 request of the smoke test failed, the first one: too slow.',
    ])
      against.getByText(words);
    view.getByText('Read the fairness report.');
    const evidence = within(view.getByRole('region', { name: 'Evidence' }));
    evidence.getByText('training.json of stage Train cannot be read as a record');
    evidence.getByText('diabetes version 3');
    assert.equal(evidence.getAllByText('No record in this run').length, 2);
    view.getByRole('row', { name: /^mse 1 2 −1 \(better\)/ });
    view.getByRole('heading', {
      name: 'Against version 3, which served production when it was compared, on the same hold-out rows',
    });
    view.getByRole('columnheader', { name: 'Version 3' });
    await view.user.click(view.getByRole('button', { name: 'Show all of the digest of the evidence' }));
    view.getByText(`sha256:${digestOf(of.sample)}`);
  });

  it('names everything that the approval would let in, and what does not belong together', async () => {
    const other = `fabrikam.azurecr.io/other@sha256:${'7'.repeat(64)}`;
    const of = scene();
    of.sample.stages[0]!.attachments = [
      attachment('mlops.evaluation.v1', 'evaluation.json', { candidate: { job: 'good', metrics: { mse: 1 } } }),
      attachment('mlops.model-version.v1', 'model.json', { job: 'bad', dataFingerprint: 'other data' }),
      attachment('mlops.data-sanity.v1', 'data.json'),
      attachment('mlops.package.v1', 'package.json', { modelDigest: `sha256:${'8'.repeat(64)}` }),
      attachment('mlops.deployment.v1', 'deployment.json', {
        model: { name: 'diabetes', version: '18' },
        image: undefined,
      }),
      attachment('mlops.deployment.v1', 'second.json', { model: undefined, image: other }),
    ];
    const view = of.open();
    const against = within(await view.findByRole('region', { name: 'What speaks against it' }));
    await settled(view);
    against.getByText(/names more than one thing.*diabetes version 18.*diabetes version 3/);
    against.getByText(/Job bad was registered as diabetes version 3.*no evaluation is of it/);
    against.getByText(/image .* holds other files than were registered/);
    against.getByText(/diabetes version 3 was trained on other data than was tested/);
    const evidence = within(view.getByRole('region', { name: 'Evidence' }));
    evidence.getByText(/model diabetes version 18/);
    assert.ok(evidence.getAllByText(new RegExp('7'.repeat(64))).length > 0);
  });

  it('shows the numbers of the job that was registered, where another was evaluated beside it', async () => {
    const of = scene();
    const other = { name: 'diabetes', version: '1' };
    of.sample.stages[0]!.attachments = [
      attachment('mlops.evaluation.v1', 'a.json', { candidate: { job: 'mine', metrics: { mse: 5 } } }),
      attachment('mlops.evaluation.v1', 'b.json', {
        candidate: { job: 'other', metrics: { mse: 1 } },
        champion: { model: other, metrics: { mse: 9 } },
      }),
      attachment('mlops.model-version.v1', 'model.json', { job: 'mine' }),
    ];
    const view = of.open();
    const metrics = within(await view.findByRole('region', { name: 'Metrics' }));
    await settled(view);
    metrics.getByRole('row', { name: /^mse 5 2 / });
    metrics.getByRole('heading', { name: /^Against version 3,/ });
  });

  it('takes a comment that names other evidence too for no approval of what is shown', async () => {
    const of = scene();
    const named = [`evidence sha256:${'0'.repeat(64)}`, `evidence sha256:${digestOf(of.sample)}`];
    for (const comment of [named.join(', '), named.reverse().join(', ')]) {
      Object.assign(of.approval, { ...decided(comment), status: 'pending' });
      const view = of.open();
      await view.findByText('Given for other evidence than is shown here');
      await settled(view);
      view.unmount();
    }
  });

  it('says that another job was registered than was trained, where nothing compared it with production', async () => {
    for (const [job, count] of [
      ['bad', 1],
      ['good', 0],
      ['good_7', 0],
    ] as const) {
      const of = scene();
      of.sample.stages[0]!.attachments = [
        attachment('mlops.training.v1', 'training.json', { jobName: 'good', status: 'Completed' }),
        attachment('mlops.model-version.v1', 'model.json', { job }),
      ];
      const view = of.open();
      await view.findByRole('region', { name: 'Evidence' });
      await settled(view);
      assert.equal(view.queryAllByText(/Job bad was registered as .* what was trained here is job good/).length, count);
      view.unmount();
    }
  });

  it('names both of two images that say to hold the same model', async () => {
    const image = (digit: string) => `fabrikam.azurecr.io/diabetes@sha256:${digit.repeat(64)}`;
    for (const [second, count] of [
      [image('7'), 1],
      [image('6'), 0],
    ] as const) {
      const of = scene();
      const model = { name: 'diabetes', version: '3' };
      of.sample.stages[0]!.attachments = [
        attachment('mlops.model-version.v1', 'model.json', { model }),
        attachment('mlops.package.v1', 'package.json', { model, image: image('6') }),
        attachment('mlops.package.v1', 'second.json', { model, image: second, modelDigest: undefined }),
      ];
      const view = of.open();
      await view.findByRole('region', { name: 'Evidence' });
      await settled(view);
      assert.equal(view.queryAllByText(/names more than one thing.*@sha256:666.*@sha256:777/).length, count);
      view.unmount();
    }
  });

  it('takes two spellings of one id for one model', async () => {
    const id =
      '/subscriptions/s/resourceGroups/RG-ml/providers/Microsoft.MachineLearningServices/workspaces/w/models/diabetes/versions/3';
    const of = scene();
    of.sample.stages[0]!.attachments = [
      attachment('mlops.model-version.v1', 'model.json', { model: { name: 'diabetes', version: '3', id } }),
      attachment('mlops.deployment.v1', 'deployment.json', {
        model: { name: 'diabetes', version: '3', id: id.replace('resourceGroups/RG-ml', 'resourcegroups/rg-ml') },
        image: undefined,
      }),
    ];
    const view = of.open();
    await view.findByRole('region', { name: 'Evidence' });
    await settled(view);
    assert.equal(view.queryByText(/names more than one thing/), null);
  });

  it('leaves out what came after the gate opened, and says when nothing came before it', async () => {
    const of = scene();
    of.sample.stages[0]!.finishTime = '2026-11-20T09:40:00Z';
    const view = of.open();
    await view.findByText(/^There is nothing to decide on: no record was left before this stage/);
    await settled(view);
    view.getByRole('heading', { name: 'Run 20261120.812 names no model version' });
    view.getByText('There is no record, so that there is nothing that a digest could stand for.');
    view.getByText(/^This run registered no version before this stage/);
    assert.ok(view.queryByRole('button', { name: 'Show all of the digest of the evidence' }) === null);
    assert.ok(view.queryByText('diabetes version 3') === null);
  });

  it('says what changed since the run that made what production serves', async () => {
    const of = scene();
    of.sample.stages[0]!.attachments![1] = attachment('mlops.model-version.v1', 'model.json', {
      model: { name: 'diabetes', version: '4' },
      dataFingerprint: 'new data',
    });
    const champion = { name: 'm', sha256: 'a'.repeat(64), stage: 'Train', at: '2026-11-01T09:00:00Z' };
    const facts = { ...champion, model: 'diabetes', version: '3', workspace: 'w', metrics: {} };
    const text = { $type: 'System.String', $value: JSON.stringify([facts]) };
    const before = { ...buildOf({ id: 700, stages: [] }), properties: { 'mlops.v1.model-version': text } };
    of.service.list(/^build\/builds$/, ({ url }) => [url.searchParams.has('tagFilters') ? before : buildOf(of.sample)]);
    of.service.list(/^build\/changes$/, ({ url }) => {
      assert.equal(url.searchParams.get('fromBuildId'), '700');
      const foreign = 'https://evil.example/commit';
      return [{ id: 'abcdef012345', message: attack, author: { displayName: 'Ben' }, displayUri: foreign }];
    });
    const view = of.open();
    await view.findByText('Commits since the run that made version 3, which served production when it was compared:');
    await settled(view);
    const part = within(view.getByRole('region', { name: 'What changed' }));
    part.getByText('abcdef01');
    assert.deepEqual(part.queryAllByRole('link'), []);
    part.getByText('Trained on data new data; the data of version 3 is not known.');
  });

  it('names the data of the version that it was compared with, whatever else that run registered', async () => {
    const of = scene();
    of.sample.stages[0]!.attachments![1] = attachment('mlops.model-version.v1', 'model.json', {
      model: { name: 'diabetes', version: '4' },
      dataFingerprint: 'the data',
    });
    const theirs = (name: string, dataFingerprint: string) =>
      attachment('mlops.model-version.v1', name, { model: { name, version: '3' }, dataFingerprint });
    const attachments = [theirs('diabetes', 'the data'), theirs('zebra', 'stripes')];
    const run = { id: 700, stages: [{ name: 'Train', finishTime: '2026-11-01T09:20:00Z', attachments }] };
    serveRun(of.service, run);
    const facts = { stage: 'Train', at: '2026-11-01T09:00:00Z', workspace: 'w', metrics: {} };
    const entries = attachments.map(({ name, content }) => ({
      ...facts,
      name,
      sha256: sha256(textOf(content)),
      model: name,
      version: '3',
    }));
    const text = { $type: 'System.String', $value: JSON.stringify(entries) };
    const before = { ...buildOf(run), properties: { 'mlops.v1.model-version': text } };
    of.service.list(/^build\/builds$/, ({ url }) => [url.searchParams.has('tagFilters') ? before : buildOf(of.sample)]);
    const view = of.open();
    await view.findByText('Trained on data the data, the same as version 3.');
  });

  it('does not call the code unchanged because Azure DevOps lists no commits between two that differ', async () => {
    const of = scene();
    of.sample.stages[0]!.attachments![1] = attachment('mlops.model-version.v1', 'model.json', {
      model: { name: 'diabetes', version: '4' },
    });
    const facts = { name: 'm', sha256: 'a'.repeat(64), stage: 'Train', at: '2026-11-01T09:00:00Z' };
    const known = { ...facts, model: 'diabetes', version: '3', workspace: 'w', metrics: {} };
    const text = { $type: 'System.String', $value: JSON.stringify([known]) };
    const before = {
      ...buildOf({ id: 700, stages: [] }),
      sourceVersion: 'f'.repeat(40),
      properties: { 'mlops.v1.model-version': text },
    };
    of.service.list(/^build\/builds$/, ({ url }) => [url.searchParams.has('tagFilters') ? before : buildOf(of.sample)]);
    const view = of.open();
    await view.findByRole('region', { name: 'What changed' });
    await settled(view);
    assert.match(
      view.getByRole('region', { name: 'What changed' }).textContent,
      /Azure DevOps names no commits since the run that made version 3, .*, but the code is another: this run is of commit \w{1,8}, version 3 of f{8}\./,
    );
  });

  it('shows a bypass, and says when nobody knows whether there was one', async () => {
    const of = scene(decided('fine'));
    of.sample.stages[1]!.started = true;
    of.approval['status'] = 'skipped';
    const view = of.open();
    await view.findByText('Bypassed');
    view.getByText(/^The stage ran although its approval is skipped\.$/);
    await settled(view);
    view.unmount();
    const other = scene();
    other.service.on('GET', /^pipelines\/checks\/runs\//, () => refused(403, 'Not for you.'));
    const unknown = other.open();
    await unknown.findByText(/^Whether somebody bypassed a check could not be shown/);
    await settled(unknown);
  });

  const comments: [string, string, string][] = [
    ['outside this page', 'LGTM', 'Names no evidence: given outside this page'],
    ['for other evidence', `evidence sha256:${'0'.repeat(64)}`, 'Given for other evidence than is shown here'],
  ];
  for (const [name, comment, words] of comments) {
    it(`says of an approval that it was given ${name}`, async () => {
      const view = scene(decided(comment)).open();
      await view.findByText(words);
      await settled(view);
      view.getByText(comment);
    });
  }

  it('names who is excluded and who comes after whom', async () => {
    const view = scene({
      blockedApprovers: [cleo],
      executionOrder: 'inSequence',
      steps: [
        {
          assignedApprover: { id: 'g', displayName: '[Churn]\\Owners', isContainer: true },
          status: 'uninitiated',
          order: 2,
        },
        { assignedApprover: ana, status: 'pending', order: 1 },
      ],
    }).open();
    await view.findByText(/^Excluded from deciding on this run:/);
    await settled(view);
    const steps = within(view.getByRole('region', { name: 'Approvers' })).getAllByRole('listitem');
    assert.deepEqual(
      steps.map(({ textContent }) => textContent),
      ['Ana Li Waiting for approval', '[Churn]\\Owners (group) Not asked yet'],
    );
    view.getByText('0 of 1 approved; waits for Ana Li, one after the other.');
  });

  it('makes no markup of what others wrote', async () => {
    const person = { ...cleo, displayName: attack };
    const of = scene({
      instructions: attack,
      steps: [
        { assignedApprover: person, actualApprover: person, status: 'approved', comment: attack, order: 1 },
        { assignedApprover: ana, status: 'pending', order: 2 },
      ],
    });
    const model = { name: attack, version: attack };
    const content = { reason: attack, warnings: [attack], metric: attack, champion: undefined, comparison: undefined };
    of.sample.stages[0]!.attachments = [
      attachment('mlops.evaluation.v1', 'evaluation.json', { ...content, omitted: { [attack]: 1 } }),
      attachment('mlops.model-version.v1', 'model.json', { model, dataFingerprint: attack }),
    ];
    const view = of.open();
    await view.findByRole('heading', { name: 'Digest of the evidence' });
    await settled(view);
    assert.match(view.getByRole('heading', { level: 2 }).textContent, /^<img src=x/);
    assert.ok(view.container.querySelector('img, script') === null);
    assert.equal(/\u202e/.test(view.container.textContent), false);
    view.getAllByText(/<img src=x/);
  });
});

describe('an approval of nothing in particular', () => {
  const comment = (of: Scene) => `evidence sha256:${digestOf(of.sample)}`;
  const greens = (view: Rendered) =>
    [...view.container.querySelectorAll('.hub-verdict .bolt-status.success')].map(
      (mark) => mark.closest('.hub-verdict')?.textContent,
    );

  it('has no green mark, although its comment names the digest of no records', async () => {
    const of = scene();
    of.sample.stages[0]!.attachments = [];
    Object.assign(of.approval, decided(comment(of)));
    const view = of.open();
    const card = await view.findByText(/^There is nothing to decide on: no record was left before this stage/);
    await settled(view);
    assert.match(card.textContent, /DeployModel refuses such an approval unless its approvalPolicy is unbound\.$/);
    assert.deepEqual(greens(view), []);
    assert.equal(view.getAllByText('Approved').length, 2);
    view.getByText('Given for the evidence shown here, which names no version');
    assert.ok(view.queryByText(/over 0 records/) === null);
  });

  it('says so when there are records, but none that names a version or an image', async () => {
    const of = scene();
    of.sample.stages[0]!.attachments = [attachment('mlops.data-sanity.v1', 'data.json', { verdict: 'passed' })];
    Object.assign(of.approval, decided(comment(of)));
    const view = of.open();
    await view.findByText(/^No record names the model version or image that will be deployed/);
    await settled(view);
    view.getByRole('heading', { name: 'Run 20261120.812 names no model version', level: 2 });
    // The data's own: its line in the checklist, and its test in full.
    assert.deepEqual(greens(view), ['Good', 'Passed']);
    view.getByText(/over 1 record, read/);
  });

  it('is none when a package or an earlier deployment names what is deployed', async () => {
    for (const [attachments, title] of [
      [[attachment('mlops.package.v1', 'package.json')], 'diabetes version 3'],
      [[attachment('mlops.deployment.v1', 'deployment.json', { model: undefined })], 'r/i'],
    ] as const) {
      const of = scene();
      of.sample.stages[0]!.attachments = [...attachments];
      Object.assign(of.approval, decided(comment(of)));
      const view = of.open();
      await view.findByRole('heading', { name: title, level: 2 });
      await settled(view);
      assert.ok(view.queryByText(/DeployModel refuses/) === null);
      assert.ok(greens(view).includes('Given for the evidence shown here'));
      view.unmount();
    }
  });

  it('is not said of evidence that could not be read', async () => {
    const of = scene();
    of.sample.stages[0]!.attachments = [attachment('mlops.data-sanity.v1', 'data.json')];
    of.service.on('GET', /\/data\.json$/, () => refused(404, 'It is gone.'));
    const view = of.open();
    await view.findByRole('heading', { name: 'Digest of the evidence' });
    await settled(view);
    view.getByRole('heading', { name: 'Run 20261120.812', level: 2 });
    assert.ok(view.queryByText(/DeployModel refuses/) === null);
  });
});
