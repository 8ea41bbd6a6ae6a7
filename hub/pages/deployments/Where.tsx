import type { ReactElement } from 'react';
import { Text } from '../../components/Text';

/** Where a service is: two of one name are told apart by resource group, workspace or cluster, and namespace. */
export function Where({ id }: { id?: string }): ReactElement | null {
  if (id === undefined) return null;
  return (
    <div className="secondary-text" title={id}>
      <Text value={whereText(id)} max={80} />
    </div>
  );
}

/** `group / cluster / namespace` of an ARM id; any other text as it is. */
export function whereText(id: string): string {
  const [, group, rest] = /^\/subscriptions\/[^/]+\/resourceGroups\/([^/]+)\/providers\/[^/]+\/(.+)$/i.exec(id) ?? [];
  if (group === undefined || rest === undefined) return id;
  return [group, ...rest.split('/').filter((_, index) => index % 2 === 1)].join(' / ');
}
