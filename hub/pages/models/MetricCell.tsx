import { numberText } from '../../components/charts/text';
import { Text } from '../../components/Text';
import type { Direction, Headline } from '../../data/registry';

const words: Record<Direction, { arrow: string; text: string }> = {
  improvement: { arrow: '▲', text: 'better than' },
  worse: { arrow: '▼', text: 'worse than' },
  same: { arrow: '=', text: 'the same as' },
  unknown: { arrow: '', text: 'beside' },
};

/** The headline metric with its direction against production: an arrow up is always an improvement, whichever way the metric is good. */
export function MetricCell({ headline }: { headline: Headline | undefined }) {
  if (headline === undefined) return <span className="secondary-text">none</span>;
  const { metric, value, production, direction, basis } = headline;
  const { arrow, text } = words[direction];
  const where = basis === 'sameHoldout' ? 'on the same hold-out rows' : 'as each training reported it';
  return (
    <span className="models-metric">
      <span>
        <Text value={metric} max={20} /> {numberText(value)}
      </span>
      {production !== undefined && (
        <span className="secondary-text" title={`Measured ${where}`}>
          {arrow !== '' && <span aria-hidden="true">{`${arrow} `}</span>}
          {`${text} ${numberText(production.value)} of production (`}
          <Text value={production.version} max={12} />)
        </span>
      )}
    </span>
  );
}
