import { Pill, PillSize } from 'azure-devops-ui/Pill';
import { displayText } from '../../components/display-text';
import { Text } from '../../components/Text';
import { TimeAgo } from '../../components/TimeAgo';
import { ViewLink } from '../../components/ViewLink';
import type { Serving } from '../../data/types';

/** How much of the deployments was read: what none of them names may still serve while some were not. */
export type Deployed = 'loading' | 'unknown' | 'some' | 'all';

export interface ProductionCellProps {
  model: string;
  /** Where an address has to name it. */
  workspace?: string;
  production: readonly Serving[];
  deployed: Deployed;
}

const nothing: Record<Deployed, string> = {
  loading: 'loading',
  unknown: 'unknown',
  some: 'none among the runs loaded',
  all: 'none',
};

/** Versions that production serves, each with its share where several do. */
export function ProductionCell({ model, workspace, production, deployed }: ProductionCellProps) {
  if (production.length === 0) return <span className="secondary-text">{nothing[deployed]}</span>;
  const isOnePlace = new Set(production.map(({ environment }) => environment)).size === 1;
  return (
    <ul className="models-production">
      {production.map(({ environment, name, deployment, version, traffic, since }) => (
        <li key={JSON.stringify([environment, name, deployment, version])}>
          {version === undefined ? (
            'version unknown'
          ) : (
            <ViewLink view="version" params={{ model, version, workspace }}>
              <Pill size={PillSize.compact}>{displayText(traffic < 100 ? `${version}, ${traffic} %` : version)}</Pill>
            </ViewLink>
          )}
          <span className="secondary-text" title={displayText(`${environment}: ${name}`)}>
            {!isOnePlace && (
              <>
                <Text value={environment} max={24} />{' '}
              </>
            )}
            <TimeAgo time={since} />
          </span>
        </li>
      ))}
    </ul>
  );
}
