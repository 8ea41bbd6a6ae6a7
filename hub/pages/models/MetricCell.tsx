import { numberTexts } from '../../components/charts/text';
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
  const { metric, value, production } = headline;
  const [text = '', other = ''] = numberTexts(production === undefined ? [value] : [value, production.value]);
  return (
    <span className="models-metric">
      <span>
        <Text value={metric} max={20} /> {text}
      </span>
      <Against headline={headline} version={version} other={other} />
    </span>
  );
}

interface AgainstProps {
  headline: Headline;
  version: string;
  /** Production's value. */
  other: string;
}

function Against({ headline: { production, direction, basis }, version, other }: AgainstProps) {
  // What production itself says of its own metric in two places is no comparison.
  if (production === undefined || production.version === version) return null;
  const { arrow, text } = words[direction];
  return (
    <span className="secondary-text">
      {arrow !== '' && <span aria-hidden="true">{`${arrow} `}</span>}
      {`${text} ${other} of production (`}
      <Text value={production.version} max={12} />
      {basis === 'sameHoldout' ? ')' : ', as reported)'}
    </span>
  );
}
