import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { compare, measure } from '../../../tasks/EvaluateAgainstProduction/compare';
import type { Rows, Settings } from '../../../tasks/EvaluateAgainstProduction/difference';
import type { MetricName } from '../../../tasks/EvaluateAgainstProduction/metric-names';
import { joinByKey, parsePredictions } from '../../../tasks/EvaluateAgainstProduction/predictions';

/**
 * Golden values: scikit-learn 1.x metrics, and scipy.stats.bootstrap (paired, percentile, 20 000 resamples). Fixtures:
 * Ridge on the diabetes data, split 0.2 with seed 0; a binary example drawn with numpy's default_rng(7).
 */
const fixtures = path.join(__dirname, 'fixtures');
const settings: Settings = { confidence: 0.95, resamples: 10_000, seed: 1 };
const breathe = (): Promise<void> => Promise.resolve();

function ridge(candidate: string, champion: string): Rows {
  const read = (alpha: string): ReturnType<typeof parsePredictions> =>
    parsePredictions(alpha, readFileSync(path.join(fixtures, `ridge-${alpha}.csv`), 'utf8'));
  return joinByKey(read(candidate), read(champion), 1);
}

function binary(threshold: boolean): Rows {
  const { truth, s1, s2 } = JSON.parse(readFileSync(path.join(fixtures, 'binary.json'), 'utf8')) as Record<
    'truth' | 's1' | 's2',
    number[]
  >;
  const texts = (scores: number[]): string[] => scores.map((score) => String(threshold ? Number(score > 0.5) : score));
  return { truth: truth.map(String), candidate: texts(s1), champion: texts(s2) };
}

/** Ends of a bootstrap interval differ from run to run; both are within this share of its width. */
async function assertInterval(
  metric: MetricName,
  rows: Rows,
  lower: number,
  upper: number,
  share = 0.04,
): Promise<void> {
  const compared = await compare(metric, rows, settings, breathe);
  const tolerance = (upper - lower) * share;
  assert.ok(Math.abs(compared.lower - lower) < tolerance, `${metric} lower ${compared.lower}, SciPy ${lower}`);
  assert.ok(Math.abs(compared.upper - upper) < tolerance, `${metric} upper ${compared.upper}, SciPy ${upper}`);
}

function close(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) <= 1e-12 * Math.max(1, Math.abs(expected)), `${actual} is not ${expected}`);
}

describe('metrics', () => {
  it('agree with scikit-learn for regression', () => {
    const { truth, candidate } = ridge('0.5', '0.5');
    close(measure('mse', truth, candidate, {}), 3298.885589364046);
    close(measure('rmse', truth, candidate, {}), 57.435925946780436);
    close(measure('mae', truth, candidate, {}), 45.495135397987504);
    close(measure('r2', truth, candidate, {}), 0.3566824234353274);
  });

  it('agree with scikit-learn for two classes', () => {
    const labels = binary(true);
    close(measure('accuracy', labels.truth, labels.candidate, {}), 0.7966666666666666);
    close(measure('f1', labels.truth, labels.candidate, {}), 0.7404255319148936);
    close(measure('precision', labels.truth, labels.champion, {}), 0.5864661654135338);
    close(measure('recall', labels.truth, labels.champion, {}), 0.65);
  });

  it('average over three classes as scikit-learn does', () => {
    const truth = ['a', 'b', 'c', 'a', 'b', 'c', 'a', 'a'];
    const predicted = ['a', 'b', 'b', 'a', 'c', 'c', 'b', 'a'];
    // f1_score(average='macro') = (6/7 + 2/5 + 1/2) / 3
    close(measure('f1', truth, predicted, {}), (6 / 7 + 2 / 5 + 1 / 2) / 3);
    close(measure('accuracy', truth, predicted, {}), 5 / 8);
  });

  it('take 1, 1.0 and "1" for one class', () => {
    close(measure('accuracy', ['1', '0'], ['1.0', '0.0'], {}), 1);
  });

  it('refuse answers that do not fit, without naming them', () => {
    const refused = (metric: MetricName, truth: string[], predicted: string[], pattern: RegExp): void => {
      assert.throws(
        () => measure(metric, truth, predicted, {}),
        (error: Error) => {
          assert.match(error.message, pattern);
          assert.doesNotMatch(error.message, /secret/);
          return true;
        },
      );
    };
    refused('mse', ['1', '2'], ['1', 'secret'], /1 of 2 values of the candidate/);
    refused('mse', ['1', '2'], ['1', 'NaN'], /no finite numbers/);
    refused('mse', ['1', '2'], ['1', ''], /no finite numbers/);
    refused('logloss', ['1', '0'], ['1.5', '0'], /outside 0 to 1/);
    refused('auc', ['1', '1'], ['0.2', '0.4'], /two classes/);
    refused('f1', ['red', 'blue'], ['red', 'red'], /which class is the positive one/);
    refused('r2', ['3', '3'], ['3', '4'], /not defined/);
  });
});

describe('intervals of the difference', () => {
  it('agree with SciPy for regression, positive for an improvement', async () => {
    const rows = ridge('0.4', '0.5');
    await assertInterval('mse', rows, -47.44, 50.57);
    await assertInterval('rmse', rows, -0.4034, 0.4468);
    await assertInterval('mae', rows, -0.2373, 0.5607);
    await assertInterval('r2', rows, -0.01069, 0.008927);
    await assertInterval('mse', ridge('2.0', '0.5'), -642.5, 54.37);
  });

  it('agree with SciPy for labels', async () => {
    const rows = binary(true);
    await assertInterval('accuracy', rows, 0.05, 0.19);
    await assertInterval('f1', rows, 0.03422, 0.21476);
    await assertInterval('precision', rows, 0.07692, 0.26417);
    await assertInterval('recall', rows, -0.04464, 0.19672);
  });

  it('agree with scikit-learn and SciPy for log loss', async () => {
    const rows = binary(false);
    close(measure('logloss', rows.truth, rows.candidate, {}), 0.4547871200177859);
    await assertInterval('logloss', rows, 0.09783, 0.24843);
  });

  it('are those of DeLong for the area under the curve', async () => {
    const compared = await compare('auc', binary(false), settings, breathe);
    close(compared.candidate, 0.8616898148148149);
    close(compared.champion, 0.723611111111111);
    close(compared.lower, 0.06722580134969872);
    close(compared.upper, 0.20893160605770908);
  });

  it('are a point at zero for two models that answer the same', async () => {
    for (const metric of ['mse', 'rmse', 'mae', 'r2'] as const) {
      const compared = await compare(metric, ridge('0.5', '0.5'), settings, breathe);
      assert.deepEqual([compared.improvement, compared.lower, compared.upper], [0, 0, 0], metric);
    }
    const scores = binary(false);
    const same = await compare('auc', { ...scores, champion: scores.candidate }, settings, breathe);
    assert.deepEqual([same.improvement, same.lower, same.upper], [0, 0, 0]);
  });

  it('are the same for the same seed and differ with another', async () => {
    const rows = ridge('0.4', '0.5');
    const first = await compare('mse', rows, settings, breathe);
    assert.deepEqual(await compare('mse', rows, settings, breathe), first);
    const other = await compare('mse', rows, { ...settings, seed: 2 }, breathe);
    assert.notEqual(other.lower, first.lower);
  });

  it('turn round when the models change places', async () => {
    const forth = await compare('mse', ridge('2.0', '0.5'), settings, breathe);
    const back = await compare('mse', ridge('0.5', '2.0'), settings, breathe);
    close(back.improvement, -forth.improvement);
    close(back.lower, -forth.upper);
    close(back.upper, -forth.lower);
  });

  it('hold the improvement between their ends, whatever the answers', async () => {
    const row = fc.record({ truth: fc.integer({ min: -50, max: 50 }), one: fc.integer(), other: fc.integer() });
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 8, maxLength: 40 }), async (list) => {
        const rows: Rows = {
          truth: list.map((entry) => String(entry.truth)),
          candidate: list.map((entry) => String(entry.one)),
          champion: list.map((entry) => String(entry.other)),
        };
        const { improvement, lower, upper } = await compare('mae', rows, { ...settings, resamples: 1000 }, breathe);
        assert.ok(lower <= improvement && improvement <= upper);
      }),
      { numRuns: 20, seed: 1 },
    );
  });
});
