import { enumeration } from '../parts/sweep';
import { firstOf, list, mapOf, textMap } from '../shape/collections';
import { optional, record, withDefault, type Spelling } from '../shape/record';
import { boolean, float, names, snake, text } from '../shape/scalars';
import { nullable, refine, type Shape } from '../shape/shape';

/** How columns are turned into features. Service: TableVerticalFeaturizationSettings. */

const blocked = [
  'TextTargetEncoder',
  'OneHotEncoder',
  'CatTargetEncoder',
  'TfIdf',
  'WoETargetEncoder',
  'LabelEncoder',
  'WordEmbedding',
  'NaiveBayes',
  'CountVectorizer',
  'HashOneHotEncoder',
] as const;

const transformers = ['Imputer', 'TfIdf', 'HashOneHotEncoder'] as const;
const transformerName = names(...transformers);

const columnTransformer = record({
  fields: optional(list(text)),
  parameters: optional(mapOf(nullable(firstOf<unknown>(float, text)))),
});

/** The parameters of each transformer, by its name in the spelling of the request. */
function transformerParams(spelling: Spelling): Shape<Record<string, unknown>> {
  const byName = new Map(transformers.map((name) => [snake(name), name]));
  const named = mapOf(list(columnTransformer), (key, value) => {
    if (byName.has(snake(key))) return;
    throw value.error(
      `${value.path}: there is no transformer "${key}"`,
      `Known values: ${[...byName.keys()].join(', ')}.`,
      true,
    );
  });
  const read = refine(named, (params) =>
    Object.fromEntries(
      Object.entries(params).map(([key, value]) => {
        const name = snake(key);
        return [spelling === 'camel' ? (byName.get(name) ?? key) : name, value];
      }),
    ),
  );
  return { ...read, schema: () => ({ ...named.schema(), propertyNames: transformerName.schema() }) };
}

export function tableFeaturization(spelling: Spelling): Shape {
  const mode = enumeration(spelling, 'Auto', 'Off', 'Custom');
  const params = transformerParams(spelling);
  return record(
    {
      dataset_language: optional(text),
      mode: spelling === 'camel' ? withDefault(mode, () => 'Auto') : optional(mode),
      blocked_transformers: optional(list(enumeration(spelling, ...blocked))),
      column_name_and_types: optional(textMap),
      transformer_params: spelling === 'camel' ? withDefault(params, () => ({})) : optional(params),
      enable_dnn_featurization: optional(boolean),
    },
    spelling,
  );
}

export const textFeaturization = (spelling: Spelling) => record({ dataset_language: optional(text) }, spelling);
