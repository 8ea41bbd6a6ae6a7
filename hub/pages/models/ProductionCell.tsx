import { Pill, PillSize } from 'azure-devops-ui/Pill';
import { displayText } from '../../components/display-text';
import { TimeAgo } from '../../components/TimeAgo';
import { ViewLink } from '../../components/ViewLink';
import type { Serving } from '../../data/types';

/** Versions that production serves, each with its share where several do. */
export function ProductionCell({ model, production }: { model: string; production: readonly Serving[] }) {
  if (production.length === 0) return <span className="secondary-text">none</span>;
  return (
    <ul className="models-production">
      {production.map(({ environment, name, deployment, version, traffic, since }) => (
        <li key={`${environment} ${name} ${deployment ?? ''} ${version ?? ''}`}>
          {version === undefined ? (
            'version unknown'
          ) : (
            <ViewLink view="version" params={{ model, version }}>
              <Pill size={PillSize.compact}>{`${displayText(version)}${traffic < 100 ? `, ${traffic} %` : ''}`}</Pill>
            </ViewLink>
          )}
          <span className="secondary-text" title={displayText(`${environment}: ${name}`)}>
            <TimeAgo time={since} />
          </span>
        </li>
      ))}
    </ul>
  );
}
