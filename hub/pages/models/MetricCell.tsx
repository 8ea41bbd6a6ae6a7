import { numberText } from '../../components/charts/text';
import { Text } from '../../components/Text';
import type { Direction, Headline } from '../../data/registry';

const words: Record<Direction, { arrow: string; text: string }> = {
  improvement: { arrow: '▲', text: 'better than' },
  worse: { arrow: '▼', text: 'worse than' },
  same: { arrow: '=', text: 'the same as' },
  unknown: { arrow: '', text: 'beside' },
};

export interface MetricCellProps {
  headline: Headline | undefined;
  /** The version that the metric is of. */
  version: string;
}

/** The headline metric with its direction against production: an arrow up is always an improvement, whichever way the metric is good. */
export function MetricCell({ headline, version }: MetricCellProps) {
  if (headline === undefined) return <span className="secondary-text">none</span>;
  const { metric, value } = headline;
  return (
    <span className="models-metric">
      <span>
        <Text value={metric} max={20} /> {numberText(value)}
      </span>
      <Against headline={headline} version={version} />
    </span>
  );
}

function Against({ headline: { production, direction, basis }, version }: { headline: Headline; version: string }) {
  // What production itself says of its own metric in two places is no comparison.
  if (production === undefined || production.version === version) return null;
  const { arrow, text } = words[direction];
  return (
    <span className="secondary-text">
      {arrow !== '' && <span aria-hidden="true">{`${arrow} `}</span>}
      {`${text} ${numberText(production.value)} of production (`}
      <Text value={production.version} max={12} />
      {basis === 'sameHoldout' ? ')' : ', as reported)'}
    </span>
  );
}
