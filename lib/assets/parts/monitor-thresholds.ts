import { pythonFloat } from '../python';
import type { PythonFloat } from '../python-float';
import { dropped, optional, record, required } from '../shape/record';
import { float, text, words } from '../shape/scalars';
import { refine, type Shape } from '../shape/shape';

/** From which value on a signal alerts. */

export interface Threshold {
  dataType?: string;
  metric: string;
  threshold?: { value: unknown };
}

const pascal = (key: string): string =>
  key.replace(/(?:^|_)([a-z0-9])/g, (_whole, letter: string) => letter.toUpperCase());

const limit = (metric: string, value: unknown, dataType?: string): Threshold => ({
  ...(dataType === undefined ? {} : { dataType }),
  metric: pascal(metric),
  threshold: { value },
});

const metrics = (keys: readonly string[]) =>
  record(Object.fromEntries(keys.map((key) => [key, optional(float)])), 'yaml') as unknown as Shape<
    Partial<Record<string, PythonFloat>>
  >;

// Both are known to the clients, and go nowhere.
const old = { threshold: dropped(float), data_type: dropped(words('numerical', 'categorical')) };

function byDataType(
  numerical: readonly string[],
  categorical: readonly string[],
  most: number,
): Shape<Threshold[] | undefined> {
  const fields = record({
    ...old,
    numerical: optional(metrics(numerical)),
    categorical: optional(metrics(categorical)),
  });
  const some = (
    keys: readonly string[],
    values: Partial<Record<string, PythonFloat>> | undefined,
    dataType: string,
  ) => {
    const all = keys.flatMap((key) => {
      const value = values?.[key];
      return value === undefined || (most === 1 && value.value === 0) ? [] : [limit(key, value, dataType)];
    });
    return all.slice(0, most);
  };
  return refine(fields, (value) => [
    ...some(numerical, value.numerical, 'Numerical'),
    ...some(categorical, value.categorical, 'Categorical'),
  ]);
}

/** Of several metrics for one type of data the first counts: the service compares by one. */
export const driftThresholds = byDataType(
  [
    'jensen_shannon_distance',
    'normalized_wasserstein_distance',
    'population_stability_index',
    'two_sample_kolmogorov_smirnov_test',
  ],
  ['jensen_shannon_distance', 'population_stability_index', 'pearsons_chi_squared_test'],
  1,
);

const qualities = ['null_value_rate', 'data_type_error_rate', 'out_of_bounds_rate'];

export const qualityThresholds = byDataType(qualities, qualities, qualities.length);

export const standardDrift: Threshold[] = [
  limit('normalized_wasserstein_distance', 0.1, 'Numerical'),
  limit('jensen_shannon_distance', 0.1, 'Categorical'),
];

export const standardQuality: Threshold[] = ['Numerical', 'Categorical'].flatMap((dataType) =>
  qualities.map((metric) => limit(metric, 0, dataType)),
);

export const attributionThreshold = refine(
  record({ threshold: dropped(float), normalized_discounted_cumulative_gain: required(float) }),
  ({ normalizedDiscountedCumulativeGain: value }) => limit('normalized_discounted_cumulative_gain', value),
);

export const customThreshold: Shape<Threshold> = refine(
  record({ metric_name: required(text), threshold: optional(float) }),
  ({ metricName: metric, threshold: value }) => ({ metric, ...(value === undefined ? {} : { threshold: { value } }) }),
);

const grades = ['groundedness', 'relevance', 'coherence', 'fluency', 'similarity'];

/** Each grade has a score that an answer should have, 3 of 5 by default, and the share of answers that have it. */
export const safetyThresholds: Shape<Threshold[]> = refine(
  record(
    Object.fromEntries(
      grades.map((grade) => [
        grade,
        optional(
          record(
            {
              [`acceptable_${grade}_score_per_instance`]: optional(float, { as: 'score' }),
              [`aggregated_${grade}_pass_rate`]: required(float, { as: 'rate' }),
            },
            'yaml',
          ) as unknown as Shape<{ score?: PythonFloat; rate: PythonFloat }>,
        ),
      ]),
    ),
    'yaml',
  ) as unknown as Shape<Partial<Record<string, { score?: PythonFloat; rate: PythonFloat }>>>,
  (given) =>
    grades.flatMap((grade) => {
      const value = given[grade];
      if (!value) return [];
      return [
        limit(`acceptable_${grade}_score_per_instance`, value.score ?? 3),
        limit(`aggregated_${grade}_pass_rate`, value.rate),
      ];
    }),
);

export const tokenThresholds: Shape<Threshold[]> = refine(
  record({
    totaltoken: optional(record({ total_token_count: optional(float), total_token_count_per_group: required(float) })),
  }),
  ({ totaltoken }) =>
    totaltoken
      ? [
          limit('total_token_count', totaltoken.totalTokenCount ?? 3),
          limit('total_token_count_per_group', totaltoken.totalTokenCountPerGroup),
        ]
      : [],
);

export const standardTokens: Threshold[] = [limit('total_token_count', 0), limit('total_token_count_per_group', 0)];

const performances = {
  classification: { accuracy: 'Accuracy', precision: 'Precision', recall: 'Recall' },
  regression: { mae: 'MeanAbsoluteError', mse: 'MeanSquaredError', rmse: 'RootMeanSquaredError' },
} as const;

/** How well a model still does, as the text of the property that holds it. */
export const performanceThresholds: Shape<string> = refine(
  record({
    threshold: dropped(float),
    classification: optional(metrics(Object.keys(performances.classification))),
    regression: optional(metrics(Object.keys(performances.regression))),
  }),
  (given) => {
    const texts = Object.entries(performances).flatMap(([modelType, known]) =>
      Object.entries(known).flatMap(([key, metric]) => {
        const value = given[modelType === 'regression' ? 'regression' : 'classification']?.[key];
        if (value === undefined || value.value === 0) return [];
        return [`{"modelType":"${modelType}","metric":"${metric}","threshold":{"value":${pythonFloat(value.value)}}}`];
      }),
    );
    return `[${texts.join(', ')}]`;
  },
);
