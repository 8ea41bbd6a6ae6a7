import { TaskError } from '../../lib/agent/errors';

const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** Texts as finite numbers. @throws TaskError with the count, never with a value */
export function toNumbers(what: string, texts: readonly string[]): Float64Array {
  const numbers = Float64Array.from(texts, (text) => (decimal.test(text.trim()) ? Number(text) : Number.NaN));
  const wrong = numbers.reduce((count, value) => (Number.isFinite(value) ? count : count + 1), 0);
  if (wrong === 0) return numbers;
  throw new TaskError(
    `${wrong} of ${texts.length} values of ${what} are no finite numbers.`,
    'Choose a metric for labels (accuracy, f1, precision, recall), or correct the predictions.',
  );
}

/** Texts as probabilities from 0 to 1. */
export function toProbabilities(what: string, texts: readonly string[]): Float64Array {
  const values = toNumbers(what, texts);
  if (values.every((value) => value >= 0 && value <= 1)) return values;
  throw new TaskError(`Values of ${what} are outside 0 to 1.`, 'Log loss needs the probability of the positive class.');
}

/** Label texts with one spelling: 1, 1.0 and "1" are one class. */
export function labelOf(text: string): string {
  const trimmed = text.trim();
  return decimal.test(trimmed) ? String(Number(trimmed)) : trimmed;
}

const usualPositives = ['1', 'true', 'True', 'yes'];

/**
 * The positive one of two classes: the policy's `positiveLabel`, else 1, true or yes.
 *
 * @throws TaskError when there are not two classes or nobody said which one is positive
 */
export function positiveOf(metric: string, classes: readonly string[], positiveLabel: string | undefined): string {
  const wanted = positiveLabel === undefined ? undefined : labelOf(positiveLabel);
  const found = wanted ?? usualPositives.find((name) => classes.includes(name));
  if (found === undefined || (wanted !== undefined && !classes.includes(wanted))) {
    throw new TaskError(
      wanted === undefined
        ? `The metric ${metric} needs to know which class is the positive one.`
        : 'The policy’s positiveLabel is none of the classes in the hold-out.',
      'Write positiveLabel into the policy.',
    );
  }
  return found;
}

/** 1 for the positive class, 0 for the other. @throws TaskError when the truth has not exactly two classes */
export function toBinary(metric: string, truth: readonly string[], positiveLabel: string | undefined): Uint8Array {
  const labels = truth.map(labelOf);
  const classes = [...new Set(labels)];
  if (classes.length !== 2) {
    throw new TaskError(
      `The metric ${metric} needs two classes; the hold-out has ${classes.length}.`,
      'Choose accuracy or f1, or a hold-out with both classes.',
    );
  }
  const positive = positiveOf(metric, classes, positiveLabel);
  return Uint8Array.from(labels, (label) => (label === positive ? 1 : 0));
}
