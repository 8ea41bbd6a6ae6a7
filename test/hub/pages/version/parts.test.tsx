import '../../setup';
import assert from 'node:assert/strict';
import type { RunGates } from '../../../../hub/data/gate';
import type { AsksApproval } from '../../../../hub/data/queries';
import type { ModelVersionResult } from '../../../../hub/data/results';
import type { Approval, ReadRecord } from '../../../../hub/data/types';
import { activityOf, decisionsOf, runsOf } from '../../../../hub/pages/version/activity';
import {
  absence,
  isReading,
  knownOf,
  productionNow,
  servingNow,
  type Known,
} from '../../../../hub/pages/version/known';
import { lineageOf } from '../../../../hub/pages/version/lineage';
import { hasUnasked, provenanceOf } from '../../../../hub/pages/version/provenance';
import { readRecord } from '../../../../lib/evidence/read';
import { canonicalJson } from '../../../../lib/evidence/canonical';
import { registration, run, smokeOf, step } from '../../data/samples';
import { samples } from '../../../lib/evidence/samples';
import { dataSanity } from '../../data/run-sample';
import { digest, evaluation, registered, training } from './churn';

function record(body: Record<string, unknown>, stage = 'Train', name = 'record'): ReadRecord {
  const kind = String(body['kind']) as ReadRecord['kind'];
  const read = readRecord(kind, canonicalJson(body));
  if ('problem' in read) throw new Error(read.detail);
  return { kind, name, stage, sha256: 'a'.repeat(64), body: read.record };
}

function known(records: ReadRecord[] | undefined, changes: Partial<ModelVersionResult> = {}): Known {
  const version = registration('7', {}, { id: 7, ...changes.version?.run });
  const result: ModelVersionResult = {
    registrations: [version],
    isMissing: false,
    evidence: records && { run: version.run, records, problems: [] },
    packages: [],
    deployments: [],
    smokeTests: [],
    modelDeployments: [],
    siblings: [],
    hasOlder: false,
    isLoading: false,
    isFetching: false,
    refresh: () => undefined,
    ...changes,
  };
  return knownOf(result, version, new Date('2026-11-21T00:00:00Z'));
}

const texts = (of: Known, bypasses: Parameters<typeof provenanceOf>[1] = []) =>
  provenanceOf(of, bypasses).map(({ kind, text }) => `${kind}: ${text}`);

describe('records of a version', () => {
  it('are not those of the version of this name in another workspace, though the same run made both', () => {
    const group = '/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces';
    const model = (workspace: string) => ({
      name: 'churn',
      version: '7',
      id: `${group}/${workspace}/models/churn/versions/7`,
    });
    const of = (workspace: string) => ({
      ...samples['mlops.deployment.v1'],
      kind: 'mlops.deployment.v1',
      model: model(workspace),
    });
    const { records } = known([
      record(registered('7', { model: model('ML-Dev') }), 'Dev'),
      record(registered('7', { model: model('ml-prod') }), 'Prod'),
      record(of('ml-dev'), 'Dev', 'd'),
      record(of('ml-prod'), 'Prod', 'd'),
    ]);
    assert.deepEqual([records.registered?.stage, records.deployed.map(({ stage }) => stage)], ['Dev', ['Dev']]);
  });

  it('are those that name it or its job, whatever else the run made', () => {
    const other = registered('3', { model: { name: 'zebra', version: '3' }, job: 'job-z' });
    const { records } = known([
      record(registered('7')),
      record(evaluation('7'), 'A', 'mine'),
      record(evaluation('7', { candidate: { job: 'job-z', metrics: {} } }), 'Z', 'theirs'),
      record(training('7')),
      record(training('7', { jobName: 'job-z' }), 'Z'),
      record(other, 'Z'),
    ]);
    assert.equal(records.registered?.body.model.name, 'churn');
    assert.equal(records.evaluation?.name, 'mine');
    assert.equal(records.training?.body.jobName, 'job-7');
  });

  it('are not said to be missing before they are read, or when one was put aside', () => {
    assert.ok(isReading(known(undefined)));
    assert.match(absence(known(undefined), 'mlops.smoke.v1', 'None.'), /could not be read/);
    const of = known([]);
    assert.equal(absence(of, 'mlops.smoke.v1', 'None.'), 'None.');
    of.evidence?.problems.push({ kind: 'notThisShape', type: 'mlops.smoke.v1', name: 'x', detail: '' });
    assert.match(absence(of, 'mlops.smoke.v1', 'None.'), /not in order/);
  });
});

describe('what serves of a model', () => {
  it('tells the version’s part from that of the others', () => {
    const modelDeployments = [
      step('2026-11-20T10:00:00Z', { deployment: 'v7', model: 'churn', version: '7', traffic: { v7: 10, v6: 90 } }),
      step('2026-11-19T10:00:00Z', { deployment: 'v6', model: 'churn', version: '6', traffic: { v6: 100 } }),
    ];
    const of = known([], { modelDeployments });
    assert.deepEqual(
      servingNow(of).map(({ traffic }) => traffic),
      [10],
    );
    assert.deepEqual(
      productionNow(of).map(({ version, traffic }) => [version, traffic]),
      [
        ['7', 10],
        ['6', 90],
      ],
    );
  });
});

describe('provenance', () => {
  it('is good where everything agrees', () => {
    const data = { dataFingerprint: 'd'.repeat(64) };
    const packed = {
      kind: 'mlops.package.v1',
      image: 'r/churn@x',
      digest: digest('b'),
      registry: 'r',
      model: { name: 'churn', version: '7' },
      modelDigest: digest('a'),
    };
    const of = known([record(registered('7', data)), record(evaluation('7')), record(dataSanity()), record(packed)]);
    assert.deepEqual(texts(of), [
      'good: 4 records, hashes and index agree',
      'good: Built from main',
      'good: The image holds the files that were registered',
      'good: Trained on the data that was tested',
      'good: The evaluation allowed the promotion',
      'good: No check of the run was bypassed',
    ]);
  });

  it('say that the data failed its test, or was warned about, though it is the data that was tested', () => {
    const of = (verdict: string) =>
      texts(known([record(registered('7', { dataFingerprint: 'd'.repeat(64) })), record(dataSanity(verdict))]));
    assert.ok(of('failed').includes('bad: Trained on data that failed its test'));
    assert.ok(of('warned').includes('warning: Trained on data whose test warned'));
    assert.ok(of('passed').includes('good: Trained on the data that was tested'));
  });

  it('names what does not agree', () => {
    const deployment = {
      kind: 'mlops.deployment.v1',
      target: 'aks',
      name: 'churn',
      scoringUri: 'https://x',
      model: { name: 'churn', version: '7' },
    };
    const of = known([
      record(registered('7', { dataFingerprint: 'other' })),
      record(evaluation('7', { candidate: { job: 'job-8', metrics: {} } })),
      record(dataSanity()),
      record(deployment, 'Production'),
    ]);
    const told = texts(of, [{ stage: 'Production', check: 'Approval', message: '' }]);
    for (const text of [
      'neutral: No image of it in this run',
      'bad: Trained on other data than was tested',
      'bad: Another job was evaluated than was registered',
      'bad: Stage Production: its check was bypassed',
      'bad: 1 check of the run bypassed',
    ]) {
      assert.ok(told.includes(text), `${text} in ${told.join('\n')}`);
    }
  });

  describe('of an approval', () => {
    // What the task's record claims is good in every case: only the service counts.
    const approval = { id: 'x', decidedBy: [{ id: 'bo', displayName: 'Bo' }], decidedOn: 'now', bound: true };
    const deployment = {
      kind: 'mlops.deployment.v1',
      target: 'aks',
      name: 'churn',
      scoringUri: 'https://x',
      model: { name: 'churn', version: '7' },
      approval,
    };
    const gateOf = (comment: string, actual: string, digest?: string): RunGates => ({
      stages: ['Production'],
      gates: [
        {
          stage: 'Production',
          approvalId: 'x',
          digest,
          items: [{ stage: 'Train', kind: 'mlops.model-version.v1', name: 'record', sha256: 'a'.repeat(64) }],
          approval: {
            id: 'x',
            status: 'approved',
            instructions: '',
            createdAt: '2026-11-20T09:00:00Z',
            changedAt: '2026-11-20T09:00:00Z',
            minRequiredApprovers: 1,
            inSequence: false,
            steps: [
              {
                assigned: { id: actual, displayName: actual, isGroup: false },
                actual: { id: actual, displayName: actual },
                status: 'approved',
                comment,
                order: 1,
              },
            ],
            blocked: [],
          },
        },
      ],
    });
    const hex = 'f'.repeat(64);
    const stage = (changes: Partial<ModelVersionResult>) =>
      texts(known([record(registered('7'), 'Train'), record(deployment, 'Production')], changes)).find((text) =>
        text.includes('Production'),
      );

    it('is what the service says of it, whatever the record claims', () => {
      const cases: [RunGates, string][] = [
        [gateOf(`evidence sha256:${hex}`, 'bo', hex), 'good: Stage Production: approved on exactly this evidence'],
        [gateOf('fine', 'bo', hex), 'warning: Stage Production: approved without naming the evidence'],
        [
          gateOf(`evidence sha256:${hex}`, 'bo', 'e'.repeat(64)),
          'bad: Stage Production: approved on other evidence than the run left',
        ],
        [
          gateOf(`evidence sha256:${hex}`, 'ANA', hex),
          'bad: Stage Production: approved by the one who requested the run',
        ],
        [{ stages: ['Production'], gates: [] }, 'unsure: Stage Production: the approval could not be verified'],
      ];
      for (const [gates, text] of cases) {
        assert.equal(stage({ gates }), text);
        // Of a stage that ran again the newest attempt is judged as one that ran once.
        assert.equal(stage({ gates: { ...gates, attempts: { Production: 2 } } }), text);
      }
    });

    it('that nobody asked for is an alarm where the environment asks for one today, and passed over where it does not', () => {
      const records = [
        record(registered('7'), 'Train'),
        record({ ...deployment, approval: undefined, environment: 'churn-prod' }, 'Production'),
      ];
      const of = known(records, { gates: { stages: ['Production'], gates: [] } });
      const said = (asks?: AsksApproval) =>
        provenanceOf(of, [], [], asks).filter(({ text }) => text.includes('Production'));
      assert.ok(hasUnasked(of));
      assert.deepEqual([said(), said(() => false)], [[], []]);
      assert.equal(said(() => 'reading')[0]?.text, 'Stage Production: the approval is being read');
      const [told] = said((environment) => environment === 'churn-prod');
      assert.deepEqual(told, {
        kind: 'bad',
        text: 'Stage Production: no approval, though one is asked for today',
      });
      assert.ok(!hasUnasked(known(records, { gates: gateOf('fine', 'bo', hex) })));
      assert.ok(!hasUnasked(known(records)));
    });

    it('is not taken from the record when the service cannot be asked', () => {
      assert.equal(stage({}), 'unsure: Stage Production: the approval is being read');
      const gatesProblem = { kind: 'missingScopeOrOffline', offline: true } as const;
      assert.equal(stage({ gatesProblem }), 'unsure: Stage Production: the approval could not be verified');
    });
  });

  it('says of a record that was put aside neither that a step did not run nor that it did', () => {
    const of = known([record(registered('7'))]);
    for (const type of ['mlops.evaluation.v1', 'mlops.data-sanity.v1', 'mlops.package.v1']) {
      of.evidence?.problems.push({ kind: 'notThisShape', type, name: 'x', detail: '' });
    }
    const told = texts(of);
    assert.equal(told.filter((text) => /^unsure: .*put aside/.test(text)).length, 3, told.join('\n'));
    assert.ok(!told.some((text) => /not tested|Not evaluated|No image/.test(text)));
  });

  it('claims nothing that was not read', () => {
    const kinds = provenanceOf(known(undefined), undefined).map(({ kind }) => kind);
    assert.deepEqual(kinds, ['unsure', 'good', 'unsure', 'unsure', 'unsure', 'unsure']);
  });
});

describe('lineage', () => {
  const addresses = { version: (model: string, version: string) => `v:${model}:${version}`, run: () => 'run' };

  it('runs from commit and data over job, version and image to the deployments', () => {
    const facts = { target: 'containerInstance', service: 'scorer', model: 'churn', version: '7' };
    const entry = {
      name: 'p',
      sha256: '',
      stage: 'Pack',
      at: '',
      model: 'churn',
      version: '7',
      image: 'r.io/x/churn@sha256:1',
    };
    const { nodes, edges } = lineageOf(
      known(
        [record(registered('7', { dataFingerprint: 'd'.repeat(64) })), record(evaluation('7')), record(dataSanity())],
        {
          packages: [{ run: run(8), entry }],
          deployments: [step('2026-11-20T10:00:00Z', facts, { id: 8 }), step('2026-11-20T09:00:00Z', facts, { id: 8 })],
        },
      ),
      addresses,
    );
    assert.deepEqual(
      nodes.map(({ kind, label, detail }) => [kind, label, detail]),
      [
        ['commit', 'c0ffee', 'main'],
        ['data', `${'d'.repeat(11)}…`, '100 rows, passed'],
        ['job', 'job-7', undefined],
        ['model version', 'churn 7', undefined],
        ['evaluation', 'better', 'by auc'],
        ['production then', 'churn 6', undefined],
        ['image', 'churn', 'sha256:1'],
        ['deployment', 'scorer', 'churn-prod'],
      ],
    );
    const place = nodes.at(-1)?.id ?? '';
    assert.deepEqual(
      edges.map(({ from, to }) => [from, to]),
      [
        ['data', 'job'],
        ['commit', 'job'],
        ['job', 'version'],
        ['version', 'evaluation'],
        ['champion', 'evaluation'],
        ['version', 'image 0'],
        ['image 0', place],
      ],
    );
    assert.ok(nodes.every(({ href }) => href !== undefined));
  });

  it('has commit and version where nothing was read, and no share of a deployment called constructor', () => {
    const facts = { deployment: 'constructor', model: 'churn', version: '7', traffic: {} };
    const { nodes, edges } = lineageOf(
      known(undefined, { deployments: [step('2026-11-20T10:00:00Z', facts)] }),
      addresses,
    );
    assert.deepEqual(
      nodes.map(({ detail }) => detail),
      ['main', undefined, 'churn-prod'],
    );
    assert.deepEqual(edges[0], { from: 'commit', to: 'version' });
  });
});

describe('activity', () => {
  const approval = (changes: Partial<Approval> = {}): Approval => ({
    id: 'x',
    status: 'approved',
    run: run(7),
    instructions: '',
    createdAt: '2026-11-20T09:00:00Z',
    changedAt: '2026-11-20T09:30:00Z',
    minRequiredApprovers: 1,
    inSequence: false,
    steps: [],
    blocked: [],
    mayDecide: false,
    ...changes,
  });

  it('is in the order of time, of this version’s runs only', () => {
    const deployments = [step('2026-11-20T10:00:00Z', { deployment: 'v7', approval: 'x' }, { id: 8 })];
    const of = known([], { deployments, smokeTests: [smokeOf(run(8), '2026-11-20T10:05:00Z', 'failed')] });
    const step1 = {
      assigned: { id: 'b', displayName: 'B', isGroup: true },
      status: 'rejected',
      comment: 'no',
      order: 1,
    };
    const decided = approval({ run: run(8), steps: [{ ...step1, actual: { id: 'bo', displayName: 'Bo' } }] });
    const items = activityOf(of, [decided, approval({ id: 'y', run: run(99) })]);
    assert.deepEqual(
      items.map(({ text, comment }) => [text, comment]),
      [
        ['Smoke test: Failed', undefined],
        ['Deployed to churn-prod as v7', undefined],
        ['Rejected by Bo', 'no'],
        ["Registered by Ana Li's run", undefined],
      ],
    );
    assert.deepEqual(
      runsOf(of).map(({ id }) => id),
      [8, 7],
    );
  });

  it('names the requester, whoever of the two it is', () => {
    const bo = { id: 'bo', displayName: 'Bo' };
    const one = { assigned: { ...bo, isGroup: false }, actual: bo, status: 'approved', comment: '', order: 1 };
    const [item] = decisionsOf(approval({ run: run(7, { requestedBy: bo }), steps: [one] }));
    assert.match(item?.text ?? '', /by Bo, who requested the run$/);
  });

  it('tells of an approval that ended without a decision', () => {
    assert.deepEqual(
      decisionsOf(approval({ status: 'timedOut' })).map(({ text }) => text),
      ['Approval ended: Timed out'],
    );
  });
});
