import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv2020 from 'ajv/dist/2020';

import type { LocalDevOps } from '../../../local/devops';
import { generate, type Generated } from '../../../local/devops/generate';
import { canonical, evidenceDigest } from '../../../local/devops/generate/canonical';
import { approvalShape, runShape, type Approval, type StoredRun } from '../../../local/devops/model';
import { anything, check, isObject, list } from '../../../local/devops/shape';
import { call, start, temporaryFolder, values } from './support';

const schemas = join(__dirname, '..', '..', '..', 'docs', 'schemas', 'evidence');

interface History {
  folder: string;
  totals: Generated;
  runs: StoredRun[];
  approvals: Approval[];
}

function history(more: { attack?: boolean; seed?: number } = {}): History {
  const stateDir = temporaryFolder();
  const totals = generate({ stateDir, models: 4, versions: 60, runs: 300, ...more });
  const folder = join(stateDir, 'devops');
  const runs = readdirSync(join(folder, 'runs')).map((id) => runShape(json(join(folder, 'runs', id, 'run.json')), id));
  const approvals = check(list(approvalShape), json(join(folder, 'approvals.json')));
  return { folder, totals, runs: runs.sort((a, b) => a.id - b.id), approvals };
}

function json(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}

function attachment({ folder }: History, run: StoredRun, file: string): string {
  return readFileSync(join(folder, 'runs', String(run.id), 'attachments', file), 'utf8');
}

function entries(run: StoredRun, kind: string): Record<string, unknown>[] {
  const property = run.properties[`mlops.v1.${kind}`];
  if (property === undefined) return [];
  assert.ok(isObject(property) && typeof property['$value'] === 'string');
  return check(list(anything), JSON.parse(property['$value'])).map((one) => (assert.ok(isObject(one)), one));
}

describe('a generated history', () => {
  let told: History;
  before(() => {
    told = history({ seed: 5 });
  });

  it('has as many runs and versions as asked, over all models, and the same for the same seed', () => {
    assert.deepEqual([told.totals.runs, told.totals.versions, told.totals.models.length], [300, 60, 4]);
    // Ids of people differ from state to state; they are part of the approvals' facts, and so of some hashes.
    const stable = (one: History): unknown =>
      one.runs.map(({ id, number, tags, queueTime, result, planId, records }) => [
        id,
        number,
        tags,
        queueTime,
        result,
        planId,
        records.length,
      ]);
    assert.deepEqual(stable(history({ seed: 5 })), stable(told));
    assert.notDeepEqual(stable(history({ seed: 2 })), stable(told));
  });

  for (const attack of [false, true]) {
    it(`leaves evidence that fits the published schemas${attack ? ', attacks in every text too' : ''}`, () => {
      const one = attack ? history({ attack }) : told;
      const ajv = new Ajv2020({ allErrors: true });
      const validators = new Map(
        readdirSync(schemas).map((file) => [
          file.replace(/\.json$/, ''),
          ajv.compile(check(isObject_, json(join(schemas, file)))),
        ]),
      );
      assert.equal(validators.size, 7);
      const seen = new Map<string, number>();
      for (const run of one.runs) {
        // Every fifth run of an attack is spoiled on purpose.
        if (attack && run.id % 5 === 0) continue;
        for (const { type, name, file } of run.attachments) {
          const text = attachment(one, run, file);
          const value: unknown = JSON.parse(text);
          const validate = validators.get(type);
          assert.ok(validate, type);
          assert.ok(validate(value), `${type} of run ${run.id}: ${ajv.errorsText(validate.errors)}`);
          assert.equal(text, canonical(value));
          const hash = createHash('sha256').update(text).digest('hex');
          const known = entries(run, type.split('.')[1] ?? '');
          const last = run.attachments.filter((other) => other.type === type && other.name === name).at(-1);
          if (last?.file === file)
            assert.ok(
              known.some((entry) => entry['sha256'] === hash),
              `${type} in the index`,
            );
          seen.set(type, (seen.get(type) ?? 0) + 1);
        }
      }
      assert.equal(seen.size, 7, [...seen.keys()].join(', '));
    });
  }

  it('has a table in each model card, with a row below its heading', () => {
    const cards = told.runs.flatMap((run) =>
      run.attachments
        .filter(({ type }) => type === 'mlops.model-version.v1')
        .map(({ file }) => {
          const body = JSON.parse(attachment(told, run, file)) as { card?: unknown };
          return String(body.card);
        }),
    );
    assert.ok(cards.length > 0);
    for (const card of cards) {
      assert.match(card, /\n\n\| figure \| meaning \|\n\| --- \| --- \|\n\| \*\*\w+\*\* \| .+ \|$/);
    }
  });

  it('tags and leases what it registers, deploys and compares, by the digest of the model’s name', () => {
    const collection = json(join(told.folder, 'collection.json'));
    assert.ok(isObject(collection) && Array.isArray(collection['leases']));
    assert.equal(collection['leases'].length, 60);
    const registering = told.runs.filter((run) => run.tags.includes('mlops.register'));
    assert.equal(registering.length, 60);
    for (const run of registering) {
      const [version] = entries(run, 'model-version');
      const digest = createHash('sha256').update(String(version?.['model'])).digest('hex').slice(0, 8);
      assert.ok(run.tags.includes(`mlops.m.${digest}`) && run.tags.includes('mlops'));
      assert.ok(Buffer.byteLength(JSON.stringify(version)) <= 2048);
    }
    const plain = told.runs.filter((run) => !run.tags.includes('mlops'));
    assert.ok(plain.length > 100 && plain.every((run) => run.attachments.length === 0));
  });

  it('binds each approval to the evidence that was there when its gate opened', () => {
    const bound = told.approvals.filter((one) => one.status === 'approved');
    assert.ok(bound.length > 30);
    let right = 0;
    for (const approval of bound) {
      const run = told.runs.find(({ id }) => id === approval.runId);
      assert.ok(run);
      const parents = new Map(run.records.map((record) => [record.id, record]));
      const stageOf = (id: string | undefined): (typeof run.records)[number] | undefined => {
        const record = parents.get(id ?? '');
        return record === undefined || record.type === 'Stage' ? record : stageOf(record.parentId);
      };
      const items = run.attachments.flatMap(({ recordId, type, name, file }) => {
        const stage = stageOf(recordId);
        if (stage?.state !== 'completed' || (stage.finishTime ?? '9') > approval.createdOn) return [];
        const sha256 = createHash('sha256')
          .update(attachment(told, run, file))
          .digest('hex');
        return [{ kind: type, name, sha256, stage: stage.identifier ?? stage.refName ?? stage.name }];
      });
      const comment = approval.steps.find((step) => step.status === 'approved')?.comment ?? '';
      if (comment.endsWith(`evidence sha256:${evidenceDigest(run.id, items)}`)) right += 1;
      assert.notEqual(
        approval.steps.find((step) => step.actualApprover !== undefined)?.actualApprover,
        run.requestedFor,
      );
      assert.ok(run.records.some(({ id, type }) => id === approval.id && type === 'Checkpoint.Approval'));
    }
    assert.ok(right / bound.length > 0.85 && right < bound.length + 1, `${right} of ${bound.length}`);
  });

  it('holds a guardrail against the numbers that stand beside it', () => {
    const numberIn = (value: unknown, ...path: string[]): number => {
      const found = path.reduce((at: unknown, name) => (isObject(at) ? at[name] : undefined), value);
      assert.ok(typeof found === 'number', path.join('.'));
      return found;
    };
    let seen = 0;
    for (const run of told.runs)
      for (const { type, file } of run.attachments) {
        if (type !== 'mlops.evaluation.v1') continue;
        const record: unknown = JSON.parse(attachment(told, run, file));
        assert.ok(isObject(record));
        for (const rail of check(list(anything), record['guardrails'])) {
          const [candidate, champion] = ['candidate', 'champion'].map((side) =>
            numberIn(record, side, 'metrics', 'latency'),
          );
          const improvement = numberIn(rail, 'improvement');
          assert.ok(Math.abs(improvement - (champion! - candidate!)) < 1e-9);
          assert.ok(numberIn(rail, 'lower') < improvement && improvement < numberIn(rail, 'upper'));
          assert.equal(isObject(rail) && rail['passed'], numberIn(rail, 'lower') > numberIn(rail, 'margin'));
          seen += 1;
        }
      }
    assert.ok(seen > 0);
  });

  it('tells of decisions of every kind, of steps back, and of time that only passes', () => {
    const decisions = new Set(told.runs.flatMap((run) => entries(run, 'evaluation').map((one) => one['decision'])));
    assert.deepEqual([...decisions].sort(), ['better', 'firstModel', 'notBetter', 'unsure']);
    const statuses = new Set(told.approvals.map((one) => one.status));
    assert.ok(['approved', 'pending', 'rejected'].every((status) => statuses.has(status as Approval['status'])));
    const bypassed = told.approvals.filter((one) => one.bypassed);
    assert.ok(bypassed.length > 0 && bypassed.every((one) => one.status === 'skipped'));
    for (const run of told.runs) {
      const times = [run.queueTime, run.startTime ?? run.queueTime, run.finishTime ?? '9'];
      assert.deepEqual([...times].sort(), times, `run ${run.id}`);
      for (const { startTime = '', finishTime = '9' } of run.records) assert.ok(startTime <= finishTime);
    }
    const back = told.runs.filter((run) => 'version' in run.templateParameters && run.result === 'succeeded');
    assert.ok(back.length > 0 && back.every((run) => entries(run, 'deployment').length > 0));
  });

  describe('served', () => {
    let devops: LocalDevOps;
    before(async () => {
      devops = await start({ stateDir: join(told.folder, '..') });
    });
    after(() => devops.stop());

    const get = (who: string, path: string): ReturnType<typeof call> => {
      const token = devops.users.find((one) => one.shortName === who)?.token ?? '';
      return call(devops, token, 'GET', `diabetes/_apis/${path}`);
    };

    it('shows a team nothing of the other', async () => {
      const folders = async (who: string): Promise<unknown[]> => {
        const builds = values(await get(who, 'build/builds?tagFilters=mlops'));
        return [...new Set(builds.map(({ definition }) => isObject(definition) && definition['path']))].sort();
      };
      assert.deepEqual(await folders('ana'), ['\\mlops\\team-a']);
      assert.deepEqual(await folders('emil'), ['\\mlops\\team-b']);
      assert.deepEqual(await folders('cleo'), ['\\mlops\\team-a', '\\mlops\\team-b']);
    });

    it('still waits at its gates after a start, and can be decided there', async () => {
      const pending = values(await get('cleo', 'pipelines/approvals?state=pending&$expand=steps'));
      assert.equal(pending.length, 6);
      const [first] = pending;
      const decided = await call(
        devops,
        devops.users.find((one) => one.shortName === 'cleo')?.token ?? '',
        'PATCH',
        'diabetes/_apis/pipelines/approvals?api-version=7.1',
        [{ approvalId: first?.['id'], status: 'approved', comment: 'seen' }],
      );
      assert.equal(values(decided)[0]?.['status'], 'approved');
    });
  });

  it('refuses a state that holds runs, and leaves it as it is', () => {
    const stateDir = temporaryFolder();
    const options = { stateDir, models: 1, versions: 2, runs: 8, pending: 1 };
    generate(options);
    const before = readFileSync(join(stateDir, 'devops', 'collection.json'), 'utf8');
    assert.throws(() => generate(options), {
      message: `The state folder ${stateDir} holds 8 runs already; fill another one, which --state DIR names.`,
    });
    assert.equal(readFileSync(join(stateDir, 'devops', 'collection.json'), 'utf8'), before);
  });

  it('refuses more versions than the runs can hold, and a third team', () => {
    const stateDir = temporaryFolder();
    assert.throws(() => generate({ stateDir, versions: 10, runs: 10 }), /10 versions need at least 12 runs/);
    assert.throws(() => generate({ stateDir, versions: 1, runs: 10, teams: 3 }), /one or two teams, not 3/);
  });
});

function isObject_(value: unknown): Record<string, unknown> {
  assert.ok(isObject(value));
  return value;
}
