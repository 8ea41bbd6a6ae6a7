import { isList, isText, list, union } from '../shape/collections';
import { optional, record, type Spelling } from '../shape/record';
import { integer, integerIn, text, words } from '../shape/scalars';
import { refine, type Shape } from '../shape/shape';

/** What a forecast is about: time, horizon, lags. Service: ForecastingSettings. */

const auto = words('auto');
const whole = integerIn(0);

/** `auto` or a number; 0 says nothing. In jobs `{mode: 'Custom', value: 14}`. */
export function autoOr(spelling: Spelling, number: Shape<number> = whole): Shape {
  const job = spelling === 'camel';
  return union<unknown>('auto or a whole number', [
    { when: isWord, shape: job ? refine(auto, () => ({ mode: 'Auto' })) : auto },
    {
      when: () => true,
      shape: refine(number, (value) => (value === 0 ? undefined : job ? { mode: 'Custom', value } : value)),
    },
  ]);
}

function lags(spelling: Spelling): Shape {
  const asJob = (values: number[]): unknown => (values.length > 0 ? { mode: 'Custom', values } : undefined);
  const many = list(whole);
  return union<unknown>('auto, a whole number or a list of them', [
    {
      when: isList,
      shape: refine(many, spelling === 'camel' ? asJob : (values) => (values.length > 0 ? values : undefined)),
    },
    {
      when: (at) => !isWord(at) && !at.isMap,
      shape: refine(whole, (value) => (spelling === 'yaml' ? value : asJob(value === 0 ? [] : [value]))),
    },
    { when: () => true, shape: autoOr(spelling) },
  ]);
}

/** Text that is no number: a misspelt `auto` is told as such. */
function isWord(at: Parameters<typeof isText>[0]): boolean {
  return isText(at) && !/^\s*[-+]?\d+\s*$/.test(at.asString());
}

/** A name, or several. Jobs have a list always. */
function columns(spelling: Spelling): Shape {
  const one = spelling === 'camel' ? refine(text, (name) => [name]) : text;
  return union<unknown>('the name of a column, or a list of them', [
    { when: isList, shape: list(text) },
    { when: () => true, shape: one },
  ]);
}

/** Words of which the clients know no snake case: `seasontrend`. */
function lowerWords(spelling: Spelling, ...known: readonly string[]): Shape<string> {
  const read = words(...known);
  return spelling === 'camel' ? read : refine(read, (value) => value.toLowerCase());
}

export const forecastingSettings = (spelling: Spelling): Shape =>
  record(
    {
      country_or_region_for_holidays: optional(text),
      cv_step_size: optional(integer),
      forecast_horizon: optional(autoOr(spelling)),
      target_lags: optional(lags(spelling)),
      target_rolling_window_size: optional(autoOr(spelling)),
      time_column_name: optional(text),
      time_series_id_column_names: optional(columns(spelling)),
      frequency: optional(text),
      feature_lags: optional(lowerWords(spelling, 'None', 'Auto')),
      seasonality: optional(autoOr(spelling)),
      short_series_handling_config: optional(lowerWords(spelling, 'None', 'Auto', 'Pad', 'Drop')),
      use_stl: optional(lowerWords(spelling, 'None', 'Season', 'SeasonTrend')),
      target_aggregate_function: optional(lowerWords(spelling, 'None', 'Sum', 'Max', 'Min', 'Mean')),
      features_unknown_at_forecast_time: optional(columns(spelling)),
    },
    spelling,
  );
