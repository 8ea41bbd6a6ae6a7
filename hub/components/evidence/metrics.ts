import { directionOf, type Direction } from '../../data/registry';
import { numberText } from '../charts/text';
import type { EvaluationEvidence } from '../../../lib/evidence/types';

export interface MetricRow {
  metric: string;
  value?: number;
  production?: number;
  /** This minus production, in the metric's own unit. */
  difference?: number;
  /** The rule that decides on this metric, in words. */
  threshold?: string;
  passed?: boolean;
  direction: Direction;
}

/**
 * This version beside production: by its evaluation where there is one (same hold-out rows), else only what was registered.
 * Metrics that no rule speaks of come without a verdict: which way they are good is not known.
 */
export function metricRows(
  evaluation: Omit<EvaluationEvidence, 'kind'> | undefined,
  registered: Readonly<Record<string, number | string>>,
): MetricRow[] {
  const mine = evaluation?.candidate.metrics ?? {};
  const theirs = evaluation?.champion?.metrics ?? {};
  const first =
    evaluation === undefined ? [] : [evaluation.metric, ...evaluation.guardrails.map(({ metric }) => metric)];
  const names = [...new Set([...first, ...Object.keys(mine), ...Object.keys(theirs), ...Object.keys(registered)])];
  return names.map((metric) => {
    const value = numberOf(mine[metric] ?? registered[metric]);
    const production = numberOf(theirs[metric]);
    const difference = differenceOf(value, production);
    return { metric, value, production, difference, ...ruleOf(evaluation, metric, value, production) };
  });
}

function ruleOf(
  evaluation: Omit<EvaluationEvidence, 'kind'> | undefined,
  metric: string,
  value: number | undefined,
  production: number | undefined,
): Pick<MetricRow, 'threshold' | 'passed' | 'direction'> {
  if (evaluation === undefined) return { direction: 'unknown' };
  const guardrail = evaluation.guardrails.find((one) => one.metric === metric);
  if (guardrail !== undefined) {
    return {
      threshold: thresholdText(guardrail.margin),
      passed: guardrail.passed,
      direction: directionBy(guardrail.improvement),
    };
  }
  if (metric !== evaluation.metric) return { direction: 'unknown' };
  const direction =
    value === undefined || production === undefined
      ? 'unknown'
      : directionOf(value, production, evaluation.orientation);
  if (evaluation.comparison === undefined) return { direction };
  // The rule of this metric alone: the promotion may have failed by another one, or been let through by the policy.
  const { lower, margin } = evaluation.comparison;
  return { threshold: thresholdText(margin), passed: lower > margin, direction };
}

/** The evaluation asks it of the whole interval, not of the one number in the middle. */
function thresholdText(margin: number): string {
  return `whole interval of the improvement above ${numberText(margin)}`;
}

function directionBy(improvement: number | string): Direction {
  const value = Number(improvement);
  if (!Number.isFinite(value)) return 'unknown';
  return value > 0 ? 'improvement' : value < 0 ? 'worse' : 'same';
}

/** Records write numbers that JSON cannot carry as texts. */
function numberOf(value: number | string | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}

/** Of values that are no finite numbers there is no difference to speak of. */
function differenceOf(value: number | undefined, production: number | undefined): number | undefined {
  if (value === undefined || production === undefined) return undefined;
  return Number.isFinite(value) && Number.isFinite(production) ? value - production : undefined;
}
