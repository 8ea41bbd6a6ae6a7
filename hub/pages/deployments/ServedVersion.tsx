import type { ReactElement } from 'react';
import { Text } from '../../components/Text';
import { ViewLink } from '../../components/ViewLink';
import { versionText } from '../../data/serving';
import type { Serving } from '../../data/types';
import { madeOf, workspaceAmong, type Homes } from '../../data/workspaces';

export interface ServedVersionProps {
  serving: Serving;
  homes: Homes;
  /** Where the model stands beside it, its version is enough. */
  label?: string;
}

/** What serves, as a link to the version where a step named one. */
export function ServedVersion({ serving, homes, label }: ServedVersionProps): ReactElement {
  const { model, version } = serving;
  if (model === undefined || version === undefined) return <Text value={versionText(serving)} />;
  return (
    <ViewLink view="version" params={{ model, version, workspace: workspaceAmong(homes, madeOf(serving)) }}>
      <Text value={label ?? versionText(serving)} max={label === undefined ? undefined : 24} />
    </ViewLink>
  );
}
