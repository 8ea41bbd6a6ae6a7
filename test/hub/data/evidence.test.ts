import assert from 'node:assert/strict';
import { collectEvidence, type CollectedEvidence } from '../../../hub/data/evidence';
import { evidenceProblemText } from '../../../hub/data/evidence-problems';
import { readRun } from '../../../hub/data/runs';
import type { EvidenceProblem } from '../../../hub/data/types';
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
