import { enumeration } from '../parts/sweep';
import { optional, type Fields, type Spelling } from '../shape/record';
import { boolean, float, integer, text } from '../shape/scalars';
import type { Shape } from '../shape/shape';
import { camel } from '../shape/record';
import { asText, type SpaceShapes } from './search-space';

/** Parameters of models that AutoML fixes or searches, by name: what each may be. */
export type Parameters = Readonly<Record<string, 'real' | 'integer' | 'text' | 'boolean' | readonly string[]>>;

const values = { real: float, integer, text, boolean } as const;

/** Parameters that are fixed: values. */
export function fixed(spelling: Spelling, parameters: Parameters): Fields {
  return fieldsOf(spelling, parameters, (kind) =>
    typeof kind === 'string' ? values[kind] : enumeration(spelling, ...kind),
  );
}

/**
 * Parameters that are searched: values or distributions.
 *
 * @param isText as the service's text; otherwise as in the file
 */
export function searched(spelling: Spelling, parameters: Parameters, spaces: SpaceShapes, isText = true): Fields {
  return fieldsOf(spelling, parameters, (kind) => {
    const space = typeof kind === 'string' ? spaces[kind] : spaces.oneOf(...kind);
    return isText ? asText(space) : space;
  });
}

function fieldsOf(spelling: Spelling, parameters: Parameters, shapeOf: (kind: Parameters[string]) => Shape): Fields {
  return Object.fromEntries(
    Object.entries(parameters).map(([key, kind]) => [
      key,
      optional(shapeOf(kind), { as: spelling === 'camel' ? memberOf(key) : key }),
    ]),
  );
}

/** The service writes the learning rate's abbreviation in capitals: `stepLRGamma`. */
function memberOf(key: string): string {
  return camel(key).replace(/(?<=[a-z])Lr(?=[A-Z])/, 'LR');
}
