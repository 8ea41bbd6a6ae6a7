import { check, map, number, optional, shape, text } from '../devops/shape';

/** What a person is told of the attachment `mlops.evaluation.v1`. All but the decision may be missing: nothing serves production yet. */
const evaluationShape = shape({
  decision: text,
  reason: optional(text),
  metric: optional(text),
  candidate: optional(shape({ metrics: optional(map(number)) })),
  champion: optional(
    shape({
      metrics: optional(map(number)),
      model: optional(shape({ name: optional(text), version: optional(text) })),
    }),
  ),
  comparison: optional(shape({ lower: optional(number), upper: optional(number) })),
  holdout: optional(shape({ rows: optional(number) })),
});

export interface Evaluation {
  decision: string;
  why: string;
}

/** The decision and why, in one sentence. */
export function readEvaluation(content: unknown): Evaluation {
  const { decision, reason, metric, candidate, champion, comparison, holdout } = check(
    evaluationShape,
    content,
    'evaluation',
  );
  const of = (metrics: Record<string, number> | undefined): string | undefined => {
    const value = metric === undefined ? undefined : metrics?.[metric];
    return value === undefined ? undefined : shown(value);
  };
  const [mine, theirs] = [of(candidate?.metrics), of(champion?.metrics)];
  const parts = [reason ?? ''];
  if (mine !== undefined && theirs !== undefined) {
    const version = champion?.model?.version === undefined ? '' : ` (version ${champion.model.version})`;
    const rows = holdout?.rows === undefined ? '' : ` on ${holdout.rows} hold-out rows`;
    parts.push(`${metric ?? ''} ${mine} against production's ${theirs}${version}${rows}`);
  } else if (mine !== undefined) parts.push(`${metric ?? ''} ${mine}`);
  if (comparison?.lower !== undefined && comparison.upper !== undefined) {
    parts.push(`improvement between ${shown(comparison.lower)} and ${shown(comparison.upper)}`);
  }
  return { decision, why: parts.filter((part) => part !== '').join('; ') };
}

function shown(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(1) : value.toPrecision(4);
}
