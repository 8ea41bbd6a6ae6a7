import type { Person } from '../data/types';
import { cut, displayText } from './display-text';

export interface PersonNameProps {
  person: (Person & { isGroup?: boolean }) | undefined;
}

/** Who it was, with the account in the tooltip: display names are not unique. */
export function PersonName({ person }: PersonNameProps) {
  if (person === undefined) return <span className="secondary-text">unknown</span>;
  const name = displayText(person.displayName || person.uniqueName || person.id);
  const account = displayText(person.uniqueName ?? '');
  return (
    <bdi title={account === '' || account === name ? name : `${name} (${account})`}>
      {cut(name, 40)}
      {person.isGroup === true && ' (group)'}
    </bdi>
  );
}
