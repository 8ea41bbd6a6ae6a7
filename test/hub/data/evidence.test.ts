import assert from 'node:assert/strict';
import { collectEvidence, type CollectedEvidence } from '../../../hub/data/evidence';
import { clockProblems } from '../../../hub/data/clock-skew';
import { readRunIndex } from '../../../hub/data/run-index';
import { evidenceProblemText } from '../../../hub/data/evidence-problems';
import { readRun } from '../../../hub/data/runs';
import { run } from './samples';
import type { EvidenceProblem } from '../../../hub/data/types';
import { samples } from '../../lib/evidence/samples';
import { FakeService, json } from '../devops/fake-service';
import { dataSanity, indexOf, serveRun, sha256, textOf, type Sample } from './run-sample';

const kind = 'mlops.data-sanity.v1';
const name = 'data.json';
const facts = { verdict: 'passed', failed: 0, rows: 100 };

function sampleOf(content: unknown, properties: Record<string, unknown> = {}): Sample {
  const stages = [{ name: 'Data', finishTime: '2026-11-20T09:20:00Z', attachments: [{ kind, name, content }] }];
  return { id: 812, finishTime: '2026-11-20T09:30:00Z', stages, properties };
}

async function collect(sample: Sample, service = serveRun(new FakeService(), sample)): Promise<CollectedEvidence> {
  const client = service.client();
  const evidence = await collectEvidence(client, await readRun(client, sample.id), Date.parse('2026-11-21T00:00:00Z'));
  for (const problem of evidence.problems) assert.match(evidenceProblemText(problem), /^\S.*\.$/s);
  return evidence;
}

const kindsOf = (problems: readonly EvidenceProblem[]): string[] => problems.map((problem) => problem.kind);

describe('evidence of a run', () => {
  it('is read, hashed and found to agree with the index', async () => {
    const content = dataSanity();
    const { records, problems } = await collect(
      sampleOf(content, { 'mlops.v1.data-sanity': [indexOf('Data', name, content, facts)] }),
    );
    assert.deepEqual(problems, []);
    assert.deepEqual(
      records.map(({ body, ...place }) => ({ ...place, verdict: 'verdict' in body && body.verdict })),
      [{ kind, name, stage: 'Data', sha256: sha256(textOf(content)), verdict: 'passed' }],
    );
  });

  it('is that of the newest attempt of each stage', async () => {
    const content = dataSanity();
    const sample = sampleOf(content, { 'mlops.v1.data-sanity': [indexOf('Data', name, content, facts)] });
    sample.stages[0]?.attachments?.push({ kind, name, content: dataSanity('failed'), old: true });
    const { records, problems } = await collect(sample);
    assert.equal(records.length, 1);
    assert.deepEqual(problems, []);
  });

  it('that contradicts its index is shown, with the contradiction', async () => {
    const content = dataSanity('failed');
    const forged = { 'mlops.v1.data-sanity': [indexOf('Data', name, content, facts)] };
    const { records, problems } = await collect(sampleOf(content, forged));
    assert.equal(records.length, 1);
    assert.deepEqual(kindsOf(problems), ['indexDiffers']);
    assert.match(problems[0]?.detail ?? '', /verdict: the index says passed, the record failed/);
    const otherBytes = { 'mlops.v1.data-sanity': [indexOf('Data', name, dataSanity(), facts)] };
    assert.deepEqual(kindsOf((await collect(sampleOf(content, otherBytes))).problems), ['indexDiffers']);
  });

  it('that no index names, and an index that names what is not there, are told', async () => {
    const content = dataSanity();
    const { problems } = await collect(
      sampleOf(content, { 'mlops.v1.data-sanity': [indexOf('Data', 'gone.json', content, facts)] }),
    );
    assert.deepEqual(kindsOf(problems).sort(), ['missing', 'notInIndex']);
  });

  it('of a version that was there already is contradicted by an index that is silent about it', async () => {
    const content = { ...samples['mlops.model-version.v1'], kind: 'mlops.model-version.v1', created: false };
    const { model, version } = { model: content.model.name, version: content.model.version };
    for (const [created, expected] of [
      [undefined, ['indexDiffers']],
      [false, []],
    ] as const) {
      const entry = indexOf('Data', name, content, { model, version, workspace: 'w', created });
      const sample = sampleOf(content, { 'mlops.v1.model-version': [entry] });
      sample.stages[0]!.attachments = [{ kind: 'mlops.model-version.v1', name, content }];
      assert.deepEqual(kindsOf((await collect(sample)).problems), expected);
    }
  });

  it('that has the name of what the index names, and is another file, is told', async () => {
    const content = dataSanity();
    const sample = sampleOf(content, { 'mlops.v1.data-sanity': [indexOf('Data', name, content, facts)] });
    sample.stages[0]?.attachments?.push({ kind, name, content: dataSanity('failed'), step: 'second' });
    const { records, problems } = await collect(sample);
    assert.equal(records.length, 2);
    assert.deepEqual(kindsOf(problems), ['notInIndex']);
    assert.match(problems[0]?.detail ?? '', /names another file of this name/);
  });

  it('that is not what it should be is told and not shown', async () => {
    const cases: [unknown, string][] = [
      [{ ...dataSanity(), verdict: 'perfect' }, 'notThisShape'],
      ['{"half', 'notThisShape'],
      [JSON.stringify(dataSanity(), undefined, 2), 'notCanonical'],
      ['x'.repeat(256 * 1024 + 1), 'tooLarge'],
    ];
    for (const [content, problem] of cases) {
      const { records, problems, attachments } = await collect(sampleOf(content));
      assert.deepEqual(records, []);
      assert.ok(kindsOf(problems).includes(problem), `${problem}: ${kindsOf(problems).join()}`);
      assert.equal(attachments[0]?.sha256 === undefined, problem === 'tooLarge');
    }
  });

  it('of a later version is told', async () => {
    const { problems } = await collect({
      id: 812,
      stages: [],
      properties: { 'mlops.v2.evaluation': '[]', other: 'x' },
    });
    assert.deepEqual(
      problems.map((problem) => [problem.kind, problem.type]),
      [['unknownVersion', 'mlops.v2.evaluation']],
    );
  });

  it('with an index that cannot be read is told, entry by entry', async () => {
    const content = dataSanity();
    const good = indexOf('Data', name, content, facts);
    const sample = sampleOf(content, { 'mlops.v1.data-sanity': [good, { name: 7 }], 'mlops.v1.smoke': 'not json' });
    const { problems } = await collect(sample);
    assert.deepEqual(kindsOf(problems), ['indexDiffers', 'indexDiffers']);
  });

  it('with times that cannot be is told', async () => {
    const content = dataSanity();
    const at = (time: string) =>
      collect(sampleOf(content, { 'mlops.v1.data-sanity': [indexOf('Data', name, content, facts, time)] }));
    assert.deepEqual(kindsOf((await at('2026-11-20T09:34:59Z')).problems), []);
    assert.match((await at('2026-11-20T09:36:00Z')).problems[0]?.detail ?? '', /after the run had ended/);
    assert.match((await at('2026-11-22T00:00:00Z')).problems[0]?.detail ?? '', /in the future/);
    assert.deepEqual(kindsOf((await at('2026-11-20T08:55:00Z')).problems), []);
    assert.match((await at('2026-11-20T08:54:00Z')).problems[0]?.detail ?? '', /before the run was queued/);
  });

  it('with an entry dated after the step that left it is told, though the run went on', async () => {
    const content = dataSanity();
    const at = (time: string) => {
      const sample = sampleOf(content, { 'mlops.v1.data-sanity': [indexOf('Data', name, content, facts, time)] });
      return collect({
        ...sample,
        stages: sample.stages.map((each) => ({ ...each, taskEnd: '2026-11-20T09:10:00Z' })),
      });
    };
    assert.deepEqual(kindsOf((await at('2026-11-20T09:15:00Z')).problems), []);
    const [problem] = (await at('2026-11-20T09:16:00Z')).problems;
    assert.deepEqual([problem?.kind, problem?.name, problem?.stage], ['clockSkew', name, 'Data']);
    assert.match(problem?.detail ?? '', /after the step had ended/);
  });

  it('with an entry dated before the step that left it began is told, though the run waited', async () => {
    const content = dataSanity();
    const at = (time: string) => {
      const sample = sampleOf(content, { 'mlops.v1.data-sanity': [indexOf('Data', name, content, facts, time)] });
      const times = { taskStart: '2026-11-20T09:20:00Z', taskEnd: '2026-11-20T09:25:00Z' };
      return collect({ ...sample, stages: sample.stages.map((each) => ({ ...each, ...times })) });
    };
    assert.deepEqual(kindsOf((await at('2026-11-20T09:15:00Z')).problems), []);
    assert.match((await at('2026-11-20T09:14:00Z')).problems[0]?.detail ?? '', /before the step began/);
  });

  it('left twice with the same bytes may be dated by the later step', () => {
    const stage = { id: 's', type: 'Stage', name: 'Data', identifier: 'Data', state: 'completed', attempt: 1 };
    const bytes = { kind, name, stage, sha256: 'a'.repeat(64) } as const;
    const stepAt = (finishTime?: string) => ({ ...bytes, step: { ...stage, id: 't', type: 'Task', finishTime } });
    const index = readRunIndex({
      'mlops.v1.data-sanity': JSON.stringify([
        { name, sha256: bytes.sha256, stage: 'Data', at: '2026-11-01T10:00:00Z', ...facts },
      ]),
    });
    const told = (...steps: (string | undefined)[]) =>
      clockProblems(
        { run: run(1), attachments: steps.map(stepAt), index, stages: new Map() },
        Date.parse('2026-11-21T00:00:00Z'),
      ).length;
    assert.equal(told('2026-11-01T09:00:00Z'), 1);
    assert.equal(told('2026-11-01T09:00:00Z', '2026-11-01T10:00:00Z'), 0);
    assert.equal(told('2026-11-01T09:00:00Z', undefined), 0);
  });

  describe('of a deployment', () => {
    const record = {
      kind: 'mlops.deployment.v1',
      target: 'aks',
      name: 'churn',
      scoringUri: 'https://x.test/',
      environment: 'churn-prod',
      approval: { id: 'gate-1', decidedBy: [], decidedOn: '2026-11-20T09:00:00Z', bound: true },
    };
    const told = { target: 'aks', service: 'churn', environment: 'churn-prod', approval: 'gate-1' };
    const problemsOf = async (
      content: Record<string, unknown>,
      entry: Record<string, unknown>,
      { attempt, more = [] }: { attempt?: number; more?: Record<string, unknown>[] } = {},
    ) => {
      const place = { kind: 'mlops.deployment.v1', name: 'deployment' };
      const { problems } = await collect({
        id: 812,
        finishTime: '2026-11-20T09:30:00Z',
        stages: [{ name: 'Prod', finishTime: '2026-11-20T09:20:00Z', attempt, attachments: [{ ...place, content }] }],
        properties: { 'mlops.v1.deployment': [indexOf('Prod', place.name, content, entry), ...more] },
      });
      return problems.map(({ kind: problem, detail }) => `${problem}: ${detail}`);
    };

    it('takes attempts from the timeline, not from what entries claim', async () => {
      const entry = indexOf('Prod', 'deployment', record, told);
      const forged = { ...entry, version: '99' };
      // An entry that claims a later attempt hides no forged one.
      const hidden = await problemsOf(record, { ...told, attempt: 2 }, { more: [forged] });
      assert.match(hidden.join('\n'), /claims attempt 2, the stage has 1 only[^]*version: the index says 99/);
      assert.match((await problemsOf(record, told, { more: [forged] })).join('\n'), /names it more than once/);
    });

    it('is held against the entry of the attempt that the timeline keeps', async () => {
      const older = { ...indexOf('Prod', 'deployment', 'other bytes', told), version: '6' };
      const again = { attempt: 2, more: [older] };
      assert.deepEqual(await problemsOf(record, { ...told, attempt: 2 }, again), []);
      assert.match(
        (await problemsOf(record, { ...told, version: '7', attempt: 2 }, again)).join(),
        /says 7, the record/,
      );
      // A job that was not run again keeps its record, and its entry of the first attempt.
      assert.deepEqual(await problemsOf(record, told, { attempt: 2 }), []);
      const unentered = await problemsOf(record, { ...told, sha256: 'e'.repeat(64) }, { attempt: 2 });
      assert.match(unentered.join(), /^notInIndex: /);
    });

    it('agrees with an index that says all of it', async () => {
      assert.deepEqual(await problemsOf(record, told), []);
      const { environment, approval, ...plain } = record;
      assert.ok(environment && approval);
      assert.deepEqual(await problemsOf(plain, { target: 'aks', service: 'churn' }), []);
    });

    it('differs in environment, approval or version whichever side says nothing', async () => {
      const without = (from: Record<string, unknown>, key: string) =>
        Object.fromEntries(Object.entries(from).filter(([each]) => each !== key));
      const where = { place: '/cluster/namespaces/eu', image: 'r.io/m@sha256:1' };
      const [whole, entry] = [
        { ...record, ...where },
        { ...told, ...where },
      ];
      for (const key of ['environment', 'approval', 'place', 'image']) {
        assert.match(
          (await problemsOf(whole, without(entry, key))).join(),
          new RegExp(`^indexDiffers: ${key}: the index says nothing`),
        );
        assert.match(
          (await problemsOf(without(whole, key), entry)).join(),
          new RegExp(`^indexDiffers: ${key}: .*the record nothing$`),
        );
        assert.match((await problemsOf(whole, { ...entry, [key]: 'other' })).join(), /^indexDiffers: .*says other/);
      }
      assert.match(
        (await problemsOf(record, { ...told, version: '7' })).join(),
        /version: the index says 7, the record nothing/,
      );
      const shares = { ...record, traffic: { blue: 10, green: 90 } };
      assert.match((await problemsOf(shares, { ...told, traffic: { blue: 10 } })).join(), /^indexDiffers: traffic/);
    });
  });

  it('is shown as far as it can be read when a request fails', async () => {
    const content = dataSanity();
    const sample = sampleOf(content, { 'mlops.v1.data-sanity': [indexOf('Data', name, content, facts)] });
    const noSmoke = serveRun(new FakeService(), sample).on('GET', /attachments\/mlops\.smoke\.v1$/, () =>
      json({ message: 'no' }, 403),
    );
    const partly = await collect(sample, noSmoke);
    assert.equal(partly.records.length, 1);
    assert.deepEqual(kindsOf(partly.problems), ['unreadable']);
    assert.equal(partly.incomplete.length, 1);
    const noContent = serveRun(new FakeService(), sample).on('GET', /\/data\.json$/, () => json({}, 500));
    assert.deepEqual(kindsOf((await collect(sample, noContent)).problems), ['unreadable']);
    const noIndex = serveRun(new FakeService(), sample).on('GET', /\/properties$/, () => json({}, 500));
    const unindexed = await collect(sample, noIndex);
    assert.deepEqual([unindexed.records.length, kindsOf(unindexed.problems)], [1, ['unreadable']]);
  });

  it('is never fetched from an address that does not belong to the organisation', async () => {
    const sample = sampleOf(dataSanity());
    const service = serveRun(new FakeService(), sample).list(/attachments\/mlops\.data-sanity\.v1$/, () => [
      {
        name,
        _links: { self: { href: `https://evil.example/_apis/build/builds/812/x/y/attachments/${kind}/${name}` } },
      },
      { name: 'bare.json' },
    ]);
    const { problems, incomplete } = await collect(sample, service);
    assert.deepEqual(kindsOf(problems), ['unreadable', 'unreadable']);
    assert.equal(incomplete.length, 2);
    assert.ok(service.asked.every(({ url }) => url.host === 'dev.azure.com'));
  });

  it('fails as a whole when the run was deleted or cannot be seen', async () => {
    const deleted = new FakeService().on('GET', /^build\/builds\/1$/, () => ({ id: 1, deleted: true }));
    await assert.rejects(readRun(deleted.client(), 1), /was deleted/);
    await assert.rejects(readRun(new FakeService().client(), 1), /not found/);
  });
});
