import { markdownTable, markdownText } from '../../lib/agent/markdown';
import type { Comparison, EvaluationEvidence, Segment } from '../../lib/evidence/types';

const headlines = {
  better: 'The candidate is better than production',
  notBetter: 'The candidate is not better than production',
  unsure: 'Nobody can say whether the candidate is better',
  firstModel: 'This is the first model',
} as const;

/** The decision in one line, for the log and the step's result. */
export function resultLine(body: EvaluationEvidence): string {
  const { champion, candidate, metric, comparison, policy } = body;
  const scores =
    champion && comparison
      ? ` ${metric} ${figure(candidate.metrics[metric])} against ${figure(champion.metrics[metric])} of ${champion.model.name}:${champion.model.version}; improvement ${signed(comparison.improvement)}, ${percent(policy.confidence)} interval ${interval(comparison)}.`
      : ` ${metric} ${figure(candidate.metrics[metric])}.`;
  return `${headlines[body.decision]}: ${body.reason}.${scores}`;
}

/** What an approver reads in a minute: decision, figures of both, interval in words, what was compared. */
export function summaryMarkdown(body: EvaluationEvidence): string {
  const { champion, candidate, comparison, policy, holdout } = body;
  const parts = [
    `### ${headlines[body.decision]}`,
    `**${body.promote ? 'Promote' : 'Do not promote'}**: ${markdownText(body.reason)}.`,
  ];
  const names = Object.keys(candidate.metrics);
  const production = champion ? [`production (${champion.model.name}:${champion.model.version})`] : [];
  parts.push(
    markdownTable(
      ['metric', 'candidate', ...production],
      names.map((name) => [
        name === body.metric ? `${name} (decides)` : name,
        figure(candidate.metrics[name]),
        ...(champion ? [figure(champion.metrics[name])] : []),
      ]),
    ),
  );
  if (comparison) parts.push(inWords(body, comparison));
  if (body.guardrails.length > 0) {
    const rows = body.guardrails.map((rail) => [
      rail.metric,
      signed(rail.improvement),
      interval(rail),
      `above ${figure(rail.margin)}`,
      rail.passed ? 'kept' : 'not proven',
    ]);
    parts.push(markdownTable(['guardrail', 'improvement', 'interval', 'must lie', ''], rows));
  }
  if (body.segments) parts.push(segmentsTable(body, body.segments, production));
  for (const warning of body.warnings) parts.push(`Note: ${markdownText(warning)}`);
  const compared = champion
    ? ` Production is deployment ${markdownText(champion.deployment)} of endpoint ${markdownText(champion.endpoint)}, job ${markdownText(champion.job)}.`
    : '';
  parts.push(
    `Candidate: job ${markdownText(candidate.job)}.${compared} Hold-out: ${holdout.rows} rows, fingerprint \`${holdout.fingerprint.slice(0, 16)}\`. Policy: confidence ${percent(policy.confidence)}, margin ${figure(policy.margin)}, least improvement ${figure(policy.minimumImprovement)}, seed ${policy.seed}.`,
  );
  return `${parts.join('\n\n')}\n`;
}

/** Groups that the policy names; whoever approves looks at them, the decision does not. */
function segmentsTable({ metric }: EvaluationEvidence, segments: readonly Segment[], production: string[]): string {
  const rows = segments.map(({ segment, value, rows: size, candidate, champion, note }) => [
    segment,
    value,
    String(size),
    figure(candidate),
    ...production.map(() => figure(champion)),
    note ?? '',
  ]);
  const header = [
    'segment',
    'value',
    'rows',
    `${metric}, candidate`,
    ...production.map((name) => `${metric}, ${name}`),
    '',
  ];
  return `Segments (no part of the decision)\n\n${markdownTable(header, rows)}`;
}

function inWords(body: EvaluationEvidence, comparison: Comparison): string {
  const direction = body.orientation === 'lower' ? 'lower' : 'higher';
  const text =
    `The candidate's ${body.metric} is ${figure(Math.abs(comparison.improvement))} ${comparison.improvement < 0 ? 'worse' : 'better'} (${direction} is better). ` +
    `On other rows like these it would be between ${signed(comparison.lower)} and ${signed(comparison.upper)} ` +
    `(${percent(body.policy.confidence)} interval, ${comparison.method}); to be better all of it must lie above ${figure(comparison.margin)}.`;
  if (body.decision !== 'unsure') return markdownText(text);
  const half = (comparison.upper - comparison.lower) / 2;
  const detectable = `With ${body.holdout.rows} rows, an improvement below about ${figure(half)} cannot be told from chance: use a larger hold-out, or try the candidate beside production.`;
  return markdownText(`${text} ${detectable}`);
}

function interval({ lower, upper }: Pick<Comparison, 'lower' | 'upper'>): string {
  return `[${signed(lower)}, ${signed(upper)}]`;
}

function signed(value: number): string {
  return value > 0 ? `+${figure(value)}` : figure(value);
}

/** Five significant digits: more would pretend. */
function figure(value: number | undefined): string {
  return value === undefined ? '–' : String(Number(value.toPrecision(5)));
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(4))} %`;
}
